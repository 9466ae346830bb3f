package api_test

import (
	"slices"
	"testing"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/fault"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

// testLineFilters: lines are found by account, value day, sum and state, in either order and page by page; one line
// tells its whole story.
func testLineFilters(t *testing.T, h *house) {
	c := h.caller(t)
	lines := []bankLine{
		{"1", "10.00", "7701000019", "40702810900000000001", "Раз", false}, {"2", "20.00", "7701000019", "40702810900000000001", "Два", false},
		{"3", "30.00", "7701000019", "40702810900000000001", "Три", true}, {"4", "40.00", "7701000019", "40702810900000000001", "Четыре", false},
	}
	came, err := c.importStatement(bankFile(t, lines...))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range came.GetResults() {
		ids = append(ids, r.GetLine().GetLineId())
	}
	first := came.GetResults()[0].GetLine()
	list := func(req *statementv1.ListLinesRequest) (sums []string) {
		t.Helper()
		req.Book, req.MinPosition = c.book, came.GetPosition()
		for {
			got, err := c.Statements.ListLines(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range got.GetLines() {
				sums = append(sums, l.GetAmount())
			}
			if req.PageToken = got.GetNextPageToken(); req.PageToken == "" {
				return sums
			}
		}
	}
	account, day := first.GetAccount(), first.GetDay()
	for name, tc := range map[string]struct {
		req  *statementv1.ListLinesRequest
		want []string
	}{
		"sums":       {&statementv1.ListLinesRequest{MinAmount: "20", MaxAmount: "30.00"}, []string{"20.00", "30.00"}},
		"least":      {&statementv1.ListLinesRequest{MinAmount: "30.01"}, []string{"40.00"}},
		"account":    {&statementv1.ListLinesRequest{Account: account}, []string{"10.00", "20.00", "30.00", "40.00"}},
		"no account": {&statementv1.ListLinesRequest{Account: "second"}, nil},
		"state":      {&statementv1.ListLinesRequest{Account: account, States: []string{"unexplained"}}, []string{"30.00"}},
		"day":        {&statementv1.ListLinesRequest{From: day, To: day, PageSize: 1}, []string{"10.00", "20.00", "30.00", "40.00"}},
		"before":     {&statementv1.ListLinesRequest{To: "2020-01-01"}, nil},
		"after":      {&statementv1.ListLinesRequest{From: "2999-01-01"}, nil},
		"pages":      {&statementv1.ListLinesRequest{Order: statementv1.LineOrder_LINE_ORDER_OLDEST_DAY, PageSize: 3}, []string{"10.00", "20.00", "30.00", "40.00"}},
	} {
		got := list(tc.req)
		if slices.Sort(got); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
	newest := list(&statementv1.ListLinesRequest{Order: statementv1.LineOrder_LINE_ORDER_NEWEST_DAY, PageSize: 1})
	oldest := list(&statementv1.ListLinesRequest{Order: statementv1.LineOrder_LINE_ORDER_OLDEST_DAY, PageSize: 2})
	if slices.Reverse(oldest); len(newest) != 4 || !slices.Equal(newest, oldest) {
		t.Errorf("newest %v, oldest backwards %v", newest, oldest)
	}
	for field, req := range map[string]*statementv1.ListLinesRequest{
		"from": {Book: c.book, From: "2026-02-30"}, "to": {Book: c.book, To: "2026-13-01"},
	} {
		_, err := c.Statements.ListLines(t.Context(), req)
		refused(t, err, fault.Malformed, field)
	}
	_, err = c.Statements.ListLines(t.Context(), &statementv1.ListLinesRequest{Book: c.book, MinAmount: "-1"})
	refused(t, err, fault.AmountInvalid, "min_amount")
	page, err := c.Statements.ListLines(t.Context(), &statementv1.ListLinesRequest{Book: c.book, Account: account, PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Statements.ListLines(t.Context(), &statementv1.ListLinesRequest{Book: c.book, MinAmount: "1", PageSize: 1, PageToken: page.GetNextPageToken()})
	refused(t, err, fault.Malformed, "page_token")
	c.lineStory(ids[2])
}

// lineStory explains a line and reads what became of it.
func (c *caller) lineStory(id string) {
	t := c.t
	told, err := c.Statements.ExplainLine(t.Context(), &statementv1.ExplainLineRequest{
		Book: c.book, Key: gate.NewID(), LineId: id, Explanation: statementv1.Explanation_EXPLANATION_FEE, Reason: "contract-12",
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Statements.GetLine(t.Context(), &statementv1.GetLineRequest{Book: c.book, LineId: id, MinPosition: told.GetPosition()})
	if err != nil || len(got.GetSteps()) != 2 || got.GetLine().GetState() != "explained" {
		t.Fatalf("%v %v", got, err)
	}
	came, explained := got.GetSteps()[0], got.GetSteps()[1]
	if came.GetState() != "unexplained" || came.GetStatementId() != got.GetLine().GetStatementId() || came.GetReason() != "" || len(came.GetLegs()) != 2 {
		t.Errorf("%v", came)
	}
	if explained.GetEvent() != "explain_fee" || explained.GetReason() != "contract-12" || explained.GetActor() == "" || explained.GetRecordId() == "" ||
		len(explained.GetLegs()) != 2 || explained.GetLegs()[0].GetAmount() != "30.00" || !explained.GetRecordedAt().IsValid() {
		t.Errorf("%v", explained)
	}
	_, err = c.Statements.GetLine(t.Context(), &statementv1.GetLineRequest{Book: c.book, LineId: "nothing"})
	refused(t, err, fault.NotFound, "line_id")
}
