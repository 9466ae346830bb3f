package api_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// moment is what a question of testExportReads is about.
type moment struct {
	from, to string
	known    *timestamppb.Timestamp
}

func (m moment) at() *ledgerv1.Moment { return &ledgerv1.Moment{Day: m.to, KnownAt: m.known} }

func (m moment) has(p posted) bool {
	return (m.to == "" || p.day <= m.to) && (m.known == nil || !p.at.After(m.known.AsTime()))
}

// testExportReads compares what is exported, line by line, with what the reads answer about the same
// moment, and both with the plain list of the entries.
func testExportReads(t *testing.T, h *house) {
	c := h.caller(t)
	list, position := c.history(t, 40)
	days := make([]string, len(list))
	for i, p := range list {
		days[i] = p.day
	}
	slices.Sort(days)
	known := timestamppb.New(list[len(list)/2].at)
	for _, m := range []moment{{}, {days[10], days[30], nil}, {"", days[20], known}, {days[5], "", known}} {
		for _, account := range []string{"customer:h0", "customer:h1", "customer:h2", "customer:h3", "customer:h4", "bank:settlement", "clearing:x", "customer:never"} {
			c.exportedStatement(m, account, position)
			c.walkedStatement(m, account, list)
		}
		c.exportedSheets(m)
		c.exportedTrial(m)
	}
	c.exportedGeneral(days, position)
	c.exportRefused()
}

// testExportMoving exports while money moves: each file is of one position, so statements lead from balance
// to balance and sheets balance, or the export itself would end with an error; and what a later file says
// of an account is never less.
func testExportMoving(t *testing.T, h *house) {
	c := h.caller(t)
	c.open("1000.00", "customer:a")
	c.open("", "customer:b", "customer:c")
	moved := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 60 && err == nil; i++ {
			_, err = c.Ledger.Post(t.Context(), &ledgerv1.PostRequest{Book: c.book, Operations: []*ledgerv1.Operation{
				entryOp(fmt.Sprint("move-", i), "transfer", "customer:a", "customer:b", "0.01"), entryOp(fmt.Sprint("more-", i), "transfer", "customer:a", "customer:c", "0.02"),
			}})
		}
		moved <- err
	}()
	for last, over := 0, false; !over; {
		select {
		case err := <-moved:
			if over = true; err != nil {
				t.Fatal(err)
			}
		default:
		}
		rows := c.csvOf(&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_STATEMENT, Account: "customer:a"})
		if len(rows) < last || over && rows[len(rows)-1]["balance"] != "998.20" {
			t.Errorf("%d lines after %d, the last is %v", len(rows), last, rows[len(rows)-1])
		}
		last = len(rows)
		var sums [6]money.Amount
		for _, r := range c.csvOf(&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_TURNOVERS, By: ledgerv1.TurnoverBy_TURNOVER_BY_ACCOUNT}) {
			for i, column := range []string{"opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit"} {
				sums[i] = sums[i].Add(money.MustParse(r[column]))
			}
		}
		if !sums[0].Equal(sums[1]) || !sums[2].Equal(sums[3]) || !sums[4].Equal(sums[5]) {
			t.Errorf("the sheet adds up to %v", sums)
		}
	}
}

