package task

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Limits of the tests: nothing is too much for them, but that the world may refuse.
var (
	firmDay   = &flowv1.PaymentLimit{Setter: flowv1.LimitSetter_LIMIT_SETTER_COMPANY, Scope: flowv1.LimitScope_LIMIT_SCOPE_COMPANY_DAY, Most: "90000000.00"}
	personDay = &flowv1.PaymentLimit{Setter: flowv1.LimitSetter_LIMIT_SETTER_COMPANY, Scope: flowv1.LimitScope_LIMIT_SCOPE_COUNTERPARTY_DAY, Most: "90000000.00", Count: 100}
)

// answerLimit is what the limits of a company that has paid nothing answer.
func answerLimit(e flow.Effect, r port.Result) *flowv1.LimitAnswer {
	var c flowv1.LimitChange
	if err := proto.Unmarshal(e.Body, &c); err != nil {
		panic(err)
	}
	if r == port.Done {
		return &flowv1.LimitAnswer{Count: c.Question.Count}
	}
	return &flowv1.LimitAnswer{Short: &flowv1.LimitShort{Limit: c.Question.Limits[0], Free: "12.34"}}
}

// refusedYear is what the year of a person answers that has no room, or whose limit of payments is used up.
func refusedYear(e flow.Effect, code fault.Code) *flowv1.TaxpayerAnswer {
	var c flowv1.TaxpayerChange
	if err := proto.Unmarshal(e.Body, &c); err != nil {
		panic(err)
	}
	limits := c.GetPayment().GetLimits()
	if code != fault.PayoutLimit && code != fault.PayoutLimitPeriod || len(limits) == 0 {
		return &flowv1.TaxpayerAnswer{Free: "12.34"}
	}
	short := &flowv1.LimitShort{Limit: limits[len(limits)-1]}
	if code == fault.PayoutLimitPeriod {
		short.Free, short.FreeCount = "12.34", 1
	}
	return &flowv1.TaxpayerAnswer{Short: short}
}

// countLaw: what the task thinks is counted of it is what was asked and told; and that is
// the payments that may have left, each once, when nothing is open that says otherwise.
func countLaw(w *flowtest.World, d *flowv1.TaskData) error {
	var person, company []*flowv1.PaymentCount
	for _, try := range w.Tries {
		switch try.Effect.Ask {
		case takeYear, tellYear:
			var c flowv1.TaxpayerChange
			if err := proto.Unmarshal(try.Effect.Body, &c); err != nil {
				return err
			}
			if c.Payment != nil && try.Last == port.Done {
				if count := answerYear(try.Effect).Count; count != nil {
					person = append(person, count)
				}
			}
			person = told(person, c.CountsWas, c.CountsNow)
		case takeLimit, tellLimit:
			var c flowv1.LimitChange
			if err := proto.Unmarshal(try.Effect.Body, &c); err != nil {
				return err
			}
			if c.Question != nil && try.Last == port.Done {
				company = append(company, c.Question.Count)
			}
			company = told(company, c.CountsWas, c.CountsNow)
		}
	}
	if !sameCounts(person, d.CountedPerson) || !sameCounts(company, d.CountedCompany) {
		return fmt.Errorf("counted are %v and %v, the task thinks %v and %v", person, company, d.CountedPerson, d.CountedCompany)
	}
	var atPerson, atCompany []*flowv1.PaymentCount
	for _, a := range d.Payouts {
		if (a.Count != nil) != (a.CountPerson || a.CountCompany) || a.Count != nil && a.Count.Amount != a.Amount {
			return fmt.Errorf("attempt %d of %s counts as %v", a.Number, a.Amount, a.Count)
		}
		if a.CountPerson && a.Result != resultRefused {
			atPerson = append(atPerson, a.Count)
		}
		if a.CountCompany && a.Result != resultRefused {
			atCompany = append(atCompany, a.Count)
		}
	}
	if len(w.Open()) == 0 && (!sameCounts(atPerson, person) || !sameCounts(atCompany, company)) {
		return fmt.Errorf("%v and %v may have left, counted are %v and %v", atPerson, atCompany, person, company)
	}
	return nil
}

