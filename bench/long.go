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
	goalSheet   = "≤ 60 s"
)

// long grows books on one shard and on four, and measures them.
func (l *lab) long(ctx context.Context) (all []grown, err error) {
	for _, shards := range l.shards {
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

// grow lets an installation grow, unless that was done before, and measures it.
func (l *lab) grow(ctx context.Context, shards int) (all []grown, err error) {
	g, err := l.openGrown(ctx, shards)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"cost", g.costs}, {"reads", g.reads}, {"turnovers", g.turnovers}} {
		if !l.cases.MatchString(part.name) {
			continue
		}
		g.memory = watchMemory(g.server.cmd.Process.Pid)
		stop := func() {}
		if part.name != "cost" { // which profiles its own moment
			stop = l.profiling(ctx, g.house, "long "+part.name+" "+g.name, l.seconds)
		}
		err := part.run(ctx)
		stop()
		peak := g.memory.end()
		if err != nil {
			return g.figures, fmt.Errorf("%s: %w", part.name, err)
		}
		g.note("memory of the server, peak, "+part.name, float64(peak>>20), 0, "MB", goalMemory)
	}
	if l.cases.MatchString("replay") {
		rate, err := g.replay(ctx)
		if err != nil {
			return g.figures, err
		}
		g.note("audit replay from the broker", rate, 0, "legs/s", goalReplay)
	}
	if !l.cases.MatchString("check") {
		return g.figures, nil
	}
	return g.figures, g.check(ctx, g.names)
}

// few is how many accounts the young book has that a grown one is compared with.
const few = 10_000

// settle waits until everything behind the commits is done: the events are published and
// the search tables have come up.
func (g *growing) settle(ctx context.Context) error {
	if _, err := g.published(ctx); err != nil {
		return err
	}
	for missing := int64(1); missing > 0; {
		err := g.sql.QueryRow(ctx, `SELECT coalesce(sum(s.seq - coalesce(p.seq, 0)), 0)::INT8
			FROM shard AS s LEFT JOIN projection AS p ON p.shard = s.shard`).Scan(&missing)
		if err == nil && missing > 0 {
			err = pause(ctx)
		}
		if err != nil {
			return err
		}
	}
	if _, err := g.sql.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	return g.lab.exec(ctx, "CHECKPOINT")
}

// costs compares what a transfer costs with what it costs in a young book beside it: few
// accounts that hold money and have no other legs. In turn, because the machine changes.
func (g *growing) costs(ctx context.Context) (err error) {
	l := *g.lab
	l.accounts = min(few, len(g.names.wallets))
	h, names, err := l.openHouse(ctx, g.config.Shards)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	g.lab.made = l.made
	err = g.changing(func() error { // until memory is as full as it gets
		_, err := g.drive(ctx, g.names, loadSpec{clients: 2, size: 8000}, 2*l.seconds)
		return err
	})
	if err != nil {
		return err
	}
	var young, old []result
	for range g.lab.rounds {
		a, err := h.cost(ctx, names, l.seconds)
		if err != nil {
			return fmt.Errorf("a young book: %w", err)
		}
		var b result
		err = g.changing(func() (err error) { b, err = g.cost(ctx, g.names, l.seconds); return err })
		if err != nil {
			return err
		}
		young, old = append(young, a), append(old, b)
		fmt.Fprintf(os.Stderr, "%d shards  a transfer: young %.1f µs (database %.1f, server %.1f), grown %.1f µs (database %.1f, server %.1f)\n",
			g.config.Shards, processors(a), a.DatabaseUS, a.ServerUS, processors(b), b.DatabaseUS, b.ServerUS)
	}
	mid := func(all []result, of func(result) float64) float64 {
		var list []float64
		for _, r := range all {
			list = append(list, of(r))
		}
		slices.Sort(list)
		return list[len(list)/2]
	}
	g.note("processor time of a transfer against a young book", mid(old, processors)/mid(young, processors), 0, "×", goalCPU)
	for _, part := range []struct {
		name string
		of   func(result) float64
	}{
		{"database", func(r result) float64 { return r.DatabaseUS }}, {"server", func(r result) float64 { return r.ServerUS }},
		{"all", processors},
	} {
		g.note("processor time, "+part.name+", of a young book", mid(young, part.of), 0, "µs", "")
		g.note("processor time, "+part.name+", of the grown one", mid(old, part.of), 0, "µs", "")
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
	stop := h.lab.profiling(ctx, h, "long cost "+h.name, d)
	got, err := h.drive(ctx, names, spec, d)
	stop()
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

// turnovers makes the turnover balance sheet (ОСВ) of this month with a line for every
// account, page by page as a caller does.
func (g *growing) turnovers(ctx context.Context) error {
	c := newRPC(g.server.Addr, g.key, 1)
	defer c.close()
	began, lines := time.Now(), 0
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		return err
	}
	today := time.Now().In(zone)
	request := &ledgerv1.ListTurnoversRequest{
		Book: bookName, FromDay: today.Format("2006-01") + "-01", ToDay: today.Format(time.DateOnly), By: ledgerv1.TurnoverBy_TURNOVER_BY_ACCOUNT,
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
	return nil
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