// csvOf exports as CSV and answers the lines by the names of their columns.
func (c *caller) csvOf(req *ledgerv1.ExportRequest) (rows []map[string]string) {
	c.t.Helper()
	var out bytes.Buffer
	req.Book, req.Format = c.book, asCSV
	last := -1
	position, err := c.export(c.t.Context(), req, &out, func(percent int) {
		if percent <= last {
			c.t.Errorf("%v: %d %% after %d %%", req, percent, last)
		}
		last = percent
	})
	if err != nil || last != 100 || position == "" {
		c.t.Fatalf("%v: %v, %d %%, position %q", req, err, last, position)
	}
	all, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		c.t.Fatal(err)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// exportedStatement compares statement and card with ListLegs, and lets hledger check the journal.
func (c *caller) exportedStatement(m moment, account, position string) {
	c.t.Helper()
	var want, parts []string
	opening, closing := "", ""
	req := &ledgerv1.ListLegsRequest{Book: c.book, Account: account, FromDay: m.from, At: m.at(), Documents: true, PageSize: 7, MinPosition: position}
	for {
		page, err := c.Ledger.ListLegs(c.t.Context(), req)
		if err != nil {
			c.t.Fatal(err)
		}
		if req.PageToken == "" {
			opening = page.GetOpening()
		}
		for _, l := range page.GetLegs() {
			side := "debit"
			if l.GetKind() == ledgerv1.LegKind_LEG_KIND_CREDIT {
				side = "credit"
			}
			counters := map[string]string{}
			head := fmt.Sprintln(l.GetDay(), l.GetRecordedAt().AsTime().Format(time.RFC3339Nano), l.GetEntryId(), l.GetLeg(), l.GetEntryKind(), l.GetEntryTitle(), side)
			for _, k := range l.GetCounters() {
				counters[k.GetAccount()] = k.GetAmount()
				parts = append(parts, fmt.Sprintln(head, k.GetAccount(), k.GetCode_1C(), k.GetAmount(), l.GetMetadata(), l.GetLinks()))
			}
			want = append(want, fmt.Sprintln(head, l.GetAmount(), l.GetBalance(), counters))
		}
		closing = page.GetClosing()
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	of := func(what ledgerv1.ExportWhat) *ledgerv1.ExportRequest {
		return &ledgerv1.ExportRequest{What: what, Account: account, From: m.from, To: m.to, KnownAt: m.known, MinPosition: position}
	}
	var got, card []string
	for _, what := range []ledgerv1.ExportWhat{ledgerv1.ExportWhat_EXPORT_WHAT_STATEMENT, ledgerv1.ExportWhat_EXPORT_WHAT_CARD} {
		rows := c.csvOf(of(what))
		same(c.t, account+" from and to", []string{rows[0]["line"], rows[0]["balance"], rows[len(rows)-1]["line"], rows[len(rows)-1]["balance"]}, []string{"opening", opening, "closing", closing})
		for _, r := range rows[1 : len(rows)-1] {
			side := "debit"
			if r["debit"] == "" {
				side = "credit"
			}
			head := fmt.Sprintln(r["day"], r["recorded_at"], r["document"], r["leg"], r["kind"], r["title"], side)
			if what == ledgerv1.ExportWhat_EXPORT_WHAT_CARD {
				card = append(card, fmt.Sprintln(head, r["counter_account"], r["counter_code_1c"], r[side], c.words(r["metadata"]), c.words(r["links"])))
			} else {
				got = append(got, fmt.Sprintln(head, r[side], r["balance"], c.words(r["counters"])))
			}
		}
	}
	same(c.t, fmt.Sprint("statement of ", account, m), got, want)
	same(c.t, fmt.Sprint("card of ", account, m), card, parts)
	c.hledgerReads(of(ledgerv1.ExportWhat_EXPORT_WHAT_CARD), closing)
}

func (c *caller) words(cell string) map[string]string {
	c.t.Helper()
	words := map[string]string{}
	if err := json.Unmarshal([]byte(cell), &words); err != nil {
		c.t.Error(cell, err)
	}
	return words
}

// hledgerReads lets hledger check a statement, and wants it to come to the same balance.
func (c *caller) hledgerReads(req *ledgerv1.ExportRequest, closing string) {
	c.t.Helper()
	path, err := exec.LookPath("hledger")
	if err != nil {
		c.t.Log("hledger is not on this machine: the journal is not checked by it")
		return
	}
	var out bytes.Buffer
	req.Book, req.Format = c.book, hledger
	if _, err := c.export(c.t.Context(), req, &out, nil); err != nil {
		c.t.Fatal(err)
	}
	file := filepath.Join(c.t.TempDir(), "statement.journal")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		c.t.Fatal(err)
	}
	run := func(args ...string) string {
		cmd := exec.CommandContext(c.t.Context(), path, append([]string{"-f", file}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		said, err := cmd.CombinedOutput()
		if err != nil {
			c.t.Errorf("hledger: %v: %s\n%s", err, said, out.String())
		}
		return string(said)
	}
	run("check", "-s", "ordereddates", "balancednoautoconversion")
	got := strings.TrimSuffix(strings.TrimSpace(run("bal", "-N", "--flat", "--format", "%(total)", "^[a-z]+:"+req.GetAccount()+"$")), " RUB")
	sum := money.Zero
	if got != "" && got != "0" {
		sum = money.MustParse(got)
	}
	kind, _, _ := strings.Cut(req.GetAccount(), ":")
	if t, _ := book.LookupType(kind); !t.Class.DebitNormal() {
		sum = sum.Neg()
	}
	same(c.t, "hledger's balance of "+req.GetAccount(), money.RUB.Format(sum), closing)
}

// walkedStatement wants the last line of the statement to be what a plain list of the entries adds up to.
func (c *caller) walkedStatement(m moment, account string, list []posted) {
	c.t.Helper()
	var sum, moved money.Amount
	for _, p := range list {
		for _, l := range p.legs {
			if l.GetAccount() == account && m.has(p) {
				sum = sum.Add(money.MustParse(l.GetAmount()))
				if p.day >= m.from {
					moved = moved.Add(money.MustParse(l.GetAmount()))
				}
			}
		}
	}
	rows := c.csvOf(&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_STATEMENT, Account: account, From: m.from, To: m.to, KnownAt: m.known})
	var got money.Amount
	for _, r := range rows[1 : len(rows)-1] {
		got = got.Add(money.MustParse(r["debit"] + r["credit"])) // each account of the list has one side
	}
	same(c.t, fmt.Sprint(account, m), []string{rows[len(rows)-1]["balance"], money.RUB.Format(got)}, []string{money.RUB.Format(sum), money.RUB.Format(moved)})
}

func (c *caller) exportedSheets(m moment) {
	c.t.Helper()
	for by := range ledgerv1.TurnoverBy_name {
		req := &ledgerv1.ListTurnoversRequest{Book: c.book, FromDay: m.from, ToDay: m.to, KnownAt: m.known, By: ledgerv1.TurnoverBy(by), PageSize: 3}
		var want []string
		for {
			page, err := c.Ledger.ListTurnovers(c.t.Context(), req)
			if err != nil {
				c.t.Fatal(err)
			}
			for _, l := range page.GetLines() {
				want = append(want, fmt.Sprintln(l.GetCode_1C(), l.GetType(), l.GetOwner(), l.GetAccount(), l.GetAsset(), l.GetOpeningDebit(), l.GetOpeningCredit(),
					l.GetDebit(), l.GetCredit(), l.GetClosingDebit(), l.GetClosingCredit()))
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				break
			}
		}
		var got []string
		for _, r := range c.csvOf(&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_TURNOVERS, From: m.from, To: m.to, KnownAt: m.known, By: ledgerv1.TurnoverBy(by)}) {
			got = append(got, fmt.Sprintln(r["code_1c"], r["type"], r["owner"], r["account"], r["asset"], r["opening_debit"], r["opening_credit"],
				r["debit"], r["credit"], r["closing_debit"], r["closing_credit"]))
		}
		same(c.t, fmt.Sprint("turnovers by ", by, m), got, want)
	}
}

func (c *caller) exportedTrial(m moment) {
	c.t.Helper()
	req := &ledgerv1.TrialBalanceRequest{Book: c.book, At: m.at()}
	if m.to == "" && m.known == nil {
		req.At = nil
	}
	answer, err := c.Ledger.TrialBalance(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	zero := func(text string) string { // the read leaves the other side out
		if text == "" {
			return "0.00"
		}
		return text
	}
	var want, got []string
	for _, r := range answer.GetRows() {
		want = append(want, fmt.Sprintln(r.GetCode_1C(), r.GetType(), r.GetClass(), r.GetAsset(), r.GetDebit(), r.GetCredit(), zero(r.GetDebitBalance()), zero(r.GetCreditBalance()), r.GetMeaning()))
	}
	for _, r := range c.csvOf(&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_TRIAL_BALANCE, To: m.to, KnownAt: m.known}) {
		got = append(got, fmt.Sprintln(r["code_1c"], r["type"], r["class"], r["asset"], r["debit"], r["credit"], r["debit_balance"], r["credit_balance"], r["meaning"]))
	}
	same(c.t, fmt.Sprint("trial balance", m), got, want)
}

func (c *caller) exportedGeneral(days []string, position string) {
	c.t.Helper()
	answer, err := c.Ledger.GeneralLedger(c.t.Context(), &ledgerv1.GeneralLedgerRequest{Book: c.book, From: days[0][:7], Until: days[len(days)-1][:7], MinPosition: position})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, only := range []string{"", "customer"} {
		var want, got []string
		for _, r := range answer.GetRows() {
			if only != "" && r.GetType() != only {
				continue
			}
			want = append(want, fmt.Sprintln("opening", r.GetMonth(), r.GetType(), r.GetCode_1C(), r.GetOpening()))
			for _, d := range r.GetDebits() {
				want = append(want, fmt.Sprintln("turnover", r.GetMonth(), r.GetType(), r.GetCode_1C(), d.GetType(), d.GetCode_1C(), d.GetAmount(), ""))
			}
			for _, k := range r.GetCredits() {
				want = append(want, fmt.Sprintln("turnover", r.GetMonth(), r.GetType(), r.GetCode_1C(), k.GetType(), k.GetCode_1C(), "", k.GetAmount()))
			}
			want = append(want, fmt.Sprintln("closing", r.GetMonth(), r.GetType(), r.GetCode_1C(), r.GetClosing()))
		}
		for _, r := range c.csvOf(&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_GENERAL_LEDGER, Type: only, MinPosition: position}) {
			if r["line"] == "turnover" {
				got = append(got, fmt.Sprintln("turnover", r["month"], r["type"], r["code_1c"], r["counter_type"], r["counter_code_1c"], r["debit"], r["credit"]))
				continue
			}
			net := money.MustParse(r["debit"]).Sub(money.MustParse(r["credit"]))
			got = append(got, fmt.Sprintln(r["line"], r["month"], r["type"], r["code_1c"], money.RUB.Format(net)))
		}
		same(c.t, "general ledger of "+only, got, want)
	}
}

