package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/audit"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// grown is a figure of books that have grown.
type grown struct {
	Case   string
	Shards int
	Legs   int     // that were there
	Value  float64 // median, or the figure itself
	Worst  float64 `json:",omitempty"` // of the runs of a median
	Unit   string
	Goal   string
	Load   string
}

// The goals of the figures.
const (
	goalCPU     = "≤ 2.2"
	goalRetried = "≤ 0.1 %"
	goalPage    = "≤ 20 ms"
	goalEntry   = "≤ 1 ms"
	goalReplay  = "≥ 200,000"
	goalMemory  = "< 250 MB, flat"
)

// long grows books on one shard and on four, and measures them.
func (l *lab) long(ctx context.Context) (all []grown, err error) {
	for _, shards := range []int{1, 4} {
		figures, err := l.grow(ctx, shards)
		all = append(all, figures...)
		if err != nil {
			return all, fmt.Errorf("%d shards: %w", shards, err)
		}
	}
	return all, nil
}

// growing is an installation whose figures are noted as it grows.
type growing struct {
	*house
	names   *names
	memory  *memory
	figures []grown
}

func (g *growing) note(name string, value, worst float64, unit, goal string) {
	shards := g.config.Shards
	fmt.Fprintf(os.Stderr, "%d shards  %-52s %12.2f %s\n", shards, name, value, unit)
	g.figures = append(g.figures, grown{name, shards, 2 * g.expected.entries, value, worst, unit, goal, loadAverage()})
}

// grow measures a young installation, lets it grow and measures it again.
func (l *lab) grow(ctx context.Context, shards int) (all []grown, err error) {
	h, err := l.newHouse(ctx, shards)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if err = h.start(ctx); err != nil {
		return nil, err
	}
	g := &growing{house: h, names: newNames(l.accounts), memory: watchMemory(h.server.cmd.Process.Pid)}
	defer g.memory.end()
	if err = g.age(ctx); err == nil {
		err = g.reads(ctx)
	}
	if err != nil {
		return g.figures, err
	}
	g.note("memory of the server, peak", float64(g.memory.peak.Load()>>20), 0, "MB", goalMemory)
	rate, err := h.replay(ctx)
	if err != nil {
		return g.figures, err
	}
	g.note("audit replay from the broker", rate, 0, "legs/s", goalReplay)
	return g.figures, h.check(ctx, g.names)
}

// age fills the books and compares what a transfer costs before and after.
func (g *growing) age(ctx context.Context) error {
	l, young, rest := g.lab, *g.names, *g.names
	few := min(10_000, len(g.names.wallets))
	young.wallets, rest.wallets = young.wallets[:few], rest.wallets[few:]
	if err := g.fund(ctx, &young, 0); err != nil {
		return err
	}
	before, err := g.cost(ctx, &young, l.seconds)
	if err != nil {
		return err
	}
	if err := g.fund(ctx, &rest, few); err != nil {
		return err
	}
	began := time.Now()
	for n := 0; g.expected.entries < l.transfers; n++ {
		// One account is to have a tenth of the legs.
		spec := loadSpec{clients: 2, size: 8000, hot: n%5 == 4}
		if _, err := g.drive(ctx, g.names, spec, min(time.Second, l.seconds)); err != nil {
			return fmt.Errorf("grow: %w; the server said: %s", err, tail(g.log("server")))
		}
		if l.patience > 0 && time.Since(began) > l.patience {
			break
		}
	}
	if _, err = g.published(ctx); err != nil {
		return err
	}
	if _, err = g.sql.Exec(ctx, "VACUUM ANALYZE"); err == nil {
		err = l.exec(ctx, "CHECKPOINT")
	}
	if err != nil {
		return err
	}
	after, err := g.cost(ctx, g.names, l.seconds)
	if err != nil {
		return err
	}
	g.note("processor time of a transfer against a young book", processors(after)/processors(before), 0, "×", goalCPU)
	for _, part := range []struct {
		name string
		of   func(result) float64
	}{{"database", func(r result) float64 { return r.DatabaseUS }}, {"server", func(r result) float64 { return r.ServerUS }}} {
		g.note(part.name+", of a young book", part.of(before), 0, "µs", "")
		g.note(part.name+", of the grown one", part.of(after), 0, "µs", "")
	}
	f, err := g.server.figures()
	if err == nil {
		g.note("commits that were retried", 100*float64(f.Retried)/float64(max(1, f.Commits)), 0, "%", goalRetried)
	}
	return err
}

// processors is the processor time of a transfer in all parts, in µs.
func processors(r result) float64 { return r.DatabaseUS + r.ServerUS + r.BrokerUS + r.ClientUS }

// cost measures what a transfer costs.
func (h *house) cost(ctx context.Context, names *names, d time.Duration) (r result, err error) {
	pid, err := postmasterPID(h.lab.pg.Data)
	if err != nil {
		return r, err
	}
	s := subject{postmaster: pid, sql: h.sql, server: h.server, broker: h.broker}
	spec := loadSpec{clients: 2, size: 8000}
	if _, err := h.drive(ctx, names, spec, min(warm, d)); err != nil {
		return r, err
	}
	var before, after reading
	if err := s.times(&before); err != nil {
		return r, err
	}
	got, err := h.drive(ctx, names, spec, d)
	if err == nil {
		_, err = h.published(ctx)
	}
	if err == nil {
		err = s.times(&after)
	}
	if err != nil {
		return r, err
	}
	return newResult("", 0, got, before, after), nil
}

// timed notes the median of many runs of a read, after three to warm up.
func (g *growing) timed(name, goal string, runs int, f func() error) error {
	const warming = 3
	var took []time.Duration
	for range runs + warming {
		began := time.Now()
		if err := f(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took = append(took, time.Since(began))
	}
	took = took[warming:]
	slices.Sort(took)
	g.note(name, ms(took[len(took)/2]), ms(took[len(took)-1]), "ms", goal)
	return nil
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
	err = g.timed("newest balance of 1,000 random accounts", goal, 15, balances)
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

// replay audits the event log from the broker and answers legs in a second.
func (h *house) replay(ctx context.Context) (float64, error) {
	topics, err := kafka.Open(ctx, kafka.Config{Brokers: []string{h.broker.Addr}, Shards: h.config.Shards})
	if err != nil {
		return 0, err
	}
	defer topics.Close()
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

// longTable prints the figures.
func longTable(to io.Writer, all []grown) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tshards\tlegs there\tvalue\tworst\t\tgoal")
	for _, g := range all {
		worst := ""
		if g.Worst > 0 {
			worst = fmt.Sprintf("%.2f", g.Worst)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%.2f\t%s\t%s\t%s\n", g.Case, g.Shards, g.Legs, g.Value, worst, g.Unit, g.Goal)
	}
	_ = w.Flush() // to a terminal
}
