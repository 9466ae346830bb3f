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
