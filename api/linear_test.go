package api_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// asked is a call as one account, or one key, saw it.
type asked struct {
	of    string
	cents int64 // above zero: paid in; below: taken out; zero: a read. Of a key: which request
}

// told is the answer: whether it was done, and the balance that was read or the record's id.
type told struct {
	done  bool
	cents int64
	id    string
}

// register is an account seen from outside: what is taken out must be there, what is read
// is what is there.
var register = porcupine.Model{
	Partition: partition,
	Init:      func() any { return int64(0) },
	Step: func(state, input, output any) (bool, any) {
		balance, in, out := state.(int64), input.(asked), output.(told)
		switch {
		case in.cents == 0:
			return out.cents == balance, state
		case balance+in.cents < 0:
			return !out.done, state
		default:
			return out.done, balance + in.cents
		}
	},
}

// keyed is an idempotency key: the first request has it for ever, with one record, done or
// refused; another request is refused.
var keyed = porcupine.Model{
	Partition: partition,
	Init:      func() any { return told{} },
	Step: func(state, input, output any) (bool, any) {
		has, in, out := state.(told), input.(asked), output.(told)
		switch {
		case has.id == "":
			return out.id != "", told{out.done, in.cents, out.id}
		case has.cents == in.cents:
			return out == told{done: has.done, id: has.id}, state
		default:
			return out == told{}, state
		}
	},
}

func partition(history []porcupine.Operation) [][]porcupine.Operation {
	parts := map[string][]porcupine.Operation{}
	for _, o := range history {
		parts[o.Input.(asked).of] = append(parts[o.Input.(asked).of], o)
	}
	out := make([][]porcupine.Operation, 0, len(parts))
	for _, p := range parts {
		out = append(out, p)
	}
	return out
}

// witnessed is a history of calls over Connect.
type witnessed struct {
	*caller
	mu    sync.Mutex
	began time.Time
	calls []porcupine.Operation
}

// note keeps a call that began then and is over now.
func (w *witnessed) note(who int, in asked, from time.Duration, out told) {
	until := time.Since(w.began)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, porcupine.Operation{ClientId: who, Input: in, Output: out, Call: from.Nanoseconds(), Return: until.Nanoseconds()})
}

func (w *witnessed) check(m porcupine.Model) {
	w.t.Helper()
	if got := porcupine.CheckOperationsTimeout(m, w.calls, time.Minute); got != porcupine.Ok {
		w.t.Errorf("%d calls are not linearizable: %s", len(w.calls), got)
	}
}

// post sends one operation until its answer is known; false is a refusal.
func (w *witnessed) post(op *ledgerv1.Operation, mayBe fault.Code) told {
	for w.t.Context().Err() == nil {
		answer, err := w.Ledger.Post(w.t.Context(), &ledgerv1.PostRequest{Book: w.book, Operations: []*ledgerv1.Operation{op}})
		var refusal *client.Refusal
		if errors.As(err, &refusal) && refusal.Code == string(fault.Unavailable) {
			continue // the same key asks again
		}
		if err != nil {
			w.t.Errorf("%v", err)
			return told{}
		}
		r := answer.GetResults()[0]
		switch code := r.GetRefusal().GetCode(); code {
		case "", string(mayBe), string(fault.KeyReused):
			return told{done: code == "", id: r.GetId()}
		case string(fault.Unavailable), string(fault.Expired):
		default:
			w.t.Errorf("refused: %v", r.GetRefusal())
			return told{}
		}
	}
	return told{}
}

func cents(t *testing.T, text string) int64 {
	t.Helper()
	n, scale, ok := money.MustParse(text).Minor()
	if !ok || scale != 2 {
		t.Fatalf("%s has no kopecks", text)
	}
	return n
}

// onBoth are accounts whose homes are different shards.
func (c *caller) onBoth(n int) []string {
	var names []string
	for i := 0; len(names) < n; i++ {
		if owner := fmt.Sprintf("l%d", i); book.Home(c.book, owner, shards) == len(names)%shards {
			names = append(names, "customer:"+owner)
		}
	}
	return names
}

// testLinear: many callers at once pay between accounts that lie on two shards, and read
// them: every account is one register.
func testLinear(t *testing.T, h *house) {
	c := h.caller(t)
	names := c.onBoth(3)
	c.open("", names...)
	w := &witnessed{caller: c, began: time.Now()}
	var wait sync.WaitGroup
	for who := range 6 {
		wait.Go(func() {
			for i := range 12 {
				key, from, to := fmt.Sprintf("p%d-%d", who, i), names[(who+i)%3], names[(who+2*i+1)%3]
				sum := int64(100 + (who*31+i*17)%300)
				amount, began := fmt.Sprintf("%d.%02d", sum/100, sum%100), time.Since(w.began)
				switch {
				case i%4 == 0:
					done := w.post(client.Entry(key, "topup", client.Credit(to, "RUB", amount), client.Debit("bank:settlement", "RUB", amount)), "").done
					w.note(who, asked{to, sum}, began, told{done: done})
				case i%4 == 1:
					read, err := c.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{Book: c.book, Accounts: names})
					if err != nil {
						t.Error(err)
						return
					}
					for _, b := range read.GetBalances() {
						w.note(who, asked{b.GetAccount(), 0}, began, told{cents: cents(t, b.GetBalance())})
					}
				case from != to:
					done := w.post(entryOp(key, "transfer", from, to, amount), fault.InsufficientFunds).done
					w.note(who, asked{from, -sum}, began, told{done: done})
					if done {
						w.note(who, asked{to, sum}, began, told{done: true})
					}
				}
			}
		})
	}
	wait.Wait()
	w.check(register)
}

// testLinearKeys: many callers share few keys, two requests for each; some of them are
// refused for want of money, and that answer stays too. Every key has one answer and one effect.
func testLinearKeys(t *testing.T, h *house) {
	c := h.caller(t)
	names := c.onBoth(2)
	c.open("", names...)
	w := &witnessed{caller: c, began: time.Now()}
	var wait sync.WaitGroup
	for who := range 8 {
		wait.Go(func() {
			for i := range 10 {
				n, request := (who+i)%5, int64(1+(who+i*i)%2)
				key, began := fmt.Sprintf("k%d", n), time.Since(w.began)
				op := client.Entry(key, "topup", client.Credit(names[n%2], "RUB", fmt.Sprintf("%d.00", 1<<n)), client.Debit("bank:settlement", "RUB", fmt.Sprintf("%d.00", 1<<n)))
				if n == 4 { // nobody has as much
					op = client.Entry(key, "transfer", client.Debit(names[0], "RUB", "1000.00"), client.Credit(names[1], "RUB", "1000.00"))
				}
				op.GetEntry().Metadata = map[string]string{"request": fmt.Sprint(request)}
				w.note(who, asked{key, request}, began, w.post(op, fault.InsufficientFunds))
			}
		})
	}
	wait.Wait()
	w.check(keyed)
	c.wantBalances(names, "5.00 5.00", "10.00 10.00") // 1 + 4, 2 + 8: each once
}
