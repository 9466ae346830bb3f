package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// batchCases are the batched cases, each measured right after its floor.
var batchCases = []struct {
	size, clients int
	hot           bool
}{{8000, 2, false}, {8000, 2, true}, {1000, 8, false}, {1000, 8, true}}

func spread(hot bool) string {
	if hot {
		return "hot"
	}
	return "uniform"
}

// round measures every case once, floor and ours in turn.
func (l *lab) round(ctx context.Context, round int) error {
	for _, part := range []func(context.Context, int) error{l.roundOne, l.roundMore, l.roundWriter, l.roundReady, l.roundRegister, l.roundPayroll} {
		if err := part(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) wants(names ...string) bool {
	for _, n := range names {
		if l.cases.MatchString(n) {
			return true
		}
	}
	return false
}

// floors are both forms of the floor, each on its own database.
type floors []*floor

func (l *lab) openFloors(ctx context.Context) (fs floors, err error) {
	for _, form := range []floorForm{plainFloor, tunedFloor} {
		f, err := l.newFloor(ctx, form)
		if err != nil {
			return nil, errors.Join(err, fs.close())
		}
		fs = append(fs, f)
	}
	return fs, nil
}

func (fs floors) close() (err error) {
	for _, f := range fs {
		err = errors.Join(err, f.close())
	}
	return err
}

// batches measures both floors at one batch size.
func (fs floors) batches(ctx context.Context, round, size int, hot bool) error {
	for _, f := range fs {
		err := f.lab.measureFloor(ctx, f, round, f.form.caseName(size, hot), func(d time.Duration) (loadResult, error) {
			return f.run(ctx, size, hot, d)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// roundOne is one shard: batches, singles, the pace; each next to its floors.
func (l *lab) roundOne(ctx context.Context, round int) error {
	return l.roundShards(ctx, round, 1, len(batchCases))
}

// roundMore is two and four shards.
func (l *lab) roundMore(ctx context.Context, round int) error {
	if err := l.roundShards(ctx, round, 2, 1); err != nil {
		return err
	}
	return l.roundShards(ctx, round, 4, 2)
}

func (l *lab) roundShards(ctx context.Context, round, shards, cases int) (err error) {
	var all []string
	if shards == 1 {
		all = append(all, "single 64", "paced")
	}
	for _, c := range batchCases[:cases] {
		all = append(all, rpcName(c.size, c.hot, shards))
	}
	if !l.wants(all...) {
		return nil
	}
	fs, err := l.openFloors(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fs.close()) }()
	h, names, err := l.openHouse(ctx, shards)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	for _, c := range batchCases[:cases] {
		name := rpcName(c.size, c.hot, shards)
		if !l.wants(name) {
			continue
		}
		if err := fs.batches(ctx, round, c.size, c.hot); err != nil {
			return err
		}
		spec := loadSpec{clients: c.clients, size: c.size, hot: c.hot}
		if err := l.measureHouse(ctx, h, names, round, name, plainFloor.caseName(c.size, c.hot), spec); err != nil {
			return err
		}
	}
	if shards > 1 {
		return nil
	}
	return l.roundSingles(ctx, fs[0], h, names, round)
}

func rpcName(size int, hot bool, shards int) string {
	return fmt.Sprintf("rpc %d %s, shards %d", size, spread(hot), shards)
}

// roundSingles measures posts one by one.
func (l *lab) roundSingles(ctx context.Context, f *floor, h *house, names *names, round int) error {
	if l.wants("single 64") {
		if err := l.bestConnections(ctx, f); err != nil {
			return err
		}
		err := l.measureFloor(ctx, f, round, "F0 single", func(d time.Duration) (loadResult, error) { return f.singles(ctx, l.conns, d) })
		if err == nil {
			err = l.measureHouse(ctx, h, names, round, "single 64", "F0 single", loadSpec{clients: 64, size: 1})
		}
		if err != nil {
			return err
		}
	}
	if !l.wants("paced") {
		return nil
	}
	const every = time.Second / 200
	floor := func(d time.Duration) (loadResult, error) { return f.paced(ctx, every, d) }
	if err := l.measureFloor(ctx, f, round, "F0 paced", floor); err != nil {
		return err
	}
	return l.measureHouse(ctx, h, names, round, "paced", "F0 paced", loadSpec{clients: 8, size: 1, every: every})
}

// bestConnections finds, once, with how many sessions the single form is fastest.
func (l *lab) bestConnections(ctx context.Context, f *floor) error {
	best := 0
	for _, n := range []int{8, 16, 32, 64} {
		if l.conns != 0 && best == 0 {
			return nil
		}
		r, err := f.singles(ctx, n, min(l.seconds, time.Second))
		if err != nil {
			return err
		}
		if rate := int(float64(r.acknowledged) / r.took.Seconds()); rate > best {
			best, l.conns = rate, n
		}
	}
	return nil
}

// openHouse is an installation with money in every wallet.
func (l *lab) openHouse(ctx context.Context, shards int) (*house, *names, error) {
	h, err := l.newHouse(ctx, shards)
	if err != nil {
		return nil, nil, err
	}
	names := newNames(l.accounts)
	if err = h.start(ctx); err == nil {
		err = h.fund(ctx, names, 0)
	}
	if err == nil {
		err = l.exec(ctx, "CHECKPOINT")
	}
	if err == nil {
		_, err = h.sql.Exec(ctx, "VACUUM ANALYZE")
	}
	if err != nil {
		return nil, nil, errors.Join(err, h.close())
	}
	return h, names, nil
}

// measureFloor runs one case of the floor and checks it.
func (l *lab) measureFloor(ctx context.Context, f *floor, round int, name string, load func(time.Duration) (loadResult, error)) error {
	pid, err := postmasterPID(l.pg.Data)
	if err != nil {
		return err
	}
	s := subject{postmaster: pid, sql: f.sql}
	r, err := l.measure(ctx, s, round, name, load)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	l.results = append(l.results, r)
	return f.check(ctx)
}

// measureHouse runs one case of ours and checks the books.
func (l *lab) measureHouse(ctx context.Context, h *house, names *names, round int, name, floor string, spec loadSpec) error {
	pid, err := postmasterPID(l.pg.Data)
	if err != nil {
		return err
	}
	s := subject{postmaster: pid, sql: h.sql, server: h.server, broker: h.broker}
	m := watchMemory(h.server.cmd.Process.Pid)
	var behind int64
	r, err := l.measure(ctx, s, round, name, func(d time.Duration) (loadResult, error) {
		stop := l.profiling(ctx, h, name, d)
		got, err := h.drive(ctx, names, spec, d)
		stop()
		if err == nil {
			behind, err = h.published(ctx)
		}
		return got, err
	})
	r.RSS = m.end()
	if err != nil {
		return fmt.Errorf("%s: %w; the server said: %s", name, err, tail(h.log("server")))
	}
	r.Floor, r.Behind = floor, behind
	l.results = append(l.results, r)
	return h.check(ctx, names)
}

// warm is how long a case runs before it is measured.
const warm = 400 * time.Millisecond

// measure warms up, runs and reads everything before and after.
func (l *lab) measure(ctx context.Context, s subject, round int, name string, load func(time.Duration) (loadResult, error)) (r result, err error) {
	if err := waitForQuiet(ctx, l.wait); err != nil {
		return r, err
	}
	if _, err := load(min(warm, l.seconds)); err != nil {
		return r, err
	}
	if err := l.exec(ctx, "CHECKPOINT"); err != nil {
		return r, err
	}
	before, err := s.read(ctx)
	if err != nil {
		return r, err
	}
	got, err := load(l.seconds)
	if err != nil {
		return r, err
	}
	after := reading{}
	if err := s.times(&after); err != nil {
		return r, err
	}
	whole, err := s.read(ctx)
	if err != nil {
		return r, err
	}
	after.wal, after.stored, after.rows, after.entries = whole.wal, whole.stored, whole.rows, whole.entries
	after.mallocs, after.allocated = whole.mallocs, whole.allocated
	r = newResult(name, round, got, before, after)
	fmt.Fprintf(os.Stderr, "%d  %-28s %8.0f/s\n", round, name, r.Rate)
	return r, nil
}