// told applies a telling; what is taken out was in.
func told(in, was, now []*flowv1.PaymentCount) []*flowv1.PaymentCount {
	in = slices.Clone(in)
	for _, c := range was {
		i := slices.IndexFunc(in, func(o *flowv1.PaymentCount) bool { return proto.Equal(c, o) })
		if i < 0 {
			return append(in, &flowv1.PaymentCount{Day: "what is taken out was not in"})
		}
		in = slices.Delete(in, i, i+1)
	}
	return append(in, now...)
}

func sameCounts(a, b []*flowv1.PaymentCount) bool {
	if len(a) != len(b) {
		return false
	}
	return len(told(a, b, nil)) == 0
}

// exploreLimits walks every order of what happens to payments that limits count: at the
// person, at the company, at both.
func exploreLimits(t *testing.T) []flowtest.Rows {
	t.Helper()
	var walked []flowtest.Rows
	pays := func(kind flowv1.EmploymentKind, limits ...*flowv1.PaymentLimit) flowtest.Spec {
		s := spec(ready(kind, "100.00"))
		for i, event := range []string{Pay, Retry} {
			s.Acts[6+i] = act(event, &flowv1.TaskPay{Executor: stamp(kind, uint32(i+1)), Tariff: tariff, Limits: limits})
		}
		return s
	}
	for _, kind := range []flowv1.EmploymentKind{selfEmployed, civilContract, entrepreneur} {
		s := pays(kind, personDay, firmDay)
		if kind == selfEmployed {
			s.Flips = 0 // the others walk what is taken back
		}
		walked = append(walked, flowtest.Explore(t, s))
	}
	walked = append(walked, flowtest.Explore(t, pays(entrepreneur, firmDay)))
	heard := pays(entrepreneur, firmDay)
	heard.Deaf, heard.Flips, heard.Told = false, 0, 2
	older, err := os.ReadFile("testdata/limit_older_payment.txt")
	if err != nil {
		t.Fatal(err)
	}
	return append(walked, flowtest.Explore(t, heard), flowtest.Story(t, script(), string(older)))
}

// TestTheNextPeriod: what a limit of a day or a month stops is gone on with a little after the next one
// begins, in the book's zone, as often as it takes; what the bank stopped by a limit of its own, the next day.
func TestTheNextPeriod(t *testing.T) {
	t.Parallel()
	moscow := time.FixedZone("MSK", 3*60*60)
	code := string(fault.PayoutLimitPeriod)
	for _, tc := range []struct {
		scope flowv1.LimitScope
		clock string
		next  string
	}{
		{flowv1.LimitScope_LIMIT_SCOPE_COMPANY_DAY, "2026-03-01T21:30:00Z", "2026-03-02T21:05:00Z"},
		{flowv1.LimitScope_LIMIT_SCOPE_COUNTERPARTY_MONTH, "2026-12-31T20:59:59Z", "2026-12-31T21:05:00Z"},
		{flowv1.LimitScope_LIMIT_SCOPE_COMPANY_MONTH, "2026-01-31T09:00:00Z", "2026-01-31T21:05:00Z"},
		{flowv1.LimitScope_LIMIT_SCOPE_UNSPECIFIED, "2026-02-28T20:00:00Z", "2026-02-28T21:05:00Z"},
	} {
		clock := flow.Moment(tc.clock)
		s := &step{view: flow.View{State: Error, Clock: clock, Day: clock.In(moscow).Format(time.DateOnly), Zone: moscow}, data: &flowv1.TaskData{}}
		if tc.scope != flowv1.LimitScope_LIMIT_SCOPE_UNSPECIFIED {
			s.short = &flowv1.LimitShort{Limit: &flowv1.PaymentLimit{Scope: tc.scope, Most: "1.00"}, Free: "0.50"}
		}
		for range 3 {
			s.fail(code, "")
			if s.data.Error.RetryAt != tc.next {
				t.Fatalf("%s at %s: tried again at %s, want %s", tc.scope, tc.clock, s.data.Error.RetryAt, tc.next)
			}
			s.command, s.asks = flow.Command{Event: retryDue}, map[string][]byte{}
			if refusal := s.tryAgain(); refusal != nil || s.asks[retryItself] == nil {
				t.Fatal(refusal)
			}
			s.data.Again = s.goneOn(&flowv1.TaskPay{Automatic: true})
		}
	}
}

