package task

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*flowv1.TaskCreate)
		code  fault.Code
		field string
	}{
		"no company":       {func(c *flowv1.TaskCreate) { c.CompanyId = "" }, fault.Malformed, "company_id"},
		"company of two":   {func(c *flowv1.TaskCreate) { c.CompanyId = "a:b" }, fault.Malformed, "company_id"},
		"executor in caps": {func(c *flowv1.TaskCreate) { c.ExecutorId = "E1" }, fault.Malformed, "executor_id"},
		"third place":      {func(c *flowv1.TaskCreate) { c.Price = "1.005" }, fault.AmountInvalid, "price"},
		"zero":             {func(c *flowv1.TaskCreate) { c.Price = "0.00" }, fault.AmountInvalid, "price"},
		"negative":         {func(c *flowv1.TaskCreate) { c.Price = "-1.00" }, fault.AmountInvalid, "price"},
		"forty digits":     {func(c *flowv1.TaskCreate) { c.Price = "1234567890123456789012345678901234567890" }, fault.AmountInvalid, "price"},
		"too much":         {func(c *flowv1.TaskCreate) { c.Price = "1000000000.01" }, fault.AmountInvalid, "price"},
		"no price kind":    {func(c *flowv1.TaskCreate) { c.PriceKind = 0 }, fault.Malformed, "price_kind"},
		"no stamp":         {func(c *flowv1.TaskCreate) { c.Executor = nil }, fault.Malformed, "executor.kind"},
		"another kind":     {func(c *flowv1.TaskCreate) { c.Kind = civilContract }, fault.KindMismatch, "kind"},
		"done by nobody":   {func(c *flowv1.TaskCreate) { c.ExecutorId = "" }, fault.Malformed, "executor_id"},
		"bad day":          {func(c *flowv1.TaskCreate) { c.PeriodFrom = "02.03.2026" }, fault.Malformed, "period_from"},
		"ends early":       {func(c *flowv1.TaskCreate) { c.PeriodTo = "2024-01-01" }, fault.Malformed, "period_to"},
		"bad tariff":       {func(c *flowv1.TaskCreate) { c.Tariff = &flowv1.Tariff{Percent: "101"} }, fault.AmountInvalid, "tariff.percent"},
	} {
		c := ready(selfEmployed, "100.00")
		tc.spoil(c)
		s := spec(c)
		m, refusal := it.Step(flowtest.NewWorld(&s).View, act(Create, c).Command)
		if refusal == nil || refusal.Code != tc.code || refusal.Field != tc.field {
			t.Errorf("%s: got %v, want %s of %s", name, refusal, tc.code, tc.field)
		}
		if m.Data != nil || m.Entry != nil {
			t.Errorf("%s: a refusal moved something", name)
		}
	}
}

func TestGarbageIsRefused(t *testing.T) {
	t.Parallel()
	s := spec(ready(selfEmployed, "100.00"))
	w := flowtest.NewWorld(&s)
	for _, c := range []flow.Command{
		{Event: Create, Body: []byte("\xff\xff garbage")},
		{Event: Create, Body: body(ready(selfEmployed, "100.00"))[:7]},
		{Event: payUnchecked}, {Event: "no_such_event"}, {Event: payoutDone, Answer: &port.Answer{}, Number: 1},
	} {
		if _, refusal := it.Step(w.View, c); refusal == nil {
			t.Errorf("%q of garbage passed", c.Event)
		}
	}
	if _, refusal, err := w.Do(s.Acts[0]); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	for _, event := range []string{payUnchecked, payBlocked, retryLast, holdDoneCompleted, "no_such_event"} {
		if _, refusal := it.Step(w.View, flow.Command{Event: event}); refusal == nil || refusal.Code != fault.WrongState {
			t.Errorf("a caller chose the row %s: %v", event, refusal)
		}
	}
}

// TestAsksCarryWhatPortsNeed reads what the world is asked: ids and sums only.
func TestAsksCarryWhatPortsNeed(t *testing.T) {
	t.Parallel()
	s := spec(ready(selfEmployed, "100.00"))
	w := flowtest.NewWorld(&s)
	do := func(a flowtest.Act) flow.Move {
		m, refusal, err := w.Do(a)
		if refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
		return m
	}
	do(s.Acts[0])
	do(answered(t, w, holdYear))
	do(s.Acts[6])
	var income flowv1.IncomeAsk
	if err := proto.Unmarshal(w.Tries[1].Effect.Body, &income); err != nil {
		t.Fatal(err)
	}
	want := &flowv1.IncomeAsk{Book: "main", Task: "t1", CompanyId: "c1", ExecutorId: "e1", Gross: "100.00"}
	if !proto.Equal(&income, want) {
		t.Errorf("asked %v, want %v", &income, want)
	}
	do(answered(t, w, checkIncome))
	var change flowv1.TaxpayerChange
	if err := proto.Unmarshal(w.Tries[2].Effect.Body, &change); err != nil {
		t.Fatal(err)
	}
	if q := change.Question; change.ExecutorId != "e1" || change.Was.GetGross() != "100.00" || q.GetGross() != "100.00" || q.GetDay() != "2024-12-31" || q.GetStage() != stageTaken {
		t.Errorf("asked %v", &change)
	}
	m := do(answered(t, w, takeYear))
	var payout flowv1.PayoutAsk
	if err := proto.Unmarshal(m.Effects[0].Body, &payout); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(&payout, &flowv1.PayoutAsk{
		Book: "main", Task: "t1", CompanyId: "c1", ExecutorId: "e1", RequisitesVersion: 1, Amount: "94.00",
	}) {
		t.Errorf("asked %v", &payout)
	}
}

// answered is the world's yes to the open attempt of an ask.
func answered(t *testing.T, w *flowtest.World, ask string) flowtest.Act {
	t.Helper()
	for i, try := range w.Tries {
		if try.Effect.Ask == ask && try.Last == port.Unknown {
			w.Tries[i].Last = port.Done
			a := port.Answer{Result: port.Done, Status: "done"}
			reply(false)(try, port.Done, &a)
			return flowtest.Act{Name: ask, Command: flow.Command{Event: it.EventFor(ask, port.Done), Answer: &a, Number: try.Effect.Number}}
		}
	}
	t.Fatalf("%s is not open", ask)
	return flowtest.Act{}
}

func TestErrorTableIsComparedBothWays(t *testing.T) {
	t.Parallel()
	if len(Troubles()) != len(errorCodes) {
		t.Errorf("%d troubles", len(Troubles()))
	}
	if _, err := parseTroubles(document + "\n"); err != nil {
		t.Error(err)
	}
	if _, err := parseTroubles("## Errors\n\n| Code | Russian | Retry helps | Who acts | Meaning |\n|---|---|---|---|---|\n| income_cap | x | no | company | x |\n"); err == nil {
		t.Error("a table without the other codes passed")
	}
}
