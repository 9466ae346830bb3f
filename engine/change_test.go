package engine_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// changes of accounts, as a caller asks for them.
func changeAccount(key, account string, c *commandv1.ChangeAccount) engine.Operation {
	c.Account, c.Reason = account, "ordered by "+key
	return engine.Operation{Operation: &commandv1.Operation{Key: key, What: &commandv1.Operation_Change{Change: c}}}
}

func freeze(key, account string) engine.Operation {
	return changeAccount(key, account, &commandv1.ChangeAccount{What: commandv1.AccountChange_ACCOUNT_CHANGE_FREEZE, Debits: true, Credits: true})
}

func unfreeze(key, account string) engine.Operation {
	return changeAccount(key, account, &commandv1.ChangeAccount{What: commandv1.AccountChange_ACCOUNT_CHANGE_UNFREEZE, Debits: true, Credits: true})
}

func closing(key, account string) engine.Operation {
	return changeAccount(key, account, &commandv1.ChangeAccount{What: commandv1.AccountChange_ACCOUNT_CHANGE_CLOSE})
}

func reopen(key, account string) engine.Operation {
	return changeAccount(key, account, &commandv1.ChangeAccount{What: commandv1.AccountChange_ACCOUNT_CHANGE_REOPEN})
}

func limit(key, account, amount string) engine.Operation {
	return changeAccount(key, account, &commandv1.ChangeAccount{What: commandv1.AccountChange_ACCOUNT_CHANGE_LIMIT, Asset: "RUB", Limit: amount})
}

// audited rebuilds the books from the events alone.
func (p *process) audited() {
	p.world.t.Helper()
	p.allEvents()
	a := audit.New(audit.Options{})
	for s := range p.world.shards {
		err := p.log.Replay(p.world.t.Context(), s, 0, func(records []port.LogRecord) error {
			for _, r := range records {
				e := audit.Event{Key: r.Key, Value: r.Value}
				for _, h := range r.Headers {
					e.Headers = append(e.Headers, audit.Header(h))
				}
				if err := a.Add(s, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			p.world.t.Fatal(err)
		}
	}
	if err := a.Finish(); err != nil {
		p.world.t.Fatal(err)
	}
}

// TestAFrozenAccountTakesNothingAnywhere: after the acknowledgement no shard accepts,
// also not one that never saw the account; the same key asks for the same answer.
func TestAFrozenAccountTakesNothingAnywhere(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{1, 4} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shards)
			p := w.start("one")
			x, far := "wallet:"+w.owner("x", 0), "wallet:"+w.owner("y", shards-1)
			p.must(open(x), open(far), topUp("t1", x, "10.00"), topUp("t2", far, "10.00"))
			out := p.must(freeze("f1", x))[0]
			if got := out.Record.GetConfirmed(); len(got.GetAt()) != shards || got.GetRule().GetAuthor() != "test" {
				t.Fatalf("confirmed by %v", got)
			}
			if again := p.must(freeze("f1", x))[0]; !again.Replayed || again.Record.GetSeq() != out.Record.GetSeq() {
				t.Fatalf("the same key: %+v", again)
			}
			p.refused(fault.AccountFrozen, pay("p1", x, far, "1.00"))
			p.refused(fault.AccountFrozen, pay("p2", far, x, "1.00")) // decided on far's shard
			p.refused(fault.WrongState, freeze("f2", x))
			p.refused(fault.AccountUnknown, freeze("f3", "wallet:nobody"))
			between := p.submit(pay("t3", far, "bank:settlement", "1.00"), unfreeze("u1", x), pay("t4", far, "bank:settlement", "1.00"), freeze("f4", far))
			for i, o := range between[:3] {
				if o.Refusal != nil {
					t.Fatalf("operation %d beside changes: %v", i, o.Refusal)
				}
			}
			p.must(unfreeze("u2", far))
			p.must(pay("p3", x, far, "1.00"), pay("p4", far, x, "2.00"))
			p.wants(x, "11.00")
			p.audited()
			p.stop()
			w.sameHeads(1, 8000)
		})
	}
}

// TestAnAccountIsClosedEmpty: money on any shard keeps it open; money that lies on
// different shards in opposite directions is swept together.
func TestAnAccountIsClosedEmpty(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{1, 3} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shards)
			p := w.start("one")
			x, far := "wallet:"+w.owner("x", 0), "wallet:"+w.owner("y", shards-1)
			p.must(open(x), open(far), topUp("t1", x, "10.00"), topUp("t2", far, "10.00"), pay("p1", far, x, "4.00"))
			p.refused(fault.AccountNotEmpty, closing("c1", x))
			p.must(pay("p2", x, far, "14.00"))
			p.must(closing("c2", x))
			p.refused(fault.AccountClosed, pay("p3", far, x, "1.00"))
			p.refused(fault.AccountClosed, topUp("t3", x, "1.00"))
			p.refused(fault.AccountClosed, closing("c3", x))
			p.wants(x, "0.00")
			p.must(reopen("r1", x))
			p.must(pay("p4", far, x, "1.00"))
			p.refused(fault.WrongState, reopen("r2", x))
			// Our costs have no floor: minus on one shard, plus on another, zero in all.
			costs := "expense:costs"
			p.must(pay("e1", costs, "capital:own", "5.00"), pay("e2", "bank:"+w.owner("b", 0), costs, "2.00"),
				pay("e3", "bank:"+w.owner("c", shards-1), costs, "3.00"))
			p.must(closing("c4", costs))
			p.refused(fault.AccountClosed, pay("e4", costs, "capital:own", "5.00"))
			p.until("all messages between shards have arrived", p.calm)
			p.audited()
			p.stop()
			w.sameHeads(1, 8000)
		})
	}
}

