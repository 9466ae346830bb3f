package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/ledger"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// writerRate bounds the commands that are laid up for a case of the writer alone: more
// than it can do in the time would be a longer run.
const writerRate = 60_000

const relayOff = "writer alone, relay off"

// roundWriter is the writer alone: its commands are in the broker before it starts.
func (l *lab) roundWriter(ctx context.Context, round int) error {
	for _, relay := range []bool{false, true} {
		name := relayOff
		if relay {
			name = "writer alone, relay on"
		}
		if !l.wants(name) {
			continue
		}
		if err := l.writerAlone(ctx, round, name, relay); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (l *lab) writerAlone(ctx context.Context, round int, name string, relay bool) (err error) {
	if !relay || !l.wants(relayOff) { // both compare with the same floors
		fs, err := l.openFloors(ctx)
		if err != nil {
			return err
		}
		if err = errors.Join(fs.batches(ctx, round, 8000, false), fs.close()); err != nil {
			return err
		}
	}
	h, names, err := l.openHouse(ctx, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if _, err = h.published(ctx); err != nil {
		return err
	}
	if err := h.server.stop(); err != nil {
		return err
	}
	h.server, h.config.Relay, h.config.API = nil, relay, false
	records, err := h.layUp(ctx, names, int(l.seconds.Seconds()*writerRate))
	if err != nil {
		return err
	}
	if err := l.exec(ctx, "CHECKPOINT"); err != nil {
		return err
	}
	return l.measureWriter(ctx, h, names, round, name, records)
}

// layUp appends commands that nobody waits for.
func (h *house) layUp(ctx context.Context, names *names, operations int) (records int, err error) {
	topics, err := kafka.Open(ctx, kafka.Config{Brokers: []string{h.broker.Addr}, Shards: h.config.Shards})
	if err != nil {
		return 0, err
	}
	defer topics.Close()
	var (
		wait   sync.WaitGroup
		mu     sync.Mutex
		failed error
	)
	const each = 2000 // as many operations as a record of 512 KiB holds
	from := newSource(h.lab.accounts, false, rand.Uint64())
	for ; records*each < operations; records++ {
		list := make([]transfer, each)
		command := &commandv1.Command{Id: strconv.Itoa(records), Actor: "bench", Book: bookName}
		ops := &commandv1.Operations{}
		for i, key := range keys(from.chance, each) {
			t := from.next()
			list[i] = t
			op := &commandv1.Operation{Key: key, What: &commandv1.Operation_Post{Post: &commandv1.Post{
				Kind: "transfer", Legs: []*commandv1.Leg{
					{Account: names.wallets[t.from], Asset: "RUB", Debit: true, Amount: names.amounts[t.minor], Open: true},
					{Account: names.wallets[t.to], Asset: "RUB", Amount: names.amounts[t.minor], Open: true},
				},
			}}}
			op.RequestHash = ledger.RequestHash(op)
			ops.List = append(ops.List, op)
		}
		command.What = &commandv1.Command_Operations{Operations: ops}
		raw, err := proto.Marshal(command)
		if err != nil {
			return records, err
		}
		wait.Add(1)
		topics.Append(ctx, 0, raw, nil, func(_ int64, err error) {
			mu.Lock()
			failed = errors.Join(failed, err)
			mu.Unlock()
			wait.Done()
		})
		h.expected.add(list)
		if records%8 == 7 {
			wait.Wait() // the queue of the producer is bounded, and so are we
		}
	}
	wait.Wait()
	return records, failed
}

// measureWriter starts the engine and follows the shard's row until everything is done.
func (l *lab) measureWriter(ctx context.Context, h *house, names *names, round int, name string, records int) error {
	pid, err := postmasterPID(l.pg.Data)
	if err != nil {
		return err
	}
	at := func() (seq int64, err error) {
		err = h.sql.QueryRow(ctx, "SELECT seq FROM shard").Scan(&seq)
		return seq, err
	}
	begin, err := at()
	if err != nil {
		return err
	}
	end := int64(h.expected.operations)
	if err := h.start(ctx); err != nil {
		return err
	}
	s := subject{postmaster: pid, sql: h.sql, server: h.server, broker: h.broker}
	m := watchMemory(h.server.cmd.Process.Pid)
	first := begin
	for first == begin {
		if first, err = at(); err != nil {
			return err
		}
	}
	before := reading{}
	if err := s.times(&before); err != nil {
		return err
	}
	stop := l.profiling(ctx, h, name, l.seconds)
	now := first
	for waited := 0; now < end; waited++ {
		if err := pause(ctx); err != nil {
			return err
		}
		if now, err = at(); err != nil {
			return err
		}
		if waited > 12_000 {
			return fmt.Errorf("%d of %d operations after two minutes; the server said: %s", now, end, tail(h.log("server")))
		}
	}
	after := reading{}
	if err := s.times(&after); err != nil {
		return err
	}
	stop()
	behind, err := h.published(ctx)
	if err != nil {
		return err
	}
	r := newResult(name, round, loadResult{acknowledged: int(end - first), took: after.at.Sub(before.at)}, before, after)
	r.Floor, r.RSS, r.Behind = plainFloor.caseName(8000, false), m.end(), behind
	l.results = append(l.results, r)
	return h.check(ctx, names)
}
