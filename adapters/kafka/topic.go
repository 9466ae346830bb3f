package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// topic is what we ask of one topic.
type topic struct {
	name       string
	partitions int
	configs    map[string]string
}

// topics are the four logs of one installation.
type topics struct{ commands, events, outcomes, checkpoints topic }

func (t topics) all() []topic { return []topic{t.commands, t.events, t.outcomes, t.checkpoints} }

// plan answers the topics as they should be.
func plan(prefix string, shards int) topics {
	forEver := func(more ...string) map[string]string {
		configs := map[string]string{
			"cleanup.policy":    "delete",
			"retention.ms":      "-1",
			"retention.bytes":   "-1",
			"max.message.bytes": strconv.Itoa(maxBatch),
		}
		for i := 0; i+1 < len(more); i += 2 {
			configs[more[i]] = more[i+1]
		}
		return configs
	}
	return topics{
		// The decision's clock is the record's timestamp: the broker stamps it.
		commands:    topic{prefix + ".commands", shards, forEver("message.timestamp.type", "LogAppendTime")},
		events:      topic{prefix + ".events", shards, forEver()},
		checkpoints: topic{prefix + ".checkpoints", 1, forEver()},
		outcomes: topic{prefix + ".outcomes", 1, map[string]string{
			"cleanup.policy":    "delete",
			"retention.ms":      strconv.FormatInt((10 * time.Minute).Milliseconds(), 10),
			"segment.ms":        strconv.FormatInt((10 * time.Minute).Milliseconds(), 10),
			"max.message.bytes": strconv.Itoa(maxBatch),
		}},
	}
}

// ensure makes the topics that are missing, waits until all have leaders, and refuses
// one that has another number of partitions: shards would then live elsewhere.
func ensure(ctx context.Context, admin *kadm.Client, want topics, replication int) (kadm.TopicDetails, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	names := []string{}
	for _, t := range want.all() {
		names = append(names, t.name)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		details, err := admin.ListTopics(ctx, names...)
		if err != nil {
			return nil, fmt.Errorf("ask the brokers for the topics: %w", err)
		}
		missing, waiting, err := compare(want, details)
		if err != nil {
			return nil, err
		}
		if len(missing) == 0 && waiting == "" {
			return details, nil
		}
		if err := create(ctx, admin, missing, replication); err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("topics are not ready (%s): %w", waiting, ctx.Err())
		case <-tick.C:
		}
	}
}

// compare answers which topics are missing and which has no leader yet.
func compare(want topics, have kadm.TopicDetails) (missing []topic, waiting string, err error) {
	for _, t := range want.all() {
		detail, ok := have[t.name]
		switch {
		case !ok || errors.Is(detail.Err, kerr.UnknownTopicOrPartition):
			missing = append(missing, t)
			waiting = t.name
			continue
		case detail.Err != nil && !kerr.IsRetriable(detail.Err):
			return nil, "", fmt.Errorf("topic %s: %w", t.name, detail.Err)
		case detail.Err != nil:
			waiting = t.name
			continue
		case len(detail.Partitions) != t.partitions:
			return nil, "", fmt.Errorf("topic %s has %d partitions and this installation has %d shards: "+
				"the number of shards is fixed when the topic is made", t.name, len(detail.Partitions), t.partitions)
		case detail.ID == (kadm.TopicID{}):
			return nil, "", fmt.Errorf("topic %s has no id: Apache Kafka 2.8 or newer is needed", t.name)
		}
		for _, partition := range detail.Partitions {
			if partition.Err != nil || partition.Leader < 0 {
				waiting = fmt.Sprintf("%s, partition %d has no leader", t.name, partition.Partition)
			}
		}
	}
	return missing, waiting, nil
}

func create(ctx context.Context, admin *kadm.Client, missing []topic, replication int) error {
	for _, t := range missing {
		configs := map[string]*string{}
		for name, value := range t.configs {
			configs[name] = &value
		}
		_, err := admin.CreateTopic(ctx, int32(t.partitions), int16(replication), configs, t.name)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("make topic %s: %w", t.name, err)
		}
	}
	return nil
}

// differences lists the settings of a topic that are not what we ask, in words.
func differences(t topic, found kadm.ResourceConfig) string {
	have := map[string]string{}
	for _, config := range found.Configs {
		if config.Value != nil {
			have[config.Key] = *config.Value
		}
	}
	lines := []string{}
	for _, name := range []string{"cleanup.policy", "retention.ms", "retention.bytes", "max.message.bytes", "message.timestamp.type"} {
		want, ok := t.configs[name]
		if ok && have[name] != want && !atLeast(name, have[name], want) {
			lines = append(lines, fmt.Sprintf("%s=%s (is %q)", name, want, have[name]))
		}
	}
	return strings.Join(lines, ", ")
}

// atLeast: a larger limit than we need is no defect.
func atLeast(name, have, want string) bool {
	if name != "max.message.bytes" {
		return false
	}
	h, errHave := strconv.Atoi(have)
	w, errWant := strconv.Atoi(want)
	return errHave == nil && errWant == nil && h >= w
}
