package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// closings reads what a company's monthly documents are, once nothing is drawn up any more.
func (c *caller) closings(company string) *flowv1.ClosingData {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		rows, _, err := c.db.FindAggregates(ctx, []store.AggregateKey{{Book: c.book, Flow: closing.Name, ID: company}})
		if err != nil {
			c.t.Fatal(err)
		}
		if len(rows) == 1 && rows[0].State == closing.Waiting {
			d := new(flowv1.ClosingData)
			read(c.t, rows[0].Data, d)
			return d
		}
		c.pause()
	}
}

// look has the closed months of a company looked at, from one on.
func (c *caller) look(company, from string) *flowv1.ClosingData {
	c.t.Helper()
	c.closings(company)
	o := c.loop.Submit(c.t.Context(), engine.Request{Book: c.book, Actor: "support", Operations: []engine.Operation{{Operation: &commandv1.Operation{
		Key: fmt.Sprint("look-", c.books.Add(1)), What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
			Flow: closing.Name, Id: company, Owner: company, Event: closing.Look, Body: bytesOf(&flowv1.ClosingLook{FromMonth: from}),
		}},
	}}}})[0]
	if o.Refusal != nil {
		c.t.Fatal(o.Refusal)
	}
	return c.closings(company)
}

// closingFile reads the files of a document.
func (c *caller) closingFile(d *flowv1.ClosingDocument) *privatev1.ClosingFile {
	c.t.Helper()
	doc, ok, err := private.Only(c.vault.ClosingFiles(c.t.Context(), c.book, private.Ref{ID: d.GetPdfSha256(), Version: 1}))
	if err != nil || !ok {
		c.t.Fatalf("no file of %v: %v", d, err)
	}
	return doc.Content
}

// closedMonths are the last three that are over, and the numbers of their documents when the first
// of the three has the company's first: each year begins with 1.
func (c *caller) closedMonths() (months [3]string, numbers [3]int) {
	for i := range months {
		months[i], numbers[i] = c.monthsAgo(3-i), 1
		if i > 0 && months[i][:4] == months[i-1][:4] {
			numbers[i] = numbers[i-1] + 1
		}
	}
	return months, numbers
}

