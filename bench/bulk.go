package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Two months of books are made in minutes: records as the engine would have written them,
// rows out of them by the store's own code, commits by its own writer. Nobody decided
// them, so their commands say nothing; everything behind the commit (relay, search tables,
// audit) is the program's own work.
const (
	bulkDays    = 60
	bulkBatch   = 8000
	bulkCommand = 2000     // operations of a command
	fundMinor   = 10 << 20 // what a wallet gets at first, in minor units
)

// bulk fills the books of an installation whose server does not run yet.
func (g *growing) bulk(ctx context.Context) error {
	topics, err := kafka.Open(ctx, kafka.Config{Brokers: []string{g.broker.Addr}, Shards: g.config.Shards})
	if err != nil {
		return err
	}
	defer topics.Close()
	db, err := store.Open(ctx, g.config.DSN, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	shards := make([]*bulkShard, g.config.Shards)
	for i := range shards {
		if shards[i], err = newBulkShard(ctx, g, topics, db, i); err != nil {
			return err
		}
		defer shards[i].writer.Close()
	}
	homes := make([]uint8, len(g.names.wallets))
	for i, name := range g.names.wallets {
		n, refusal := book.ParseName("account", name)
		if refusal != nil {
			return refusal
		}
		homes[i] = uint8(book.Home(bookName, n.Owner, len(shards)))
	}
	work, ctx := errgroup.WithContext(ctx)
	for i, s := range shards {
		work.Go(func() error { return s.fill(ctx, homes, i) })
	}
	return work.Wait()
}

// bulkShard writes one shard.
type bulkShard struct {
	*growing
	number   int
	topics   *kafka.Log
	writer   *store.Writer
	rows     *store.Rows
	totals   *store.Totals
	head     journal.Head
	position store.Position
	zone     *time.Location
	chance   *rand.Rand
	began    time.Time
	clock    time.Time
	step     time.Duration // of the clock, for a record
	wallets  []bulkStripe
	bank     bulkStripe
	pending  []*journalv1.Record
	list     []transfer
	operated int
	entries  int
}

type bulkStripe struct {
	debit, credit int64
	version       uint32
}

func newBulkShard(ctx context.Context, g *growing, topics *kafka.Log, db *store.DB, number int) (*bulkShard, error) {
	state, err := db.TakeOver(ctx, number)
	if err != nil {
		return nil, err
	}
	s := &bulkShard{
		growing: g, number: number, topics: topics, rows: store.NewRows(db.Zone()), totals: store.NewTotals(), zone: db.Zone(),
		position: state.Position, chance: rand.New(rand.NewPCG(uint64(number), 7)), began: time.Now(),
		wallets: make([]bulkStripe, len(g.names.wallets)),
	}
	s.position.TopicID, s.position.LeaderEpoch = topics.TopicID(), -1
	records := (2*len(g.names.wallets) + g.lab.transfers) / g.config.Shards
	s.clock = s.began.AddDate(0, 0, -bulkDays)
	s.step = s.began.Add(-time.Hour).Sub(s.clock) / time.Duration(records*11/10)
	s.writer, err = db.OpenWriter(ctx, number, state.Epoch)
	return s, err
}

// fill opens and funds the wallets at home here, then posts this shard's part of the
// transfers: those whose payer is at home here. Of every five, one pays the hot account.
func (s *bulkShard) fill(ctx context.Context, homes []uint8, number int) error {
	var ours []int
	for i, h := range homes {
		if int(h) == number {
			ours = append(ours, i)
		}
	}
	for _, i := range ours {
		name := s.names.wallets[i]
		if err := s.add(ctx, &journalv1.Record{Accounts: []*journalv1.Account{{Name: name}}}, nil); err != nil {
			return err
		}
	}
	for _, i := range ours {
		w := &s.wallets[i]
		w.credit, s.bank.debit = w.credit+fundMinor, s.bank.debit+fundMinor
		text := amountText(fundMinor)
		legs := []*journalv1.Leg{
			s.leg(s.names.wallets[i], w, journalv1.LegKind_LEG_KIND_CREDIT, text),
			s.leg("bank:settlement", &s.bank, journalv1.LegKind_LEG_KIND_DEBIT, text),
		}
		if err := s.add(ctx, &journalv1.Record{Entry: &journalv1.Entry{Kind: "topup"}, Legs: legs}, nil); err != nil {
			return err
		}
	}
	most := (s.lab.transfers - len(homes)) / s.config.Shards
	for n := range most {
		t := transfer{from: ours[s.chance.IntN(len(ours))], minor: 1 + s.chance.Int64N(maxMinor)}
		if n%5 != 4 {
			t.to = s.chance.IntN(len(homes))
		}
		from, to := &s.wallets[t.from], &s.wallets[t.to]
		if t.from == t.to || from.credit-from.debit < t.minor {
			continue
		}
		from.debit += t.minor
		debit := s.leg(s.names.wallets[t.from], from, journalv1.LegKind_LEG_KIND_DEBIT, s.names.amounts[t.minor])
		to.credit += t.minor
		credit := s.leg(s.names.wallets[t.to], to, journalv1.LegKind_LEG_KIND_CREDIT, s.names.amounts[t.minor])
		if err := s.add(ctx, &journalv1.Record{Entry: &journalv1.Entry{Kind: "transfer"}, Legs: []*journalv1.Leg{debit, credit}}, &t); err != nil {
			return err
		}
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	e := s.expected
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, i := range ours {
		e.credit[i] += fundMinor
	}
	e.bank += int64(len(ours)) * fundMinor
	e.operations, e.entries = e.operations+s.operated, e.entries+s.entries
	return nil
}

func (s *bulkShard) leg(account string, st *bulkStripe, kind journalv1.LegKind, amount string) *journalv1.Leg {
	st.version++
	return &journalv1.Leg{
		Account: account, Asset: "RUB", Kind: kind, Amount: amount, Version: uint64(st.version),
		Debit: amountText(st.debit), Credit: amountText(st.credit),
	}
}

func (s *bulkShard) add(ctx context.Context, r *journalv1.Record, t *transfer) error {
	s.pending = append(s.pending, r)
	if t != nil {
		s.list = append(s.list, *t)
	}
	if r.Entry != nil {
		s.entries++
	}
	if len(s.pending) < bulkBatch {
		return nil
	}
	return s.flush(ctx)
}

// flush seals what waits and commits it.
func (s *bulkShard) flush(ctx context.Context) error {
	if len(s.pending) == 0 {
		return nil
	}
	var commands [][]byte
	s.rows.Reset()
	clockUS := int64(0)
	for i, key := range keys(s.chance, len(s.pending)) {
		if i%bulkCommand == 0 {
			var id [16]byte
			for j := range id {
				id[j] = byte(s.chance.Uint32())
			}
			commands = append(commands, []byte(hex.EncodeToString(id[:])))
		}
		s.clock = s.clock.Add(s.step)
		clockUS = s.clock.UnixMicro()
		r := s.pending[i]
		r.ClockUs, r.Offset, r.Operation = clockUS, s.position.Offset+int64(len(commands)-1), uint32(i%bulkCommand)
		r.Last = r.Operation == bulkCommand-1 || i == len(s.pending)-1
		r.Command, r.Book, r.Actor = string(commands[len(commands)-1]), bookName, "bench"
		r.Key, r.RequestHash = key, ledger.HashBytes([]byte(key))
		if r.Entry != nil {
			r.Entry.Day = s.clock.In(s.zone).Format(time.DateOnly)
		}
		sealed, err := s.head.Seal(uint32(s.number), r)
		if err != nil {
			return err
		}
		s.rows.Add(sealed, s.totals)
	}
	next := s.position
	next.Offset += int64(len(commands))
	if err := s.appendCommands(ctx, commands); err != nil {
		return err
	}
	if err := s.writer.Commit(ctx, store.Commit{Expect: s.position, Next: next, ClockUS: clockUS, Rows: s.rows}); err != nil {
		return err
	}
	s.position = next
	s.operated += len(s.pending)
	e := s.expected
	e.mu.Lock()
	for _, x := range s.list {
		e.debit[x.from] += x.minor
		e.credit[x.to] += x.minor
	}
	e.mu.Unlock()
	if s.operated/500_000 != (s.operated-len(s.pending))/500_000 {
		fmt.Fprintf(os.Stderr, "%d shards  shard %d has %d records after %v\n", s.config.Shards, s.number, s.operated, time.Since(s.began).Round(time.Second))
	}
	s.pending, s.list = s.pending[:0], s.list[:0]
	return nil
}

// appendCommands lays the batch's commands into the log: empty ones, for their places.
func (s *bulkShard) appendCommands(ctx context.Context, ids [][]byte) error {
	type place struct {
		offset int64
		err    error
	}
	done := make(chan place, len(ids))
	for _, id := range ids {
		raw, err := proto.Marshal(&commandv1.Command{Id: string(id), Book: bookName, Actor: "bench"})
		if err != nil {
			return err
		}
		s.topics.Append(ctx, s.number, raw, nil, func(offset int64, err error) { done <- place{offset, err} })
	}
	last := int64(-1)
	for range ids {
		p := <-done
		if p.err != nil {
			return p.err
		}
		last = max(last, p.offset)
	}
	if want := s.position.Offset + int64(len(ids)) - 1; last != want {
		return fmt.Errorf("the last command lies at %d, want %d", last, want)
	}
	return nil
}