// TestWhatOnlyAnotherWayLifts: a limit of the table's that stopped a payment of a way is gone on with when the executor has
// other requisites; the company's and the house's own, and those of any way, as they are then.
func TestWhatOnlyAnotherWayLifts(t *testing.T) {
	t.Parallel()
	const sbp = flowv1.PayoutWay_PAYOUT_WAY_SBP
	for _, tc := range []struct {
		limit *flowv1.PaymentLimit
		other bool
	}{
		{limit.InForce(sbp, "2026-03-02", nil)[0], true},
		{&flowv1.PaymentLimit{Setter: flowv1.LimitSetter_LIMIT_SETTER_COMPANY, Way: sbp, Scope: flowv1.LimitScope_LIMIT_SCOPE_PAYMENT, Most: "1.00"}, false},
		{&flowv1.PaymentLimit{Setter: flowv1.LimitSetter_LIMIT_SETTER_HOUSE, Way: sbp, Scope: flowv1.LimitScope_LIMIT_SCOPE_PAYMENT, Most: "1.00"}, false},
		{&flowv1.PaymentLimit{Scope: flowv1.LimitScope_LIMIT_SCOPE_PAYMENT, Most: "1.00"}, false},
	} {
		s := &step{view: flow.View{State: Error, Clock: flow.Moment("2026-03-02T09:00:00Z"), Day: "2026-03-02"}, data: &flowv1.TaskData{RequisitesVersion: 7}, asks: map[string][]byte{}}
		s.failLimit(string(fault.PayoutLimit), &flowv1.LimitShort{Limit: tc.limit})
		s.command.Event = Recheck
		if refusal := s.tryAgain(); refusal != nil {
			t.Fatal(refusal)
		}
		var ask flowv1.TaskRetryAsk
		if err := proto.Unmarshal(s.asks[retryItself], &ask); err != nil || (ask.RefusedRequisites == 7) != tc.other {
			t.Errorf("%v: %v %v", tc.limit, &ask, err)
		}
	}
}

// TestStopped: a payment that a limit has stopped says whose it is and what is counted under it; one of the bank's own is
// known by its code; what failed otherwise, and what was said before the payment, is none.
func TestStopped(t *testing.T) {
	t.Parallel()
	day := &flowv1.LimitShort{Limit: firmDay}
	card := &flowv1.LimitShort{Limit: &flowv1.PaymentLimit{Scope: flowv1.LimitScope_LIMIT_SCOPE_PAYMENT}}
	for _, tc := range []struct {
		says  string
		code  fault.Code
		short *flowv1.LimitShort
		want  flow.Stop
	}{
		{"task.failed", fault.PayoutLimitPeriod, day, flow.Stop{Code: "payout_limit_period", Scope: "company day", Setter: "company"}},
		{"task.failed", fault.PayoutLimit, card, flow.Stop{Code: "payout_limit", Scope: "payment", Setter: "table"}},
		{"task.failed", fault.PayoutLimitPeriod, nil, flow.Stop{Code: "payout_limit_period", Setter: "bank"}},
		{"task.failed", fault.PayoutRefused, nil, flow.Stop{}},
		{"task.refused", fault.PayoutLimit, card, flow.Stop{}},
		{"", fault.PayoutLimit, card, flow.Stop{}},
	} {
		data, err := proto.Marshal(&flowv1.TaskData{Error: &flowv1.TaskError{Code: string(tc.code), Limit: tc.short}})
		if err != nil {
			t.Fatal(err)
		}
		got, ok := New().Stopped(&journalv1.Move{Says: tc.says, Data: data})
		if ok != (tc.want != flow.Stop{}) || ok && got != tc.want {
			t.Errorf("%s %s: %v %t, want %v", tc.says, tc.code, got, ok, tc.want)
		}
	}
	for _, on := range []struct{ from, on string }{{Completed, payBlocked}, {Paying, takeRefused}, {Paying, limitRefused}, {Error, retryBlocked}} {
		if row, ok := New().Machine.Next(on.from, on.on); !ok || row.Says != saysFailed {
			t.Errorf("%s on %s does not say %s", on.from, on.on, saysFailed)
		}
	}
}