func (c *caller) monthsAgo(n int) string {
	now := time.Now().In(c.db.Zone())
	return time.Date(now.Year(), now.Month()-time.Month(n), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
}

// dated books an entry of a business day.
func (c *caller) dated(day, kind, from, to, sum string) {
	c.t.Helper()
	op := entryOp("", kind, from, to, sum)
	op.GetEntry().Day = day
	c.must(op)
}

// testClosing closes months of a company: what is issued is final, a correction has the number
// of the first, later months follow it, and every figure agrees with the ОСВ, which adds the
// stripes of all accounts up and knows no line.
func testClosing(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(61, "")
	wallet := "wallet:" + company
	months, numbers := c.closedMonths()
	c.dated(months[0]+"-10", "topup", "bank:settlement", wallet, "1000.00")
	c.dated(months[0]+"-28", "commission", wallet, "revenue:commission", "122.00")
	c.dated(months[2]+"-05", "topup", "bank:settlement", wallet, "50.50")

	issued := c.look(company, c.monthsAgo(4)).GetDocuments()
	want := fmt.Sprintf("%s %d.0 878.00 122.00; %s %d.0 878.00 0.00; %s %d.0 928.50 0.00; ", months[0], numbers[0], months[1], numbers[1], months[2], numbers[2])
	if got := closingLines(issued); got != want {
		t.Fatalf("issued %s", got)
	}
	first := c.closingFile(issued[0])
	for _, d := range issued {
		c.agreesWithSheet(c.closingFile(d).GetSheet())
	}
	if again := c.look(company, ""); len(again.GetDocuments()) != 3 || again.GetErrorCode() != "" {
		t.Errorf("looked at again: %s", closingLines(again.GetDocuments()))
	}

	c.dated(months[1]+"-28", "refund", wallet, "bank:settlement", "8.00")
	corrected := c.look(company, "").GetDocuments()
	want = fmt.Sprintf("%s %d.1 870.00 0.00; %s %d.1 920.50 0.00; ", months[1], numbers[1], months[2], numbers[2])
	if got := closingLines(corrected[3:]); got != want {
		t.Fatalf("corrected %s", got)
	}
	for _, d := range corrected[3:] {
		c.agreesWithSheet(c.closingFile(d).GetSheet())
	}
	if kept := c.closingFile(issued[0]); !bytes.Equal(kept.GetPdf(), first.GetPdf()) || !bytes.Equal(kept.GetCsv(), first.GetCsv()) {
		t.Error("the first document is not what it was")
	}
	if old := c.closingFile(issued[1]); closing.Closing(old.GetSheet()).String() != "878.00" {
		t.Errorf("the corrected document says %v", old.GetSheet())
	}
	t.Run("read", func(t *testing.T) { c.readsClosings(company, months) })
	t.Run("running month", func(t *testing.T) { c.runningMonth(company) })
}

func closingLines(list []*flowv1.ClosingDocument) string {
	out := ""
	for _, d := range list {
		out += fmt.Sprintf("%s %d.%d %s %s; ", d.GetMonth(), d.GetNumber(), d.GetCorrection(), d.GetClosing(), d.GetCommission())
	}
	return out
}

// agreesWithSheet compares a sheet with the ОСВ of its month: this book has one company.
func (c *caller) agreesWithSheet(s *flowv1.ClosingSheet) {
	c.t.Helper()
	first, last, refusal := closing.Days("month", s.GetMonth())
	if refusal != nil {
		c.t.Fatal(refusal)
	}
	answer, err := c.Ledger.ListTurnovers(c.t.Context(), &ledgerv1.ListTurnoversRequest{Book: c.book, FromDay: first, ToDay: last, By: ledgerv1.TurnoverBy_TURNOVER_BY_TYPE})
	if err != nil {
		c.t.Fatal(err)
	}
	of := map[string]*ledgerv1.TurnoverLine{}
	for _, l := range answer.GetLines() {
		of[l.GetType()] = l
	}
	amount := func(text string) money.Amount {
		if text == "" {
			return money.New(0, 2)
		}
		return money.MustParse(text)
	}
	opening := func(kind string) money.Amount {
		return amount(of[kind].GetOpeningCredit()).Sub(amount(of[kind].GetOpeningDebit()))
	}
	closed := func(kind string) money.Amount {
		return amount(of[kind].GetClosingCredit()).Sub(amount(of[kind].GetClosingDebit()))
	}
	moved := func(kind string) money.Amount { return amount(of[kind].GetCredit()).Sub(amount(of[kind].GetDebit())) }
	line := map[string]money.Amount{}
	for _, l := range s.GetLines() {
		line[l.GetLine()] = amount(l.GetOut()).Sub(amount(l.GetIn()))
	}
	paid := money.Sum(line["payout"], line["topup"], line["returned"]) // what left the bank less what came
	for what, pair := range map[string][2]money.Amount{
		"wallet before": {amount(s.GetWallet().GetOpening()), opening("wallet")}, "wallet after": {amount(s.GetWallet().GetClosing()), closed("wallet")},
		"reserved before": {amount(s.GetReserved().GetOpening()), opening("reserve")}, "reserved after": {amount(s.GetReserved().GetClosing()), closed("reserve")},
		"deposit before": {amount(s.GetDeposit().GetOpening()), opening("deposit")}, "deposit after": {amount(s.GetDeposit().GetClosing()), closed("deposit")},
		"npd": {line["npd"], moved("tax-npd")}, "ndfl": {line["ndfl"], moved("tax-ndfl")}, "contributions": {line["contributions"], moved("contribution")},
		"commission": {line["commission"], moved("revenue")}, "act": {closing.Commission(s), moved("revenue")},
		"bank": {paid.Add(amount(s.GetDeposit().GetOut())).Sub(amount(s.GetDeposit().GetIn())), moved("bank")},
	} {
		if !pair[0].Equal(pair[1]) {
			c.t.Errorf("%s of %s: the sheet says %s, the ОСВ %s", what, s.GetMonth(), pair[0], pair[1])
		}
	}
}

// runningMonth pays people of every kind, one in error, and draws up the month that runs.
func (c *caller) runningMonth(company string) {
	t := c.t
	c.must(entryOp("", "topup", "bank:settlement", "wallet:"+company, "500000.00"))
	var ids []string
	for i, kind := range []string{"selfemployed", "civil_contract", "entrepreneur", "selfemployed"} {
		n := uint64(610 + i)
		where := account(n)
		if i == 3 {
			where = nil // it stops for want of requisites
		}
		d := draft(fmt.Sprint("100", i, ".0", i), c.executor(n, kind, where))
		d.EmploymentKind, d.Autocomplete, d.DocumentNumber, d.DocumentDate = kind, true, fmt.Sprint("D-", i), c.monthsAgo(1)+"-01"
		created, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: fmt.Sprint("closing-", i), CompanyId: company, Task: d})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, created.GetTask().GetId())
	}
	for _, id := range ids {
		if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: id}); err != nil {
			refusal(t, err)
		}
	}
	for _, id := range ids {
		c.settled(id)
	}
	today := time.Now().In(c.db.Zone()).Format(time.DateOnly)
	file, err := c.drawer.Preliminary(t.Context(), c.book, company, today[:7], today)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Documents.GetClosingDocument(t.Context(), &documentv1.GetClosingDocumentRequest{Book: c.book, CompanyId: company, Month: today[:7]})
	if err != nil || got.GetDocument() != nil || got.GetToDay() != today || !bytes.Equal(got.GetPdf(), file.GetPdf()) || !strings.HasSuffix(got.GetFileName(), "predvaritelno") {
		t.Errorf("%v %v", got, err)
	}
	c.agreesWithSheet(file.GetSheet())
	if file.GetDocument() != nil || file.GetSheet().GetToDay() != today || len(file.GetSheet().GetCharges()) < 3 {
		t.Errorf("preliminary: %v", file.GetSheet())
	}
	if late := c.look(company, ""); len(late.GetDocuments()) != 5 {
		t.Errorf("a month that runs was issued: %s", closingLines(late.GetDocuments()))
	}
}

