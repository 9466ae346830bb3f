package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// heldLinks is a command log on which messages between shards wait.
type heldLinks struct {
	port.CommandLog
	mu   sync.Mutex
	held []func()
	free bool
}

func (h *heldLinks) Append(ctx context.Context, shard int, value []byte, headers []port.Header, done func(int64, error)) {
	c := new(commandv1.Command)
	send := func() { h.CommandLog.Append(ctx, shard, value, headers, done) }
	h.mu.Lock()
	defer h.mu.Unlock()
	if proto.Unmarshal(value, c) == nil && c.GetLink() != nil && !h.free {
		h.held = append(h.held, send)
		return
	}
	send()
}

func (h *heldLinks) waiting() int { h.mu.Lock(); defer h.mu.Unlock(); return len(h.held) }

func (h *heldLinks) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.free = true
	for _, send := range h.held {
		send()
	}
	h.held = nil
}

// TestAnAnswerDoesNotWaitForWhatIsParked: a group has secured the money of a
// parcel and waits for that of another shard; the bank says that the parcel is
// paid. That is a fact; the group is refused when its turn comes.
func TestAnAnswerDoesNotWaitForWhatIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	paid := make(chan struct{})
	bank := &witness{lost: func(context.Context, bool) bool { <-paid; return false }}
	links := &heldLinks{}
	p := w.start("one", through(bank), func(c *engine.Config) { links.CommandLog, c.Commands = c.Commands, links })
	customer, parcel, far := w.owner("a", 0), w.owner("p", 0), "wallet:"+w.owner("y", 1)
	wallet := "wallet:" + customer
	p.must(open(wallet), open(far), topUp("t1", wallet, "100.00"), topUp("t2", far, "100.00"), send(parcel, customer, "10.00"))
	group := []engine.Operation{pay("g1", "suspense:"+parcel, wallet, "10.00"), pay("g2", far, wallet, "5.00")}
	group[0].Group, group[1].Group = 1, 1
	out := make(chan []engine.Outcome, 1)
	go func() { out <- p.submit(group...) }()
	p.until("the group asks for the money of the other shard", func() bool { return links.waiting() > 0 })
	close(paid)
	p.until("the parcel is paid", func() bool { return p.state(parcel, customer) == "sent" })
	links.release()
	if o := <-out; o[0].Refusal == nil || o[0].Refusal.Code != fault.InsufficientFunds || o[1].Refusal == nil || o[1].Refusal.Code != fault.GroupFailed {
		t.Fatalf("the group: %v, %v", o[0].Refusal, o[1].Refusal)
	}
	p.until("all messages between shards have arrived", p.calm)
	p.wants("suspense:"+parcel, "0.00")
	p.wants(wallet, "90.00")
	p.wants(far, "100.00")
	p.must(pay("after", far, wallet, "100.00"))
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}

// TestParkedOperationsExpire: money that does not come in time leaves the
// operation undone, its key free and nothing reserved.
func TestParkedOperationsExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	links := &heldLinks{}
	p := w.start("one", func(c *engine.Config) { links.CommandLog, c.Commands = c.Commands, links })
	near, far := "wallet:"+w.owner("x", 0), "wallet:"+w.owner("y", 1)
	p.must(open(near), open(far), topUp("t1", near, "10.00"), pay("p1", near, far, "10.00")) // far's money lies on shard 0
	p.wants(far, "10.00")
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	request := engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{pay("k", far, "bank:settlement", "4.00")}}
	o := p.Submit(short, request)[0]
	if o.Refusal == nil || o.Refusal.Code != fault.Expired && o.Refusal.Code != fault.Unavailable {
		t.Fatalf("while the money cannot come: %+v", o)
	}
	p.until("it is given up", func() bool { return p.parked() == 0 })
	links.release()
	p.until("all messages between shards have arrived", p.calm)
	p.wants(far, "10.00")
	p.must(pay("k", far, "bank:settlement", "4.00"), pay("k2", far, "bank:settlement", "6.00"))
	p.wants(far, "0.00")
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}

// spoiledLinks is a command log on which the first message between shards says what no
// program of ours can apply.
type spoiledLinks struct {
	port.CommandLog
	once sync.Once
}

func (s *spoiledLinks) Append(ctx context.Context, shard int, value []byte, headers []port.Header, done func(int64, error)) {
	c := new(commandv1.Command)
	if proto.Unmarshal(value, c) == nil && c.GetLink() != nil {
		s.once.Do(func() {
			c.GetLink().Body = bytes.Replace(c.GetLink().GetBody(), []byte(`"need"`), []byte(`"knead"`), 1)
			value, _ = proto.Marshal(c)
		})
	}
	s.CommandLog.Append(ctx, shard, value, headers, done)
}

