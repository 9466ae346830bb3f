package api_test

import (
	"fmt"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

func reverseOp(id string) *ledgerv1.Operation {
	return &ledgerv1.Operation{What: &ledgerv1.Operation_Reverse{Reverse: &ledgerv1.ReverseEntry{EntryId: id}}}
}

func partOp(id, part string) *ledgerv1.Operation {
	op := reverseOp(id)
	op.GetReverse().How = &ledgerv1.ReverseEntry_Part{Part: part}
	return op
}

func amountsOp(id string, legs ...*ledgerv1.LegAmount) *ledgerv1.Operation {
	op := reverseOp(id)
	op.GetReverse().How = &ledgerv1.ReverseEntry_ByAmounts{ByAmounts: &ledgerv1.LegAmounts{Legs: legs}}
	return op
}

func (c *caller) entry(id string) *ledgerv1.Entry {
	c.t.Helper()
	answer, err := c.Ledger.GetEntry(c.t.Context(), &ledgerv1.GetEntryRequest{Book: c.book, Which: &ledgerv1.GetEntryRequest_Id{Id: id}})
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.GetEntry()
}

// testReversals: both sides of a reversal name the other, refusals name fields and
// numbers, and a correction is one record.
func testReversals(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	id := c.must(entryOp("", "transfer", a, b, "40.00"))[0].GetId()
	if e := c.entry(id); len(e.GetReversedBy()) != 0 || len(e.GetLeft()) != 0 || e.GetReverses() != "" {
		t.Errorf("nothing was given back: %v", e)
	}
	first := c.must(partOp(id, "0.25"))[0].GetId()
	second := c.must(amountsOp(id, &ledgerv1.LegAmount{Leg: 0, Amount: "5.00"}, &ledgerv1.LegAmount{Leg: 1, Amount: "5.00"}))[0].GetId()
	c.wantBalances([]string{a, b}, "75.00 75.00", "125.00 125.00")
	e := c.entry(id)
	if fmt.Sprint(e.GetReversedBy()) != fmt.Sprint([]string{first, second}) || len(e.GetLeft()) != 2 ||
		e.GetLeft()[1].GetLeft() != "25.00" || e.GetLeft()[1].GetReversed() != "15.00" || e.GetLeft()[1].GetAmount() != "40.00" {
		t.Errorf("%v", e)
	}
	if e := c.entry(second); e.GetReverses() != id || e.GetLinks()["reverses"] != id || e.GetReversingLegs() != 2 || e.GetKind() != "reversal" {
		t.Errorf("%v", e)
	}
	r := c.postOps(amountsOp(id, &ledgerv1.LegAmount{Leg: 0, Amount: "25.01"}, &ledgerv1.LegAmount{Leg: 1, Amount: "25.01"}))[0].GetRefusal()
	part(t, r, fault.ReversalExceeded, "operations[0].reverse.entry_id")
	if r.GetFacts()["left"] != "25.00" || r.GetFacts()["asked"] != "25.01" {
		t.Errorf("%v", r)
	}
	part(t, c.postOps(partOp(id, "1.5"))[0].GetRefusal(), fault.AmountInvalid, "operations[0].reverse.part")
	part(t, c.postOps(amountsOp(id, &ledgerv1.LegAmount{Leg: 0, Amount: "1"}, &ledgerv1.LegAmount{Leg: 9, Amount: "1"}))[0].GetRefusal(),
		fault.Malformed, "operations[0].reverse.by_amounts.legs[1].leg")
	part(t, c.postOps(reverseOp(first))[0].GetRefusal(), fault.NotReversible, "operations[0].reverse.entry_id")
	part(t, c.postOps(reverseOp("1.999999"))[0].GetRefusal(), fault.EntryUnknown, "operations[0].reverse.entry_id")
	part(t, h.caller(t).postOps(reverseOp(id))[0].GetRefusal(), fault.EntryUnknown, "operations[0].reverse.entry_id") // of another book

	fix := &ledgerv1.Operation{What: &ledgerv1.Operation_Correct{Correct: &ledgerv1.CorrectEntry{
		EntryId: id, Entry: entryOp("", "transfer", a, b, "1.00").GetEntry(),
	}}}
	fixed := c.must(fix)[0]
	c.wantBalances([]string{a, b}, "99.00 99.00", "101.00 101.00")
	if e := c.entry(fixed.GetId()); e.GetReverses() != id || e.GetReversingLegs() != 2 || len(e.GetLegs()) != 4 || e.GetKind() != "transfer" {
		t.Errorf("%v", e)
	}
	forged := entryOp("", "transfer", a, b, "1.00")
	forged.GetEntry().Links = map[string]string{"reverses": id}
	part(t, c.postOps(forged)[0].GetRefusal(), fault.Malformed, "operations[0].entry.links")
}
