package ledger_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// post is an entry of two legs.
func post(day, from, to, amount string) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Post{Post: &commandv1.Post{Kind: "transfer", Day: day, Legs: []*commandv1.Leg{
		{Account: from, Asset: "RUB", Debit: true, Amount: amount, Open: true}, {Account: to, Asset: "RUB", Amount: amount, Open: true},
	}}}}
}

func cancelled(seq uint64) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Cancel{Cancel: &commandv1.Cancel{ScheduledSeq: seq}}}
}

// audited reads the events of the world as an auditor does.
func audited(t interface{ Fatal(...any) }, w *audittest.World) {
	a := audit.New(audit.Options{Zone: audittest.Zone})
	for _, e := range w.Events(0) {
		if err := a.Add(0, audit.Event(e)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
}

// plan is a scheduled entry in the second model.
type plan struct {
	day, from, to string
	amount        int64
	waits         bool
}

// TestScheduledEntriesAreHeldUntilTheirDay posts, schedules, cancels and lets days pass at
// random, and compares every balance with a second model that knows no stripes: money of a
// plan that waits cannot be spent, and counts nowhere else before its day.
func TestScheduledEntriesAreHeldUntilTheirDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := audittest.New()
		names := []string{"customer:a", "customer:b", "bank:main"}
		for _, n := range names[:2] {
			w.Do(0, &commandv1.Operation{What: &commandv1.Operation_Open{Open: &commandv1.Open{Account: n}}})
		}
		have, held := map[string]int64{}, map[string]int64{}
		plans := map[uint64]*plan{}
		today := func() string { return audittest.Day(w.Clock(0)) }
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			from, to := rapid.SampledFrom(names).Draw(rt, "from"), rapid.SampledFrom(names).Draw(rt, "to")
			amount := rapid.Int64Range(1, 50).Draw(rt, "amount")
			free := from == "bank:main" || have[from]-held[from] >= amount
			switch what := rapid.IntRange(0, 5).Draw(rt, "what"); {
			case what <= 3 && from != to:
				ahead := rapid.SampledFrom([]int{0, -1, 1, 2, 30}).Draw(rt, "ahead")
				day := time.UnixMicro(w.Clock(0)).In(audittest.Zone).AddDate(0, 0, ahead).Format(time.DateOnly)
				w.Do(0, post(day, from, to, money.RUB.Format(money.New(amount, 2))))
				switch {
				case !free:
				case ahead > 0:
					plans[w.Seq(0)] = &plan{day, from, to, amount, true}
					held[from] += amount
				default:
					have[from] -= amount
					have[to] += amount
				}
			case what == 4 && len(plans) > 0:
				seq := rapid.SampledFrom(slices.Sorted(keysOf(plans))).Draw(rt, "cancel")
				w.Do(0, cancelled(seq))
				if p := plans[seq]; p.waits {
					p.waits = false
					held[p.from] -= p.amount
				}
			case what == 5:
				w.Pass(0, time.Duration(rapid.IntRange(1, 60).Draw(rt, "hours"))*time.Hour)
				for _, seq := range slices.Sorted(keysOf(plans)) {
					if p := plans[seq]; p.waits && p.day <= today() {
						w.PostScheduled(0, seq)
						p.waits = false
						held[p.from] -= p.amount
						have[p.from] -= p.amount
						have[p.to] += p.amount
					}
				}
			}
			for _, n := range names[:2] {
				if got, want := w.Available(0, n), money.New(have[n]-held[n], 2); !got.Equal(want) {
					rt.Fatalf("%s has %s available, want %s", n, got, want)
				}
			}
		}
		audited(rt, w)
	})
}

func keysOf[V any](m map[uint64]V) func(func(uint64) bool) {
	return func(yield func(uint64) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