// TestAMessageThatPanicsIsPutAside: it is named for a person, and those behind it on its
// link are applied, here and after a restart.
func TestAMessageThatPanicsIsPutAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one", briefly, func(c *engine.Config) { c.Commands = &spoiledLinks{CommandLog: c.Commands} })
	near := "wallet:" + w.owner("x", 0)
	far := []string{"wallet:" + w.owner("y", 1), "wallet:" + w.owner("z", 1), "wallet:" + w.owner("q", 1)}
	p.must(open(near), topUp("t", near, "100.00"))
	for i, wallet := range far { // its money lies on both shards
		p.must(open(wallet), pay(fmt.Sprint("near", i), near, wallet, "10.00"), topUp(fmt.Sprint("home", i), wallet, "10.00"))
	}
	out := func(p *process, key, wallet string, patience time.Duration) engine.Outcome {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		lost := op(key, &commandv1.Operation_Post{Post: &commandv1.Post{ // at the shard that is not the home
			Kind: "transfer", Legs: []*commandv1.Leg{leg(near, true, "1.00"), leg(wallet, true, "14.00"), leg("bank:settlement", false, "15.00")},
		}})
		return p.Submit(ctx, engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{lost}})[0]
	}
	if o := out(p, "spoiled", far[0], 300*time.Millisecond); o.Refusal == nil {
		t.Fatalf("it was decided without its message: %+v", o)
	}
	if o := out(p, "behind", far[1], 20*time.Second); o.Refusal != nil {
		t.Fatalf("behind the message that panics: %v", o.Refusal)
	}
	p.stop()
	p = w.start("two", briefly)
	if o := out(p, "after", far[2], 20*time.Second); o.Refusal != nil {
		t.Fatalf("after a restart: %v", o.Refusal)
	}
	p.until("all messages between shards have arrived", func() bool { return p.idle() && p.underWay() == 0 && p.idle() })
	aside := externals(p.allEvents(), journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL)
	if len(aside) != 1 || aside[0].GetExternal().GetText() != "panicked" {
		t.Errorf("put aside: %v", aside)
	}
	if list, err := engine.Asides(t.Context(), p.db, 1); err != nil || len(list) != 1 || list[0].Money != "10.00" || list[0].Account != far[0] {
		t.Errorf("for a person: %+v %v", list, err)
	}
	p.stop()
	w.sameHeads(1, 8000)
}

// TestWhatTakesLessByItsTurnIsAskedForAnew: a correction waits behind the reversal of a part
// of the same entry. When its turn comes it takes less than it asked for, and so much is
// there: to refuse it for the old sum, or for what this shard has, would be unjust.
func TestWhatTakesLessByItsTurnIsAskedForAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	near, far, wallet := "wallet:"+w.owner("x", 0), "wallet:"+w.owner("y", 1), "wallet:"+w.owner("a", 1)
	fund := func(key, route, amount, sum string) engine.Operation {
		return op(key, &commandv1.Operation_Post{Post: &commandv1.Post{Kind: "topup", Legs: []*commandv1.Leg{
			leg(route, false, "0.01"), leg(wallet, false, amount), leg("bank:main", true, sum),
		}}})
	}
	entry := p.must(fund("entry", near, "90.00", "90.01"))[0].Record
	if entry.GetShard() != 0 {
		t.Fatalf("the entry is on shard %d, at the home of the wallet", entry.GetShard())
	}
	p.must(fund("other", far, "190.00", "190.01"), topUp("more", near, "1.00"))
	correct := func(key, amount string) engine.Operation {
		return op(key, &commandv1.Operation_Correct{Correct: &commandv1.Correct{Shard: entry.GetShard(), Seq: entry.GetSeq(), Post: &commandv1.Post{
			Kind: "topup", Legs: []*commandv1.Leg{leg(wallet, true, amount), leg("bank:main", false, amount)},
		}}})
	}
	// 280 − 100 − 45 = 135 are left when the corrections' turn comes. They asked for 90 to
	// give back what is now 45.
	out := p.submit(
		op("spend", &commandv1.Operation_Post{Post: &commandv1.Post{Kind: "transfer", Legs: []*commandv1.Leg{
			leg(near, true, "0.01"), leg(wallet, true, "100.00"), leg("bank:main", false, "100.01"),
		}}}),
		op("half", &commandv1.Operation_Reverse{Reverse: &commandv1.Reverse{Shard: entry.GetShard(), Seq: entry.GetSeq(), Part: "0.5"}}),
		correct("too much", "95.00"), correct("right", "80.00"))
	for _, i := range []int{0, 1, 3} {
		if out[i].Refusal != nil {
			t.Errorf("operation %d: %v", i, out[i].Refusal)
		}
	}
	if r := out[2].Refusal; r == nil || r.Code != fault.InsufficientFunds || r.Facts["available"] != "135.00" || r.Facts["needed"] != "140.00" {
		t.Errorf("too much: %v %v", r, r.Facts)
	}
	p.until("all messages between shards have arrived", p.calm)
	p.wants(wallet, "10.00")
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}
