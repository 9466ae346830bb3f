package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
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
		before, err := g.reading()
		if err != nil {
			return g.figures, err
		}
		rate, err := g.replay(ctx)
		if err != nil {
			return g.figures, err
		}
		g.note("audit replay from the broker", rate, 0, "legs/s", goalReplay)
		used, err := g.used(before)
		if err != nil {
			return g.figures, err
		}
		g.note("audit replay, processor time of a leg, broker and all", float64(used.Nanoseconds())/float64(2000*g.expected.entries), 0, "µs", "")
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
	err = g.changing(func() error { // until memory is as full as it gets, or nearly
		spec, begin, began := loadSpec{clients: 2, size: 8000}, g.expected.entries, time.Now()
		for g.expected.entries-begin < len(g.names.wallets)/3 && time.Since(began) < time.Minute {
			if _, err := g.drive(ctx, g.names, spec, time.Second); err != nil {
				return err
			}
		}
		return nil
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