// TestALimitIsSpentAtHome: an account goes below zero as far as its limit and no
// further; a limit that is cut below what is owed stops it until it is back.
func TestALimitIsSpentAtHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	x, far := "merchant:"+w.owner("x", 0), "wallet:"+w.owner("y", 1)
	p.must(open(x), open(far), topUp("t2", far, "30.00"))
	p.refused(fault.InsufficientFunds, pay("p0", x, far, "1.00"))
	p.must(limit("l1", x, "100.00"))
	p.must(pay("p1", x, far, "80.00"))
	p.wants(x, "-80.00")
	p.refused(fault.InsufficientFunds, pay("p2", x, far, "20.01"))
	p.must(pay("p3", far, x, "15.00")) // lies on the shard of far
	p.must(pay("p4", x, far, "35.00")) // and is gathered
	p.wants(x, "-100.00")
	p.must(limit("l2", x, "50.00"))
	p.refused(fault.InsufficientFunds, pay("p5", x, far, "0.01"))
	p.must(pay("p6", far, x, "60.00"))
	p.must(pay("p7", x, far, "10.00"))
	p.refused(fault.AccountNotEmpty, closing("c1", x))
	p.refused(fault.AccountInvalid, limit("l3", far, "1.00"))
	p.wants(x, "-50.00")
	p.until("all messages between shards have arrived", p.calm)
	p.audited()
	p.stop()
	w.sameHeads(1, 8000)
}

// TestFirstTouchesRaceWithFreezing: credits from every shard, most of which never saw
// the account, while it is frozen or closed: what was submitted after the
// acknowledgement is refused, whatever was accepted before is there, nothing is lost.
func TestFirstTouchesRaceWithFreezing(t *testing.T) {
	t.Parallel()
	const shards, accounts = 4, 12
	w := newWorld(t, shards)
	p := w.start("one")
	payers := make([]string, shards)
	for s := range payers {
		payers[s] = "wallet:" + w.owner(fmt.Sprintf("p%d-", s), s)
		p.must(open(payers[s]), topUp(fmt.Sprintf("t%d", s), payers[s], "1000.00"))
	}
	var wg sync.WaitGroup
	for i := range accounts {
		x := "suspense:" + w.owner(fmt.Sprintf("x%d-", i), i%shards)
		shut := freeze(fmt.Sprintf("shut%d", i), x)
		if i%2 == 1 {
			shut = closing(fmt.Sprintf("shut%d", i), x)
		}
		acked := make(chan struct{})
		var done sync.Map
		for s := range shards {
			wg.Go(func() {
				for n := range 6 {
					after := false
					select {
					case <-acked:
						after = true
					default:
					}
					key := fmt.Sprintf("c%d-%d-%d", i, s, n)
					o := p.submit(pay(key, payers[s], x, "1.00"))[0]
					switch {
					case o.Refusal == nil && after:
						t.Errorf("%s was accepted after the acknowledgement", key)
					case o.Refusal == nil:
						done.Store(key, true)
					case o.Refusal.Code != fault.AccountFrozen && o.Refusal.Code != fault.AccountClosed:
						t.Errorf("%s: %v", key, o.Refusal)
					}
				}
			})
		}
		wg.Go(func() {
			o := p.submit(shut)[0]
			if o.Refusal == nil {
				close(acked)
			} else if o.Refusal.Code != fault.AccountNotEmpty {
				t.Errorf("%s: %v", shut.GetKey(), o.Refusal)
			}
		})
		wg.Wait()
		n := 0
		done.Range(func(any, any) bool { n++; return true })
		p.wants(x, money.RUB.Format(money.New(int64(n)*100, 2)))
	}
	p.until("all messages between shards have arrived", p.calm)
	p.audited()
	p.stop()
	w.sameHeads(1, 7, 8000)
}

