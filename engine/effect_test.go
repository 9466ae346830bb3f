package engine_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// call is one call that a bank heard.
type call struct {
	send bool
	at   time.Time
}

// witness is a bank that is asked through: it notes every call, and may keep one
// from reaching the bank.
type witness struct {
	port.Port
	lost func(ctx context.Context, send bool) bool

	mu    sync.Mutex
	calls []call
}

func (w *witness) note(send bool) {
	w.mu.Lock()
	w.calls = append(w.calls, call{send, time.Now()})
	w.mu.Unlock()
}

func (w *witness) Send(ctx context.Context, ask port.Ask) port.Answer {
	w.note(true)
	if w.lost != nil && w.lost(ctx, true) {
		return port.Unclear("timeout")
	}
	return w.Port.Send(ctx, ask)
}

func (w *witness) Find(ctx context.Context, ask port.Ask) port.Answer {
	w.note(false)
	if w.lost != nil && w.lost(ctx, false) {
		return port.Unclear("timeout")
	}
	return w.Port.Find(ctx, ask)
}

func (w *witness) heard() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

func through(b *witness) func(*engine.Config) {
	return func(c *engine.Config) {
		b.Port = c.Ports["payout"]
		c.Ports = map[string]port.Port{"payout": b}
		c.RequestTimeout = 200 * time.Millisecond
	}
}

func isAnswer(c *commandv1.Command) bool { return c.GetAnswer() != nil }

// TestAKillBetweenTheBanksAnswerAndOurCommand: the next owner asks what became of
// the payment before anything else, and it is executed once.
func TestAKillBetweenTheBanksAnswerAndOurCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	first, second := &witness{}, &witness{}
	one := w.start("one", through(first), briefly, func(c *engine.Config) {
		c.Commands = &lossyCommands{c.Commands, isAnswer}
	})
	one.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "100.00"), send("p", "a", "10.00"))
	one.until("the bank has executed it", func() bool { return w.bank.executed() == 1 })
	one.stop()
	two := w.start("two", through(second), briefly)
	two.until("the payment is known", func() bool { return two.state("p", "a") == "sent" })
	if calls := second.heard(); len(calls) != 1 || calls[0].send {
		t.Errorf("the next owner called %+v, want one Find", calls)
	}
	if n := w.bank.executed(); n != 1 {
		t.Errorf("executed %d times", n)
	}
	two.wants("wallet:a", "90.00")
	two.wants("suspense:p", "0.00")
}

// TestNotFoundTwiceBeforeASecondSend: a send that was lost on its way is repeated
// only after two "not found" at least a request timeout apart.
func TestNotFoundTwiceBeforeASecondSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	lost := &witness{lost: func(ctx context.Context, _ bool) bool { <-ctx.Done(); return true }}
	one := w.start("one", through(lost), briefly, func(c *engine.Config) { c.RequestTimeout = time.Minute })
	one.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "100.00"), send("p", "a", "10.00"))
	one.until("the send is under way", func() bool { return len(lost.heard()) == 1 })
	one.stop()
	bank := &witness{}
	two := w.start("two", through(bank), briefly)
	two.until("the payment is done", func() bool { return two.state("p", "a") == "sent" })
	calls := bank.heard()
	if len(calls) != 3 || calls[0].send || calls[1].send || !calls[2].send {
		t.Fatalf("the next owner called %+v, want Find, Find, Send", calls)
	}
	if apart := calls[1].at.Sub(calls[0].at); apart < 200*time.Millisecond {
		t.Errorf("two \"not found\" only %v apart", apart)
	}
	if n := w.bank.executed(); n != 1 {
		t.Errorf("executed %d times", n)
	}
}

// TestNotFoundInARow: an answer between two "not found" begins the count anew.
func TestNotFoundInARow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	var n int
	bank := &witness{lost: func(_ context.Context, send bool) bool {
		n++ // Send lost, Find not found, Find unclear, Find not found twice, Send
		return send && n == 1 || n == 3
	}}
	p := w.start("one", through(bank), briefly)
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "100.00"), send("p", "a", "10.00"))
	p.until("the payment is done", func() bool { s := p.state("p", "a"); return s == "sent" })
	var sends []int
	for i, c := range bank.heard() {
		if c.send {
			sends = append(sends, i)
		}
	}
	if !slices.Equal(sends, []int{0, 5}) {
		t.Errorf("sent as calls %v, want 0 and 5", sends)
	}
}

// TestAContradictingLateAnswer is kept as an event; the books stay.
func TestAContradictingLateAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one")
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "100.00"), send("p", "a", "10.00"))
	p.until("the payment is done", func() bool { return p.state("p", "a") == "sent" })
	attempt := w.bank.attempts()[0]
	late := marshal(t, &commandv1.Command{Id: "late", Actor: "effect", Book: "main", What: &commandv1.Command_Answer{Answer: &commandv1.Answer{
		Attempt: attempt, Result: string(port.Refused), Status: "RETURNED", Event: "e1", Code: string(fault.PayoutRefused),
	}}})
	p.append(0, late)
	p.append(0, late) // the same one twice is one
	p.must(pay("after", "bank:settlement", "wallet:a", "1.00"))
	p.wants("wallet:a", "91.00")
	if s := p.state("p", "a"); s != "sent" {
		t.Errorf("the state is %s", s)
	}
	kept := 0
	for _, r := range p.events(0) {
		if r.GetRefusal().GetCode() == string(fault.WrongState) && len(r.GetEffects()) == 1 &&
			r.GetEffects()[0].GetState() == journalv1.EffectState_EFFECT_STATE_CLOSED {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("the answer is kept %d times", kept)
	}
	p.stop()
	w.sameHeads(1, 8000)
}

// rude is a bank whose adapter panics at first, and which writes in its own encoding.
type rude struct{ port.Port }

func (r *rude) Send(ctx context.Context, ask port.Ask) port.Answer {
	r.Port.Send(ctx, ask)
	panic("the adapter has a fault with 770100000123")
}

func (r *rude) Find(context.Context, port.Ask) port.Answer {
	return port.Answer{Result: port.Refused, Status: "\xce\xf8\xe8\xe1\xea\xe0\x00", Code: fault.PayoutRefused, Reason: strings.Repeat("\xff", 1<<20)}
}

func TestARudeAdapterDoesNotStopTheLoop(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	log := &heard{}
	p := w.start("one", func(c *engine.Config) {
		c.Ports = map[string]port.Port{"payout": &rude{Port: c.Ports["payout"]}}
		c.Logger = slog.New(slog.NewTextHandler(log, nil))
	})
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "100.00"), send("p", "a", "10.00"))
	p.until("the payment has failed", func() bool { return p.state("p", "a") == "failed" })
	p.wants("wallet:a", "100.00")
	p.events(0)
	if text := log.String(); !strings.Contains(text, "a port panicked") || strings.Contains(text, "770100000123") {
		t.Errorf("the log has %s", text)
	}
}

// heard keeps a log.
type heard struct {
	mu sync.Mutex
	b  strings.Builder
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.String()
}