func (c *caller) exportRefused() {
	c.t.Helper()
	for name, w := range map[string]struct {
		req   *ledgerv1.ExportRequest
		code  fault.Code
		field string
	}{
		"no journal of a sheet":   {&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_TURNOVERS, Format: hledger}, fault.Malformed, "format"},
		"nor of a trial balance":  {&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_TRIAL_BALANCE, Format: ledgerv1.ExportFormat_EXPORT_FORMAT_LEDGER}, fault.Malformed, "format"},
		"nor of a general ledger": {&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_GENERAL_LEDGER, Format: hledger}, fault.Malformed, "format"},
		"whose statement":         {&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_STATEMENT, Format: asCSV}, fault.Malformed, "account"},
		"unknown asset":           {&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_CARD, Format: asCSV, Account: "customer:a", Asset: "XYZ"}, fault.AssetUnknown, "asset"},
		"unknown what":            {&ledgerv1.ExportRequest{What: 99, Format: asCSV}, fault.Malformed, "what"},
		"half a month":            {&ledgerv1.ExportRequest{What: ledgerv1.ExportWhat_EXPORT_WHAT_GENERAL_LEDGER, Format: asCSV, From: "2026-03-02"}, fault.Malformed, "from"},
		"known in the future":     {&ledgerv1.ExportRequest{Format: asCSV, KnownAt: timestamppb.New(time.Now().Add(time.Hour))}, fault.PositionTimeout, "min_position"},
		"known before all":        {&ledgerv1.ExportRequest{Format: asCSV, KnownAt: &timestamppb.Timestamp{}}, fault.Malformed, "known_at"},
	} {
		var got bytes.Buffer
		w.req.Book = c.book
		_, err := c.once().Export(c.t.Context(), w.req, &got, nil)
		if r := refused(c.t, err, w.code, w.field); r == nil || got.Len() > 0 {
			c.t.Errorf("%s: %v came with %q", name, r, got.String())
		}
	}
}
