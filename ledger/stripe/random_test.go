package stripe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/money"
)

// book is the second, naive model: one balance per account, one order after
// another, no shards.
type book [maxAccounts]int64

// decide applies the order if every account has its money.
func (b *book) decide(o order) uint8 {
	for _, d := range o.debits {
		if b[d.account] < d.amount {
			return refused
		}
	}
	for _, d := range o.debits {
		b[d.account] -= d.amount
	}
	for _, c := range o.credits {
		b[c.account] += c.amount
	}
	return applied
}

// drawSetting makes a world of four shards, five accounts and dozens of orders.
func drawSetting(t *rapid.T, deadlines bool) *setting {
	s := &setting{shards: maxShards}
	number := func(from, to int, what string) int { return rapid.IntRange(from, to).Draw(t, what) }
	for range maxAccounts {
		s.homes = append(s.homes, number(0, maxShards-1, "home"))
	}
	for range maxShards {
		row := make([]int64, maxAccounts)
		for a := range row {
			row[a] = int64(max(0, number(-10, 20, "open")))
		}
		s.open = append(s.open, row)
	}
	for range number(10, 40, "orders") {
		o := order{shard: number(0, maxShards-1, "shard"), expires: deadlines && number(0, 3, "deadline") == 0}
		for _, a := range rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "accounts")[:number(0, 3, "debits")] {
			o.debits = append(o.debits, leg{a, int64(number(1, 30, "debit"))})
		}
		if len(o.debits) == 0 || rapid.Bool().Draw(t, "transfer") {
			o = o.to(number(0, maxAccounts-1, "to"), int64(number(1, 20, "credit")))
		}
		s.orders = append(s.orders, o)
	}
	return s
}

// watched is a world with everything that a long random run can check besides.
func watched(s *setting) *world {
	w := newWorld(s)
	w.shuffled = true
	w.keys = make(map[string]money.Amount)
	return w
}

// quiet lets things happen in any order until nothing must.
func (w *world) quiet(t *rapid.T, also func()) {
	for {
		events, must := w.enabled(nil)
		if !must {
			return
		}
		w.step(rapid.SampledFrom(events).Draw(t, "event"))
		if also != nil {
			also()
		}
		if w.fault != "" {
			t.Fatal(w.fault)
		}
	}
}

// TestRandomWorldsKeepTheLaws runs everything at once: messages overtake each
// other and come twice, deadlines pass, shards are opened again from their rows.
func TestRandomWorldsKeepTheLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := watched(drawSetting(t, true))
		naive := book(w.total)
		var sent []Envelope
		w.trace = func(_ int, a Action) {
			switch a := a.(type) {
			case Send:
				sent = append(sent, a.Envelope)
			case Apply:
				k := commandIndex(a.Command)
				if naive.decide(w.orders[k]) != applied {
					t.Fatalf("order %d is applied, one book would refuse it", k)
				}
			}
		}
		var rows [maxShards]State
		w.quiet(t, func() {
			if len(sent) > 0 && rapid.IntRange(0, 4).Draw(t, "again") == 0 {
				e := rapid.SampledFrom(sent).Draw(t, "copy")
				w.flight[e.From][e.To] = append(w.flight[e.From][e.To], e)
				sent = nil // a copy each now and then: the run must end
			}
			if i := rapid.IntRange(0, 5*maxShards).Draw(t, "open again"); i < maxShards {
				rows[i] = reopen(t, w, i, rows[i])
			}
		})
		w.rest()
		if w.fault != "" {
			t.Fatal(w.fault)
		}
		if naive != book(w.total) || len(w.keys) > 0 {
			t.Fatalf("one book says %v, the stripes %v; still travelling %v", naive, w.total, w.keys)
		}
	})
}

// reopen checks that the changes since the last time lead to the rows of now, and
// goes on with a shard made of those rows.
func reopen(t *rapid.T, w *world, i int, before State) State {
	folded, now := before.Fold(w.state[i].Changes()), w.state[i].State()
	if diff := cmp.Diff(now, folded, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Wait{})); diff != "" {
		t.Fatalf("shard %d: its changes do not lead to its rows: %s", i, diff)
	}
	s, err := Open(ShardID(i), folded)
	if err != nil {
		t.Fatal(err)
	}
	w.state[i] = s
	return folded
}

// TestOneAtATimeEqualsOneBook: when each order is decided before the next one
// comes, stripes are invisible.
func TestOneAtATimeEqualsOneBook(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := drawSetting(t, false)
		orders := all.orders
		all.orders = nil
		w := watched(all)
		naive := book(w.total)
		for k, o := range orders {
			w.orders = append(w.orders, o)
			w.quiet(t, nil)
			if got, want := w.verdict[k], naive.decide(o); got != want {
				t.Fatalf("order %d %+v: %d, one book says %d", k, o, got, want)
			}
			if naive != book(w.total) {
				t.Fatalf("one book says %v, the stripes %v", naive, w.total)
			}
		}
		w.rest()
		if w.fault != "" {
			t.Fatal(w.fault)
		}
	})
}

// TestAskIsCheap: one ask alone costs NEED, its answer, and two messages per
// other shard and round; nothing is held, so no second GAVE comes.
func TestAskIsCheap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := drawSetting(t, false)
		all.orders = []order{debit(1, leg{A, int64(rapid.IntRange(1, 90).Draw(t, "debit"))})}
		w := watched(all)
		messages := 0
		w.trace = func(_ int, a Action) {
			if _, ok := a.(Send); ok {
				messages++
			}
		}
		w.quiet(t, nil)
		if w.rounds[0] > 2 {
			t.Fatalf("%d rounds for an account that does not move", w.rounds[0])
		}
		if limit := 2 + w.rounds[0]*2*(maxShards-1); messages > limit {
			t.Fatalf("%d messages in %d rounds, more than %d", messages, w.rounds[0], limit)
		}
	})
}
