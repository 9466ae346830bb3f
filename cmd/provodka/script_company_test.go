package main_test

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// scriptClient is a client of the script's installation.
func scriptClient(ts *testscript.TestScript) *client.Client {
	url := ts.Getenv("PROVODKA_URL")
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	c, err := client.New(url, ts.Getenv("PROVODKA_API_KEY"), client.WithBook("main"))
	ts.Check(err)
	return c
}

// closeMonth books a top-up of $COMPANY on a day, and waits until its month is issued.
func closeMonth(ts *testscript.TestScript, _ bool, words []string) {
	c, company := scriptClient(ts), ts.Getenv("COMPANY")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	leg := func(account string, side ledgerv1.Side) *ledgerv1.NewLeg {
		return &ledgerv1.NewLeg{Account: account, Side: side, Asset: "RUB", Amount: words[1]}
	}
	answer, err := c.Ledger.Post(ctx, &ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{{Key: "closed", What: &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{
		Kind: "topup", Day: words[0], Legs: []*ledgerv1.NewLeg{leg("bank:settlement", ledgerv1.Side_SIDE_DEBIT), leg("wallet:"+company, ledgerv1.Side_SIDE_CREDIT)},
	}}}}})
	ts.Check(err)
	if r := answer.GetResults()[0].GetRefusal(); r != nil {
		ts.Fatalf("%v", r)
	}
	_, err = c.Documents.IssueClosingDocuments(ctx, &documentv1.IssueClosingDocumentsRequest{Key: "closed-issue", CompanyId: company, FromMonth: words[0][:7]})
	ts.Check(err)
	for {
		list, err := c.Documents.ListClosingDocuments(ctx, &documentv1.ListClosingDocumentsRequest{CompanyId: company})
		ts.Check(err)
		if !list.GetDrawing() && len(list.GetDocuments()) > 0 {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("not issued: %v", list)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// openCompany opens a company through the API: $COMPANY is its id, $MARKER what its transfers carry.
func openCompany(ts *testscript.TestScript, _ bool, _ []string) {
	c := scriptClient(ts)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := c.Companies.OpenCompany(ctx, &companyv1.OpenCompanyRequest{
		Details: &companyv1.CompanyDetails{Inn: requisite.ExampleINN(77), Name: "ООО «Ромашка»"}, Tariff: &companyv1.Tariff{Percent: "3.5"},
	})
	ts.Check(err)
	ts.Setenv("COMPANY", answer.GetCompany().GetCompanyId())
	ts.Setenv("MARKER", private.Marker(answer.GetCompany().GetCompanyId()))
}

// told imports a statement with one line of somebody that nobody knows: $LINE is its id.
func told(ts *testscript.TestScript, _ bool, words []string) {
	number, err := strconv.Atoi(words[1])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	results, err := importLines(ctx, scriptClient(ts), "main", bankLine{
		number: number, amount: words[2], purpose: words[3], inn: requisite.ExampleINN(uint64(2000 + number)), account: accountOf(2000 + number), out: words[0] == "left",
	})
	ts.Check(err)
	if r := results[0].GetRefusal(); r != nil {
		ts.Fatalf("%v", r)
	}
	ts.Setenv("LINE", results[0].GetLine().GetLineId())
}
