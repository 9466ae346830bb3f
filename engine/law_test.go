package engine_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// naive is the books as one account book without shards: what acknowledged
// operations did, added up.
type naive struct {
	mu      sync.Mutex
	balance map[string]money.Amount // of liabilities: credits less debits and what is held
	acked   map[string]uint64       // key -> number of its record
}

func (n *naive) add(account, amount string, sign int) {
	a := money.MustParse(amount)
	if sign < 0 {
		a = a.Neg()
	}
	n.balance[account] = n.balance[account].Add(a)
}

// player sends operations of one caller, asking again until each has an answer.
type player struct {
	*naive
	t     *testing.T
	roll  *rand.Rand
	via   func() *process
	names []string
	n     int
	id    string
}

// surely asks with the same keys until nothing is unavailable any more.
func (p *player) surely(ops ...engine.Operation) []engine.Outcome {
	for {
		out := p.via().submit(ops...)
		if !slices.ContainsFunc(out, func(o engine.Outcome) bool {
			return o.Refusal != nil && (o.Refusal.Code == fault.Unavailable || o.Refusal.Code == fault.Expired || o.Refusal.Code == fault.QueueFull)
		}) {
			return out
		}
		if p.t.Failed() || p.t.Context().Err() != nil {
			return out
		}
	}
}

func (p *player) key() string {
	p.n++
	return fmt.Sprintf("%s-%d", p.id, p.n)
}

func (p *player) name() string { return "wallet:" + p.names[p.roll.IntN(len(p.names))] }

func (p *player) sum() string { return fmt.Sprintf("%d.%02d", p.roll.IntN(40)+1, p.roll.IntN(100)) }

// turn does one thing at random and notes what it did.
func (p *player) turn() {
	switch p.roll.IntN(10) {
	case 0, 1:
		to, amount := p.name(), p.sum()
		p.note(p.surely(pay(p.key(), "bank:settlement", to, amount)), func() { p.add(to, amount, 1) })
	case 2:
		p.hold()
	case 3, 4:
		p.group()
	default:
		from, to, amount := p.name(), p.name(), p.sum()
		if from != to {
			p.note(p.surely(pay(p.key(), from, to, amount)), func() { p.add(from, amount, -1); p.add(to, amount, 1) })
		}
	}
}

// group moves money of three accounts all or none.
func (p *player) group() {
	a, b, c, amount := p.name(), p.name(), p.name(), p.sum()
	if a == b || b == c || a == c {
		return
	}
	one, two := pay(p.key(), a, b, amount), pay(p.key(), b, c, amount)
	one.Group, two.Group = 1, 1
	p.note(p.surely(one, two), func() { p.add(a, amount, -1); p.add(c, amount, 1) })
}

// hold places a hold and settles, voids or leaves it.
func (p *player) hold() {
	from, to, amount := p.name(), p.name(), p.sum()
	out := p.surely(op(p.key(), place(from, amount, 0)))
	p.note(out, func() { p.add(from, amount, -1) })
	if out[0].Refusal != nil {
		return
	}
	end := op(p.key(), settle(out[0].Record.GetSeq(), amount, to))
	end.GetSettle().Shard = out[0].Record.GetShard()
	p.note(p.surely(end), func() { p.add(to, amount, 1) })
}

// note keeps what became of operations that are one; done says what they did.
func (p *player) note(out []engine.Outcome, done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	refused := 0
	for _, o := range out {
		if o.Record != nil {
			p.acked[o.Record.GetKey()] = o.Record.GetSeq()
		}
		if o.Refusal != nil {
			refused++
			if o.Refusal.Code != fault.InsufficientFunds && o.Refusal.Code != fault.GroupFailed {
				p.t.Errorf("refused: %v", o.Refusal)
			}
		}
	}
	if refused == 0 {
		done()
	}
}