// TestFirstTouchesRaceWithOpeningAgain: credits from every shard, none of which ever saw the
// account, while it is opened again: what was submitted after the acknowledgement is
// accepted everywhere, and what was accepted is there.
func TestFirstTouchesRaceWithOpeningAgain(t *testing.T) {
	t.Parallel()
	const shards = 4
	w := newWorld(t, shards)
	p := w.start("one")
	for i := range 6 {
		x := "suspense:" + w.owner(fmt.Sprintf("x%d-", i), i%shards)
		p.must(closing(fmt.Sprintf("shut%d", i), x))
		acked := make(chan struct{})
		var done atomic.Int64
		var wg sync.WaitGroup
		for s := range shards {
			wg.Go(func() {
				for n := range 6 {
					if n == 5 { // the last one for certain
						<-acked
					}
					after := false
					select {
					case <-acked:
						after = true
					default:
					}
					key := fmt.Sprintf("c%d-%d-%d", i, s, n)
					switch o := p.submit(pay(key, "bank:"+w.owner(fmt.Sprintf("b%d-", s), s), x, "1.00"))[0]; {
					case o.Refusal == nil:
						done.Add(1)
					case after || o.Refusal.Code != fault.AccountClosed:
						t.Errorf("%s, after the acknowledgement %t: %v", key, after, o.Refusal)
					}
				}
			})
		}
		wg.Go(func() { defer close(acked); p.must(reopen(fmt.Sprintf("open%d", i), x)) })
		wg.Wait()
		p.wants(x, money.RUB.Format(money.New(done.Load()*100, 2)))
	}
	p.until("all messages between shards have arrived", p.calm)
	p.audited()
	p.stop()
	w.sameHeads(1, 7, 8000)
}

// TestFirstTouchesRaceWithALimit: debits at home and credits from every shard while a limit
// is raised and cut: it is never passed, and when all is over all of it can be spent, and
// not a kopeck more.
func TestFirstTouchesRaceWithALimit(t *testing.T) {
	t.Parallel()
	const shards = 4
	w := newWorld(t, shards)
	p := w.start("one")
	for i := range 4 {
		x := "merchant:" + w.owner(fmt.Sprintf("x%d-", i), i%shards)
		p.must(open(x))
		for round, most := range []string{"7.00", "3.00"} {
			var wg sync.WaitGroup
			for s := range shards {
				wg.Go(func() {
					bank := "bank:" + w.owner(fmt.Sprintf("b%d-", s), s)
					for n := range 5 {
						key := fmt.Sprintf("%d-%d-%d-%d", i, round, s, n)
						p.must(pay("in"+key, bank, x, "3.00")) // more than all that goes out: what is owed at the end is what the limit allows
						if o := p.submit(pay("out"+key, x, bank, "2.00"))[0]; o.Refusal != nil && o.Refusal.Code != fault.InsufficientFunds {
							t.Errorf("%s: %v", key, o.Refusal)
						}
					}
				})
			}
			wg.Go(func() { p.must(limit(fmt.Sprintf("limit%d-%d", i, round), x, most)) })
			wg.Wait()
			for n := 0; p.submit(pay(fmt.Sprintf("rest%d-%d-%d", i, round, n), x, "bank:settlement", "1.00"))[0].Refusal == nil; n++ {
				if n == 100 {
					t.Fatalf("%s pays for ever", x)
				}
			}
			if p.wants(x, "-"+most); t.Failed() {
				return
			}
		}
	}
	p.until("all messages between shards have arrived", p.calm)
	p.audited()
	p.stop()
	w.sameHeads(1, 7, 8000)
}

// TestAConfirmationOutlivesItsShards: the messages of a freeze wait while everything is
// killed between each step; the operation is asked for again and ends as it began.
func TestAConfirmationOutlivesItsShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	x := "wallet:" + w.owner("x", 0)
	for step := range 4 {
		links := &heldLinks{}
		p := w.start(fmt.Sprintf("p%d", step), func(c *engine.Config) { links.CommandLog, c.Commands = c.Commands, links })
		if step == 0 {
			p.must(open(x))
		}
		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		request := engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{closing("c", x)}}
		if o := p.Submit(short, request)[0]; o.Refusal == nil || o.Refusal.Code != fault.Unavailable {
			t.Fatalf("step %d: %+v", step, o)
		}
		cancel()
		p.refused(fault.AccountClosed, topUp(fmt.Sprintf("t%d", step), x, "1.00")) // the home holds it already
		p.refused(fault.AccountChanging, freeze(fmt.Sprintf("f%d", step), x))
		p.stop() // what is held is lost with the process
	}
	p := w.start("last")
	p.must(closing("c", x))
	p.refused(fault.AccountClosed, pay("p", "bank:"+w.owner("b", 2), x, "1.00"))
	p.until("all messages between shards have arrived", p.calm)
	p.audited()
	p.stop()
	w.sameHeads(1, 8000)
}

// TestAChangeBehindOtherOperations: of one command, each has its own answer.
func TestAChangeBehindOtherOperations(t *testing.T) {
	t.Parallel()
	p := newWorld(t, 1).start("one", briefly)
	out := p.must(open("wallet:a"), topUp("t", "wallet:a", "1.00"), freeze("f", "wallet:a"), open("wallet:b"), unfreeze("u", "wallet:a"))
	for i, key := range []string{"open wallet:a", "t", "f", "open wallet:b", "u"} {
		if got := out[i].Record.GetKey(); got != key {
			t.Errorf("operation %d has the record of %q, want %q", i, got, key)
		}
	}
	p.events(0)
}
