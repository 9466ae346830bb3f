package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/audit"
)

// brokerFlags are where the event log is.
type brokerFlags struct{ brokers, prefix string }

// add adds the flags to a command that reads the logs.
func (f *brokerFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.brokers, "brokers", "", "brokers of the logs, host:port,…")
	cmd.Flags().StringVar(&f.prefix, "prefix", "", "first word of the topics' names (default provodka)")
}

// topicsMismatch is how kafka.Check says that there are other partitions than asked for.
var topicsMismatch = regexp.MustCompile(`^topic \S+ has (\d+) partitions`)

// openLog opens the logs of an installation as they are. It looks first and makes
// nothing: a topic made by a reader would hide that the real one was lost.
func (e *Env) openLog(ctx context.Context, f brokerFlags) (*kafka.Log, error) {
	config, findings, err := e.lookAtTopics(ctx, f)
	if err != nil {
		return nil, err
	}
	for _, found := range findings {
		if !found.OK && (strings.HasPrefix(found.Subject, "brokers") || found.Found == "does not exist" || found.Subject == "topics") {
			return nil, fmt.Errorf("%s: %s", found.Subject, found.Found)
		}
	}
	return kafka.Open(ctx, config)
}

// lookAtTopics finds out how many shards the installation has, and what is wrong.
func (e *Env) lookAtTopics(ctx context.Context, f brokerFlags) (kafka.Config, []kafka.Finding, error) {
	brokers, prefix, err := e.brokers(f)
	if err != nil {
		return kafka.Config{}, nil, err
	}
	if len(brokers) == 0 {
		return kafka.Config{}, nil, usagef("which brokers? Give --brokers, PROVODKA_BROKERS, or --dev with the directory of a running `provodka dev`")
	}
	config := kafka.Config{Brokers: brokers, Prefix: prefix, Shards: 1, Logger: e.Logger}
	findings := kafka.Check(ctx, config)
	for _, found := range findings {
		if m := topicsMismatch.FindStringSubmatch(found.Found); m != nil {
			if config.Shards, err = strconv.Atoi(m[1]); err != nil {
				return config, nil, err
			}
			return config, kafka.Check(ctx, config), nil
		}
	}
	return config, findings, nil
}

// toEvent is a record of the event log as the auditor takes it.
func toEvent(r port.LogRecord, headers []audit.Header) audit.Event {
	for _, h := range r.Headers {
		headers = append(headers, audit.Header{Key: h.Key, Value: h.Value})
	}
	return audit.Event{Key: r.Key, Value: r.Value, Headers: headers}
}

// replayed reads a shard's events from an offset and tells the offset behind the last.
func replayed(ctx context.Context, log *kafka.Log, shard int, from int64, each func(audit.Event) error) (int64, error) {
	var headers []audit.Header
	err := log.Replay(ctx, shard, from, func(records []port.LogRecord) error {
		for _, r := range records {
			e := toEvent(r, headers[:0])
			headers = e.Headers
			if err := each(e); err != nil {
				return err
			}
			from = r.Offset + 1
		}
		return nil
	})
	return from, err
}

// errFound ends a replay that was asked for one thing.
var errFound = errors.New("found")

// eventTail reads the last event of a shard; ok is false when there is none. The log
// does not say where it ends, so the last offset behind which something stands is
// searched for: a few dozen reads, whatever the size of the log.
func eventTail(ctx context.Context, log *kafka.Log, shard int) (tail port.LogRecord, ok bool, err error) {
	stands := func(from int64) bool {
		e := log.Replay(ctx, shard, from, func([]port.LogRecord) error { return errFound })
		if e != nil && !errors.Is(e, errFound) && err == nil {
			err = e
		}
		return errors.Is(e, errFound)
	}
	if !stands(0) || err != nil {
		return tail, false, err
	}
	low, high := int64(0), int64(1)
	for stands(high) {
		low, high = high, 2*high
	}
	for high-low > 1 && err == nil {
		if middle := low + (high-low)/2; stands(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	if err != nil {
		return tail, false, err
	}
	err = log.Replay(ctx, shard, low, func(records []port.LogRecord) error {
		tail, ok = records[len(records)-1], true
		return nil
	})
	return tail, ok, err
}