// TestTheLawsUnderLoad: many callers, hot accounts, holds, groups and gathers on
// four shards and two processes that come and go; then every law.
func TestTheLawsUnderLoad(t *testing.T) {
	t.Parallel()
	players, turns := 8, 25
	if os.Getenv("PROVODKA_LONG") != "" {
		players, turns = 16, 400
	}
	w := newWorld(t, 4)
	var (
		mu   sync.Mutex
		here = []*process{w.start("p0", briefly)}
	)
	here = append(here, w.start("p1", briefly))
	books := &naive{balance: map[string]money.Amount{}, acked: map[string]uint64{}}
	var names []string
	for i := range 6 {
		names = append(names, fmt.Sprintf("w%d", i))
		here[0].must(open("wallet:" + names[i]))
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var wait sync.WaitGroup
	for g := range players {
		p := &player{naive: books, t: t, roll: rand.New(rand.NewPCG(seed, uint64(g))), names: names, id: fmt.Sprintf("g%d", g)}
		p.via = func() *process { mu.Lock(); defer mu.Unlock(); return here[p.roll.IntN(len(here))] }
		wait.Go(func() {
			for range turns {
				p.turn()
			}
		})
	}
	over := make(chan struct{})
	go func() { wait.Wait(); close(over) }()
	w.comeAndGo(over, &mu, &here)
	last := here[0]
	settled := func() bool { return last.calm() }
	last.until("all messages between shards have arrived", settled)
	all := last.allEvents()
	for account, want := range books.balance {
		last.wants(account, money.RUB.Format(want))
	}
	holdLaws(t, all, books)
	for _, p := range here {
		p.stop()
	}
	w.sameHeads(1, 8000)
}

// comeAndGo ends one process after another, each time when another has started.
func (w *world) comeAndGo(over <-chan struct{}, mu *sync.Mutex, here *[]*process) {
	for i := 2; ; i++ {
		select {
		case <-over:
			return
		default:
		}
		next := w.start(fmt.Sprintf("p%d", i), briefly)
		mu.Lock()
		gone := (*here)[0]
		*here = append((*here)[1:], next)
		mu.Unlock()
		next.until("the new process has shards", func() bool {
			select {
			case <-over:
				return true
			default:
				return next.value("provodka_shard_running") > 0
			}
		})
		w.retire(gone)
	}
}

// retire stops a process once its callers have their answers.
func (w *world) retire(p *process) {
	p.stopEngine()
	w.t.Cleanup(p.stop)
}

// calm says whether nothing is parked, no message is under way, and every command
// is decided.
func (p *process) calm() bool { return p.idle() && p.parked()+p.underWay() == 0 && p.idle() }

// idle says whether the shards have decided all that is on their logs.
func (p *process) idle() bool {
	states, err := p.db.Shards(p.world.t.Context())
	if err != nil {
		p.world.t.Fatal(err)
	}
	for _, s := range states {
		if s.Position.Offset < int64(p.logged(s.Shard)) {
			return false
		}
	}
	return true
}

// parked counts the commands that wait for money.
func (p *process) parked() int { return p.gathers(journalv1.GatherState_GATHER_STATE_PARKED) }

// underWay counts the messages between shards that are not known to have arrived.
func (p *process) underWay() int { return p.gathers(journalv1.GatherState_GATHER_STATE_SENT) }

func (p *process) gathers(state journalv1.GatherState) (n int) {
	for s := range p.world.shards {
		rows, err := p.db.LoadGathers(p.world.t.Context(), s)
		if err != nil {
			p.world.t.Fatal(err)
		}
		for _, r := range rows {
			if r.Gather.GetState() == state {
				n++
			}
		}
	}
	return n
}

// holdLaws checks the journal of all shards: double entry, floors, nothing left in
// transit, every acknowledged key once and with the number that was told.
func holdLaws(t *testing.T, all []*journalv1.Record, books *naive) {
	t.Helper()
	var debit, credit money.Amount
	transit := map[string]money.Amount{}
	taken := map[string][]uint64{}
	gathers := 0
	for _, r := range all {
		if r.GetKey() != "" && r.GetExternal() == nil && !strings.HasPrefix(r.GetKey(), "open ") {
			taken[r.GetKey()] = append(taken[r.GetKey()], r.GetSeq())
		}
		if r.GetEntry().GetKind() == "transit" {
			gathers++
		}
		for _, l := range r.GetLegs() {
			a := money.MustParse(l.GetAmount())
			name, _ := book.ParseName("", l.GetAccount())
			switch l.GetKind() {
			case journalv1.LegKind_LEG_KIND_DEBIT:
				debit = debit.Add(a)
				a = a.Neg()
			case journalv1.LegKind_LEG_KIND_CREDIT:
				credit = credit.Add(a)
			default:
				continue
			}
			if name.IsTransit() {
				transit[l.GetAccount()] = transit[l.GetAccount()].Add(a)
			} else if name.Type == "wallet" {
				left := money.MustParse(l.GetCredit()).Sub(money.MustParse(l.GetDebit()))
				if l.GetHeldDebit() != "" {
					left = left.Sub(money.MustParse(l.GetHeldDebit()))
				}
				if left.Sign() < 0 {
					t.Errorf("record %d.%d takes %s to %s", r.GetShard(), r.GetSeq(), l.GetAccount(), left)
				}
			}
		}
	}
	if debit.Cmp(credit) != 0 {
		t.Errorf("debits of %s, credits of %s", debit, credit)
	}
	for account, left := range transit {
		if !left.IsZero() {
			t.Errorf("%s is left on %s", left, account)
		}
	}
	for key, seq := range books.acked {
		if !slices.Equal(taken[key], []uint64{seq}) {
			t.Errorf("key %s was answered with record %d and stands in %v", key, seq, taken[key])
		}
	}
	for key := range taken {
		if _, ok := books.acked[key]; !ok {
			t.Errorf("key %s was never acknowledged", key)
		}
	}
	t.Logf("%d records, %d keys, %d moves between stripes", len(all), len(taken), gathers)
	if gathers == 0 {
		t.Error("nothing was gathered: the load is too tame")
	}
}

// TestGathersGiveTheSameHeads: money of four shards comes together, is refused and
// refused no more, under batches of 1 and of 8,000.
func TestGathersGiveTheSameHeads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.bank.answers["rich 1.00"] = []port.Answer{port.Unclear("timeout")}
	p := w.start("one")
	rich := "wallet:rich"
	p.must(open(rich))
	for s := range 4 { // every shard has a stripe of it
		from := "wallet:" + w.owner("from", s)
		p.must(open(from), topUp("t"+from, from, "100.00"), pay("p"+from, from, rich, "50.00"))
	}
	p.wants(rich, "200.00")
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() { p.must(pay(fmt.Sprintf("out%d", i), rich, "bank:settlement", "24.00")) })
	}
	wait.Wait()
	p.wants(rich, "8.00")
	p.refused(fault.InsufficientFunds, pay("too much", rich, "bank:settlement", "8.01"))
	p.must(send("parcel", "rich", "1.00"))
	p.until("the parcel is sent", func() bool { return p.state("parcel", "rich") == "sent" })
	p.wants(rich, "7.00")
	p.until("all messages between shards have arrived", p.calm)
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}
