package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/audit"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// reading is the processor time that all parts have used.
func (h *house) reading() (r reading, err error) {
	pid, err := postmasterPID(h.lab.pg.Data)
	if err == nil {
		err = subject{postmaster: pid, sql: h.sql, server: h.server, broker: h.broker}.times(&r)
	}
	return r, err
}

// used is the processor time that all parts have used since.
func (h *house) used(before reading) (time.Duration, error) {
	after, err := h.reading()
	return after.database - before.database + after.server - before.server + after.broker - before.broker + after.client - before.client, err
}

// timed notes the median of many runs of a read, after three to warm up.
func (g *growing) timed(name, goal string, runs int, f func() error) error {
	const warming = 3
	var took []time.Duration
	var before reading
	for n := range runs + warming {
		if n == warming {
			var err error
			if before, err = g.reading(); err != nil {
				return err
			}
		}
		began := time.Now()
		if err := f(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took = append(took, time.Since(began))
	}
	took = took[warming:]
	slices.Sort(took)
	g.note(name, ms(took[len(took)/2]), ms(took[len(took)-1]), "ms", goal)
	used, err := g.used(before)
	g.note(name+", processor time", ms(used/time.Duration(runs)), 0, "ms", "")
	return err
}

// reads measures the reads that people wait for.
func (g *growing) reads(ctx context.Context) error {
	c := newRPC(g.server.Addr, g.key, 1)
	defer c.close()
	legs := func(size int32, token string) (*ledgerv1.ListLegsResponse, error) {
		return c.ListLegs(ctx, &ledgerv1.ListLegsRequest{Book: bookName, Account: g.names.wallets[0], Asset: "RUB", PageSize: size, PageToken: token})
	}
	var id, middle, last string
	for pages, token := 0, ""; pages < 2000; pages++ { // large pages, to find the places of small ones
		answer, err := legs(1000, token)
		if err != nil {
			return fmt.Errorf("walk the statement: %w", err)
		}
		for _, l := range answer.GetLegs() {
			id = cmp.Or(l.GetEntryId(), id)
		}
		if token = answer.GetNextPageToken(); token == "" {
			break
		}
		if last = token; pages == g.expected.entries/20_000 { // about half of its tenth
			middle = token
		}
	}
	byID := &ledgerv1.GetEntryRequest{Book: bookName, Which: &ledgerv1.GetEntryRequest_Id{Id: id}}
	entry, err := c.GetEntry(ctx, byID)
	if err != nil {
		return fmt.Errorf("read an entry: %w", err)
	}
	byKey := &ledgerv1.GetEntryRequest{Book: bookName, Which: &ledgerv1.GetEntryRequest_Key{Key: entry.GetEntry().GetKey()}}
	balances := func() error {
		request := &ledgerv1.GetBalancesRequest{Book: bookName, Asset: "RUB"}
		for range min(1000, len(g.names.wallets)) {
			request.Accounts = append(request.Accounts, g.names.wallets[rand.IntN(len(g.names.wallets))])
		}
		_, err := c.GetBalances(ctx, request)
		return err
	}
	goal := map[int]string{1: "≤ 20 ms", 4: "≤ 60 ms"}[g.config.Shards]
	err = g.timed("newest balance of 1,000 random accounts", goal, 60, balances)
	for _, p := range []struct{ place, token string }{{"first", ""}, {"middle", middle}, {"last", last}} {
		err = errors.Join(err, g.timed("statement page of 50 of a hot account, "+p.place, goalPage, 25, func() error {
			_, err := legs(50, p.token)
			return err
		}))
	}
	for _, which := range []struct {
		name    string
		request *ledgerv1.GetEntryRequest
	}{{"entry by id", byID}, {"entry by key", byKey}} {
		err = errors.Join(err, g.timed(which.name, goalEntry, 200, func() error {
			_, err := c.GetEntry(ctx, which.request)
			return err
		}))
	}
	return err
}

// turnovers makes the turnover balance sheet (ОСВ) of this month with a line for every
// account, page by page as a caller does.
func (g *growing) turnovers(ctx context.Context) error {
	c := newRPC(g.server.Addr, g.key, 1)
	defer c.close()
	before, err := g.reading()
	if err != nil {
		return err
	}
	began, lines := time.Now(), 0
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		return err
	}
	today := time.Now().In(zone)
	request := &ledgerv1.ListTurnoversRequest{
		Book: bookName, FromDay: today.Format("2006-01") + "-01", ToDay: today.Format(time.DateOnly), By: ledgerv1.TurnoverBy_TURNOVER_BY_ACCOUNT,
		PageSize: 2000,
	}
	for {
		answer, err := c.ListTurnovers(ctx, request)
		if err != nil {
			return err
		}
		lines += len(answer.GetLines())
		if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
			for _, t := range answer.GetTotals() {
				if t.GetDebit() != t.GetCredit() {
					return fmt.Errorf("the books are wrong: the sheet says %v", t)
				}
			}
			break
		}
	}
	if want := len(g.names.wallets) + 1; lines != want {
		return fmt.Errorf("the sheet has %d lines, %d accounts have legs", lines, want)
	}
	g.note("ОСВ of this month by account", time.Since(began).Seconds(), 0, "s", goalSheet)
	used, err := g.used(before)
	g.note("ОСВ of this month by account, processor time", used.Seconds(), 0, "s", "")
	return err
}

// replay audits the event log from the broker and answers legs in a second.
func (h *house) replay(ctx context.Context) (float64, error) {
	topics, err := kafka.Open(ctx, kafka.Config{Brokers: []string{h.broker.Addr}, Shards: h.config.Shards})
	if err != nil {
		return 0, err
	}
	defer topics.Close()
	if h.lab.profile != "" {
		file, err := os.Create(filepath.Join(h.lab.profile, "long-replay-"+h.name+".cpu.pprof"))
		if err == nil {
			err = pprof.StartCPUProfile(file)
		}
		if err != nil {
			return 0, err
		}
		defer func() {
			pprof.StopCPUProfile()
			_ = file.Close() // a profile that is cut is seen at once
		}()
	}
	auditor, began := audit.New(audit.Options{}), time.Now()
	for shard := range h.config.Shards {
		var headers []audit.Header
		err := topics.Replay(ctx, shard, 0, func(records []port.LogRecord) error {
			for _, r := range records {
				headers = headers[:0]
				for _, x := range r.Headers {
					headers = append(headers, audit.Header{Key: x.Key, Value: x.Value})
				}
				if err := auditor.Add(shard, audit.Event{Key: r.Key, Value: r.Value, Headers: headers}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("replay shard %d: %w", shard, err)
		}
	}
	if err := auditor.Finish(); err != nil {
		return 0, err
	}
	legs := auditor.Summary().Legs
	if want := uint64(2 * h.expected.entries); legs != want {
		return 0, fmt.Errorf("the auditor saw %d legs of %d", legs, want)
	}
	return float64(legs) / time.Since(began).Seconds(), nil
}
