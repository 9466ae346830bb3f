package ledger_test

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// TestClosedDaysAgainstANaiveModel posts on days around today, closes periods, keeps
// sheets, opens days again and lets days pass, all at random; the second model is one
// line in the calendar and a sum per day.
func TestClosedDaysAgainstANaiveModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := audittest.New()
		w.Do(0, &commandv1.Operation{What: &commandv1.Operation_Open{Open: &commandv1.Open{Account: "customer:a"}}})
		line, unsealed, days := "", false, map[string]int64{}
		sums := map[string]int64{} // as the records say
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			day := time.UnixMicro(w.Clock(0)).In(audittest.Zone).AddDate(0, 0, -rapid.IntRange(0, 5).Draw(rt, "ago")).Format(time.DateOnly)
			today := audittest.Day(w.Clock(0))
			var got, want fault.Code
			refused := func(r *fault.Refusal) {
				if r != nil {
					got = r.Code
				}
			}
			change := &commandv1.ChangePeriod{Through: day, Reason: "r", Sheet: bytes.Repeat([]byte{7}, 32)}
			change.Version = w.Rule(0, ledger.PeriodRule, ledger.PeriodSubject).GetVersion()
			order := func(c *commandv1.ChangePeriod) *fault.Refusal {
				return w.Order(0, "api-1", &commandv1.Operation{What: &commandv1.Operation_Period{Period: c}})
			}
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 0, 1, 2:
				amount := rapid.Int64Range(1, 50).Draw(rt, "amount")
				w.Do(0, post(day, "bank:main", "customer:a", money.RUB.Format(money.New(amount, 2))))
				got = fault.Code(w.Last(0).GetRefusal().GetCode())
				if got == "" {
					sums[w.Last(0).GetEntry().GetDay()] += amount
				}
				if day <= line {
					want = fault.PeriodClosed
				} else {
					days[day] += amount
				}
			case 3:
				change.What = commandv1.PeriodChange_PERIOD_CHANGE_CLOSE
				refused(order(change))
				if day >= today || day <= line || unsealed {
					want = fault.WrongState
				} else {
					line, unsealed = day, true
				}
			case 4:
				change.What = commandv1.PeriodChange_PERIOD_CHANGE_SHEET
				change.Through = line
				refused(order(change))
				if !unsealed {
					want = fault.WrongState
				}
				unsealed = false
			case 5:
				change.What = commandv1.PeriodChange_PERIOD_CHANGE_REOPEN
				refused(w.Order(0, "api-1", &commandv1.Operation{What: &commandv1.Operation_Ask{Ask: &commandv1.Ask{
					ExpiresMs: time.Hour.Milliseconds(), What: &commandv1.Ask_Period{Period: change},
				}}}))
				if got == "" {
					refused(w.Order(0, "api-2", &commandv1.Operation{What: &commandv1.Operation_Verdict{Verdict: &commandv1.Verdict{
						AskedSeq: w.Seq(0), Approve: true, Reason: "r",
					}}}))
				}
				if day >= line {
					want = fault.WrongState
				} else {
					line, unsealed = day, false
				}
			case 6:
				w.Pass(0, time.Duration(rapid.IntRange(1, 60).Draw(rt, "hours"))*time.Hour)
			}
			if got != want {
				rt.Fatalf("%s with all up to %q closed: %q, the naive model says %q", day, line, got, want)
			}
		}
		for d, sum := range days {
			if sums[d] != sum {
				rt.Fatalf("%s has %d, want %d", d, sums[d], sum)
			}
		}
		audited(rt, w)
	})
}
