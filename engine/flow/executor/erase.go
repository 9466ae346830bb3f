package executor

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Facts of a kept_by_law refusal.
const (
	FactUntil = "until" // the last day of keeping, YYYY-MM-DD
	FactRule  = "rule"  // the law
	FactYear  = "year"  // of the payment
)

// term is a row of the table Keep.
type term struct {
	years uint32
	rule  string
}

var kinds = map[string]flowv1.EmploymentKind{
	"selfemployed":   flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED,
	"entrepreneur":   flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR,
	"civil_contract": flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT,
}

var terms = mustTerms(document)

func mustTerms(text string) map[flowv1.EmploymentKind]term {
	out, err := readTerms(text)
	if err != nil {
		panic(err.Error())
	}
	return out
}

// readTerms reads the table Keep; every kind has one row.
func readTerms(text string) (map[flowv1.EmploymentKind]term, error) {
	tables, err := machine.ParseTables("engine/flow/executor/executor.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Keep")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Kind", "Years", "Rule"); err != nil {
		return nil, err
	}
	out := map[flowv1.EmploymentKind]term{}
	for _, r := range t.Rows {
		kind, ok := kinds[r.Cell("Kind")]
		years, err := strconv.ParseUint(r.Cell("Years"), 10, 8)
		if _, twice := out[kind]; !ok || twice || err != nil || r.Cell("Rule") == "" {
			return nil, r.Errorf("a row names a kind once, whole years and the rule")
		}
		out[kind] = term{uint32(years), r.Cell("Rule")}
	}
	if len(out) != len(kinds) {
		return nil, fmt.Errorf("engine/flow/executor/executor.md: Keep has %d kinds of %d", len(out), len(kinds))
	}
	return out, nil
}

// erase orders the erasure of a person whom no document has to name any more.
func erase(v flow.View, c flow.Command, d *flowv1.ExecutorData) (map[string][]byte, *fault.Refusal) {
	var b flowv1.ExecutorErase
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return nil, refusal
	}
	if v.State != Blocked && v.State != Erased {
		return nil, nil // the table has no row: wrong_state
	}
	if b.GetUnpaid() {
		return nil, fault.Refuse(fault.WrongState, "executor_id", "accepted work of the person is not paid yet")
	}
	if refusal := kept(v.Day, b.GetPaid()); refusal != nil {
		return nil, refusal
	}
	d.ErasedDay = v.Day
	return map[string][]byte{eraseData: flow.Bytes(&flowv1.ExecutorEraseAsk{Book: v.Book, ExecutorId: v.ID})}, nil
}

// kept refuses as long as documents of a year have to be kept, naming the last day.
func kept(today string, paid []*flowv1.ExecutorPaidYear) *fault.Refusal {
	var last string
	var because term
	var of uint32
	for _, p := range paid {
		t, ok := terms[p.GetKind()]
		if !ok {
			return fault.Refuse(fault.Malformed, "paid", "a paid year says the kind of employment")
		}
		if until := fmt.Sprintf("%04d-12-31", p.GetYear()+t.years); until > last {
			last, because, of = until, t, p.GetYear()
		}
	}
	if today > last {
		return nil
	}
	return fault.Refuse(fault.KeptByLaw, "executor_id", "documents of payments of %d are kept until %s inclusive: %s", of, last, because.rule).
		With(FactUntil, last).With(FactRule, because.rule).With(FactYear, strconv.FormatUint(uint64(of), 10))
}

// answered hears what became of the erasure. Done is done, also when it
// had been said to be refused; a newer attempt that is open has the last word.
func answered(v flow.View, c flow.Command, d *flowv1.ExecutorData, out *flow.Decision) {
	newest := c.Number == v.Attempts[eraseData]
	switch {
	case c.Event == eraseDone && (v.State == Blocked || v.State == Registered || v.State == Conflict || v.State == Disputed || v.State == Erasing && newest):
		d.ErasedDay, d.ProfileVersion, d.RequisitesVersion = cmp.Or(d.GetErasedDay(), v.Day), 0, 0
	case v.State != Erasing || !newest:
		out.On = eraseLate
	case c.Event == eraseRefused:
		d.ErasedDay = ""
	case c.Event == eraseUnknown:
		out.Asks = map[string][]byte{askErase: nil}
	}
}