// readsClosings reads a company's documents as the house, as the company by its key, and as
// another company.
func (c *caller) readsClosings(company string, months [3]string) {
	t := c.t
	list, err := c.Documents.ListClosingDocuments(t.Context(), &documentv1.ListClosingDocumentsRequest{Book: c.book, CompanyId: company})
	if err != nil || len(list.GetDocuments()) != 5 || list.GetDocuments()[0].GetMonth() != months[2] || list.GetDocuments()[0].GetCorrection() != 1 ||
		list.GetDrawing() || list.GetError() != "" || list.GetDocuments()[0].GetSuperseded() || !list.GetDocuments()[2].GetSuperseded() {
		t.Fatalf("%v %v", list, err)
	}
	get := func(month string, correction *uint32) *documentv1.GetClosingDocumentResponse {
		t.Helper()
		d, err := c.Documents.GetClosingDocument(t.Context(), &documentv1.GetClosingDocumentRequest{Book: c.book, CompanyId: company, Month: month, Correction: correction})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	newest, first := get(months[1], nil), get(months[1], proto.Uint32(0))
	if newest.GetDocument().GetCorrection() != 1 || first.GetDocument().GetCorrection() != 0 || first.GetWallet().GetClosing() != "878.00" ||
		newest.GetWallet().GetClosing() != "870.00" || newest.GetFileName() != "otchet-"+months[1]+"-ispr1" || !bytes.HasPrefix(first.GetPdf(), []byte("%PDF")) {
		t.Errorf("%v %v", newest.GetDocument(), first.GetDocument())
	}
	if d := get(months[0], nil); len(d.GetCharges()) != 1 || d.GetCharges()[0].GetAmount() != "122.00" || d.GetTurnovers()[0].GetLine() != "commission" {
		t.Errorf("%v %v", d.GetCharges(), d.GetTurnovers())
	}
	for field, req := range map[string]*documentv1.GetClosingDocumentRequest{
		"month": {Book: c.book, CompanyId: company, Month: "2999-01"}, "correction": {Book: c.book, CompanyId: company, Month: months[1], Correction: proto.Uint32(7)},
		"company_id": {Book: c.book, CompanyId: "company-none", Month: months[1]},
	} {
		if _, err := c.Documents.GetClosingDocument(t.Context(), req); refusal(t, err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	verified, err := c.Documents.VerifyDocument(t.Context(), &documentv1.VerifyDocumentRequest{Book: c.book, File: first.GetPdf()})
	if err != nil || !verified.GetKnown() || verified.GetCompanyId() != company || !verified.GetClosing().GetSuperseded() || verified.GetClosing().GetMonth() != months[1] {
		t.Errorf("%v %v", verified, err)
	}
	issue := &documentv1.IssueClosingDocumentsRequest{Book: c.book, Key: "issue", CompanyId: company}
	for range 2 {
		if _, err := c.Documents.IssueClosingDocuments(t.Context(), issue); err != nil {
			t.Error(err)
		}
		c.closings(company)
	}
	other := c.company(62, "")
	for path, want := range map[string]string{
		"/api/closing_documents": `"superseded"`, "/api/closing_documents/" + months[1]: string(newest.GetPdf()), "/api/closing_documents/" + months[1] + "/csv": string(newest.GetCsv()),
	} {
		if status, body := c.download(path, c.mintFor(t, c.book, company)); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, %d bytes", path, status, len(body))
		}
	}
	if status, body := c.download("/api/closing_documents", c.mintFor(t, c.book, other)); status != http.StatusOK || strings.Contains(body, months[2][:4]+"-") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := c.download("/api/closing_documents/september", c.mintFor(t, c.book, company)); status/100 != 4 {
		t.Errorf("%d %s", status, body)
	}
}

// download reads a path by a company's key.
func (c *caller) download(path, key string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.url+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
