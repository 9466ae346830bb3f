package engine_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
)

// moved is one operation as one account, or one key, saw it.
type moved struct {
	of    string // the account or key
	cents int    // above zero: paid in; below: taken out; of a key: which request
}

// answer is what the caller was told; of a key also which record.
type answered struct {
	ok     bool
	record string
}

// accountModel is one account: a debit passes exactly if the money is there.
var accountModel = porcupine.Model{
	Partition: bySubject,
	Init:      func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		balance, in, out := state.(int), input.(moved), output.(answered)
		if enough := balance+in.cents >= 0; enough != out.ok {
			return false, state
		} else if !enough {
			return true, state
		}
		return true, balance + in.cents
	},
}

// keyModel is one key: the first request has it for ever, with one answer; another
// request is refused.
var keyModel = porcupine.Model{
	Partition: bySubject,
	Init:      func() any { return [2]string{} },
	Step: func(state, input, output any) (bool, any) {
		has, request, out := state.([2]string), fmt.Sprint(input.(moved).cents), output.(answered)
		switch {
		case has[0] == "":
			return out.ok, [2]string{request, out.record}
		case has[0] == request:
			return out.ok && has[1] == out.record, state
		default:
			return !out.ok, state
		}
	},
}

func bySubject(history []porcupine.Operation) [][]porcupine.Operation {
	parts := map[string][]porcupine.Operation{}
	for _, o := range history {
		parts[o.Input.(moved).of] = append(parts[o.Input.(moved).of], o)
	}
	var out [][]porcupine.Operation
	for _, p := range parts {
		out = append(out, p)
	}
	return out
}

// history is what callers asked and were told, with times.
type history struct {
	mu  sync.Mutex
	ops []porcupine.Operation
}

func (h *history) note(client int, in moved, from time.Time, out answered) {
	h.mu.Lock()
	defer h.mu.Unlock()
	epoch := time.Unix(1_700_000_000, 0)
	h.ops = append(h.ops, porcupine.Operation{
		ClientId: client, Input: in, Output: out, Call: from.Sub(epoch).Nanoseconds(), Return: time.Since(epoch).Nanoseconds(),
	})
}

func (h *history) check(t *testing.T, m porcupine.Model) {
	t.Helper()
	slices.SortFunc(h.ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	if got := porcupine.CheckOperationsTimeout(m, h.ops, 30*time.Second); got != porcupine.Ok {
		t.Errorf("%d operations are not linearizable: %s", len(h.ops), got)
	}
}

// TestAccountsAreLinearizable: seen from outside, an account that is spread over
// the shards is one account.
func TestAccountsAreLinearizable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	both := []*process{w.start("one", briefly), w.start("two", briefly)}
	var names []string
	for s := range 3 {
		names = append(names, "wallet:"+w.owner("w", s))
		both[0].must(open(names[s]))
	}
	h := &history{}
	var wait sync.WaitGroup
	for c := range 6 {
		wait.Go(func() {
			for i := range 12 {
				p, key := both[(c+i)%2], fmt.Sprintf("c%d-%d", c, i)
				from, to, cents := names[(c+i)%3], names[(c+2*i+1)%3], 100+(c*31+i*17)%300
				amount := fmt.Sprintf("%d.%02d", cents/100, cents%100)
				began := time.Now()
				switch {
				case i%3 == 0:
					ok := h.surely(p, pay(key, "bank:settlement", to, amount))
					h.note(c, moved{to, cents}, began, answered{ok: ok})
				case from != to:
					ok := h.surely(p, pay(key, from, to, amount))
					h.note(c, moved{from, -cents}, began, answered{ok: ok})
					if ok {
						h.note(c, moved{to, cents}, began, answered{ok: true})
					}
				}
			}
		})
	}
	wait.Wait()
	h.check(t, accountModel)
}

// surely asks until the answer is known, and says whether it was done.
func (h *history) surely(p *process, o engine.Operation) bool {
	for {
		switch out := p.submit(o)[0]; {
		case out.Refusal == nil:
			return true
		case out.Refusal.Code == fault.InsufficientFunds:
			return false
		case out.Refusal.Code != fault.Unavailable && out.Refusal.Code != fault.Expired:
			p.world.t.Errorf("refused: %v", out.Refusal)
			return false
		}
	}
}

// TestKeysAreLinearizable: many callers with few keys and two requests for each, on
// two processes, one of which ends meanwhile.
func TestKeysAreLinearizable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	one, two := w.start("one", briefly), w.start("two", briefly)
	wallet := "wallet:" + w.owner("w", 0)
	one.must(open(wallet))
	h := &history{}
	var wait sync.WaitGroup
	half := make(chan struct{})
	for c := range 8 {
		wait.Go(func() {
			for i := range 10 {
				if c == 0 && i == 5 {
					close(half)
				}
				p := two
				if i < 5 && c%2 == 0 {
					p = one
				}
				key, cents := fmt.Sprintf("k%d", i%4), 100+(c+i)%2
				began := time.Now()
				for {
					o := p.submit(pay(key, "bank:settlement", wallet, fmt.Sprintf("1.%02d", cents%100)))[0]
					if o.Refusal != nil && o.Refusal.Code == fault.Unavailable {
						continue
					}
					told := answered{ok: o.Refusal == nil}
					if told.ok {
						told.record = fmt.Sprintf("%d.%d", o.Record.GetShard(), o.Record.GetSeq())
					} else if o.Refusal.Code != fault.KeyReused {
						t.Errorf("refused: %v", o.Refusal)
					}
					h.note(c, moved{key, cents}, began, told)
					break
				}
			}
		})
	}
	<-half
	one.stopEngine()
	wait.Wait()
	h.check(t, keyModel)
}
