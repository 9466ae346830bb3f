package api_test

import (
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// testPeriods closes periods, lists them, and is refused inside them.
func testPeriods(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	dated := func(day, amount string) *ledgerv1.Operation {
		op := entryOp("", "rent", a, b, amount)
		op.GetEntry().Day = day
		return op
	}
	c.must(dated("2026-02-10", "30.00"))
	ask := &ledgerv1.ClosePeriodRequest{Book: c.book, Key: "feb", ThroughDay: "2026-02-28", Reason: "февраль закрыт"}
	done, err := c.Ledger.ClosePeriod(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	p := done.GetPeriod()
	if p.GetFromDay() != "" || p.GetThroughDay() != "2026-02-28" || len(p.GetSheetSha256()) != 64 || p.GetClosedBy() == "" || done.GetPosition() == "" {
		t.Errorf("%v", done)
	}
	if again, err := c.Ledger.ClosePeriod(t.Context(), ask); err != nil || !again.GetReplayed() || again.GetPeriod().GetSheetSha256() != p.GetSheetSha256() {
		t.Errorf("the same again: %v, %v", again, err)
	}
	r := c.postOps(dated("2026-02-28", "1.00"))[0].GetRefusal()
	c.wantRefusal(r, fault.PeriodClosed, "operations[0].entry.day")
	if r.GetFacts()["first_open"] != "2026-03-01" {
		t.Errorf("%v", r)
	}
	c.must(dated("2026-03-01", "1.00"))
	for field, bad := range map[string]*ledgerv1.ClosePeriodRequest{
		"through_day": {Book: c.book, Key: "k1", ThroughDay: "2026-02-30", Reason: "r"},
		"reason":      {Book: c.book, Key: "k2", ThroughDay: "2026-03-01", Reason: " "},
	} {
		_, err := c.once().Ledger.ClosePeriod(t.Context(), bad)
		refused(t, err, fault.Malformed, field)
	}
	_, err = c.once().Ledger.ClosePeriod(t.Context(), &ledgerv1.ClosePeriodRequest{Book: c.book, Key: "k3", ThroughDay: "2026-02-28", Reason: "r"})
	refused(t, err, fault.WrongState, "through_day")
	if _, err = c.Ledger.ClosePeriod(t.Context(), &ledgerv1.ClosePeriodRequest{Book: c.book, Key: "mar", ThroughDay: "2026-03-31", Reason: "март"}); err != nil {
		t.Fatal(err)
	}
	list, err := c.Ledger.ListPeriods(t.Context(), &ledgerv1.ListPeriodsRequest{Book: c.book})
	if err != nil || list.GetFirstOpenDay() != "2026-04-01" || len(list.GetPeriods()) != 2 ||
		list.GetPeriods()[0].GetFromDay() != "2026-03-01" || strings.Compare(list.GetPeriods()[0].GetSheetSha256(), p.GetSheetSha256()) == 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// testReopening opens closed days again: one key asks, another approves, and only then
// do the days take entries.
func testReopening(t *testing.T, h *house) {
	c := h.caller(t)
	boris := c.colleague()
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	_, err := c.Ledger.ClosePeriod(t.Context(), &ledgerv1.ClosePeriodRequest{Book: c.book, Key: "feb", ThroughDay: "2026-02-28", Reason: "закрыт"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(key, from string) *ledgerv1.RequestApprovalRequest {
		return &ledgerv1.RequestApprovalRequest{Book: c.book, What: &ledgerv1.RequestApprovalRequest_Reopen{
			Reopen: &ledgerv1.ReopenPeriods{Key: key, FromDay: from, Reason: "опоздавший акт"},
		}}
	}
	asked, err := c.Ledger.RequestApproval(t.Context(), ask("r1", "2026-02-01"))
	if err != nil || asked.GetRefusal() != nil {
		t.Fatal(asked, err)
	}
	p := asked.GetApproval().GetPeriod()
	if p.GetClosedThroughDay() != "2026-01-31" || p.GetBeforeThroughDay() != "2026-02-28" || p.GetChange() != "reopen" || asked.GetApproval().GetAccount() != nil {
		t.Errorf("%v", asked)
	}
	if again, err := c.Ledger.RequestApproval(t.Context(), ask("r1", "2026-02-01")); err != nil || !again.GetReplayed() || again.GetApproval().GetId() != asked.GetApproval().GetId() {
		t.Error(again, err)
	}
	late := func() *ledgerv1.Operation {
		op := entryOp("", "rent", a, b, "1.00")
		op.GetEntry().Day = "2026-02-10"
		return op
	}
	c.wantRefusal(c.postOps(late())[0].GetRefusal(), fault.PeriodClosed, "operations[0].entry.day")
	decide := func(who *caller, key string) *ledgerv1.DecideApprovalResponse {
		t.Helper()
		answer, err := who.Ledger.DecideApproval(t.Context(), &ledgerv1.DecideApprovalRequest{
			Book: c.book, Key: key, Id: asked.GetApproval().GetId(), Verdict: ledgerv1.Verdict_VERDICT_APPROVE, Reason: "сверено",
		})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	c.wantRefusal(decide(c, "d1").GetRefusal(), fault.OwnRequest, "id")
	done := decide(boris, "d2")
	if s := done.GetPeriod(); done.GetRefusal() != nil || s.GetClosedThroughDay() != "2026-01-31" || s.GetApprovedBy() == "" ||
		s.GetApprovedBy() == s.GetAuthor() || done.GetAccount() != nil || done.GetPosition() == "" {
		t.Errorf("%v", done)
	}
	c.must(late())
	list, err := c.Ledger.ListPeriods(t.Context(), &ledgerv1.ListPeriodsRequest{Book: c.book, MinPosition: done.GetPosition()})
	if err != nil || list.GetFirstOpenDay() != "2026-02-01" || list.GetPeriods()[0].GetReopened().GetFromDay() != "2026-02-01" ||
		list.GetPeriods()[0].GetReopened().GetApprovedBy() != done.GetPeriod().GetApprovedBy() {
		t.Errorf("%v, %v", list, err)
	}
	nothing, err := c.Ledger.RequestApproval(t.Context(), ask("r2", "2026-02-01"))
	if err != nil {
		t.Fatal(err)
	}
	c.wantRefusal(nothing.GetRefusal(), fault.WrongState, "reopen.from_day")
	_, err = c.once().Ledger.RequestApproval(t.Context(), ask("r3", "2026-02-30"))
	refused(t, err, fault.Malformed, "reopen.from_day")
}
