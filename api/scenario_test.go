package api_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/client"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into the scenario files")

// testScenarios plays testdata/*.txt over the API, on two shards. A line at the margin is
// done, the lines indented below it are what must happen; # begins a remark. Operations of
// one request stand on one line, with ";" between; mark names a moment, and "known" asks
// what was known then.
func testScenarios(t *testing.T, h *house) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &scene{house: h, t: t, books: map[string]*caller{}, marks: map[string]*timestamppb.Timestamp{}}
			switch got := s.play(string(raw)); {
			case got == string(raw):
			case *rewrite:
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("%s differs (go test -rewrite shows how); it gives now:\n%s", file, got)
			}
		})
	}
}

// scene is a scenario under way.
type scene struct {
	house *house
	t     *testing.T
	books map[string]*caller
	*caller
	marks map[string]*timestamppb.Timestamp
	sent  []*ledgerv1.Operation // all that were named, by their numbers from 1
	hold  string                // the last one that was placed
}

func (s *scene) play(text string) string {
	s.turn("main")
	var out []string
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		out = append(out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for _, l := range s.do(line) {
			out = append(out, "    "+l)
		}
	}
	return strings.Join(out, "\n") + "\n"
}

// turn goes on in a book.
func (s *scene) turn(book string) {
	if s.books[book] == nil {
		s.books[book] = s.house.caller(s.t)
	}
	s.caller = s.books[book]
}

// do does a line and tells what came of it.
func (s *scene) do(line string) []string {
	s.t.Helper()
	words := strings.Fields(line)
	switch words[0] {
	case "book":
		s.turn(words[1])
	case "open":
		s.open("", words[1:]...)
	case "hold":
		s.hold = s.must(client.Hold("", words[1], "RUB", words[2], 0))[0].GetId()
	case "settle":
		s.must(client.Settle("", s.hold, "transfer", words[1], credit(words[3], words[1])))
	case "void":
		s.must(client.Void("", s.hold))
	case "mark":
		s.mark(strings.Join(words[1:], " "))
	case "balance":
		return s.balanceOf(words[1], words[2:])
	case "trial":
		return s.trial(words[1:])
	case "sheet":
		return s.sheetOf(words[1], words[2:])
	case "statement":
		return s.statementOf(words[1], words[2], words[3:])
	case "together", "would", "all-or-none", "would-all-or-none":
		return s.request(words[0], strings.TrimSpace(strings.TrimPrefix(line, words[0])))
	default:
		return s.request("together", line)
	}
	return nil
}

// mark names a moment: what is posted behind it was not known then.
func (s *scene) mark(name string) {
	s.t.Helper()
	now := timestamppb.Now()
	if _, err := s.Ledger.TrialBalance(s.t.Context(), &ledgerv1.TrialBalanceRequest{Book: s.caller.book, At: &ledgerv1.Moment{KnownAt: now}}); err != nil {
		s.t.Fatal(err)
	}
	s.marks[name] = now
}

// moment reads "of DAY" and "known MARK".
func (s *scene) moment(words []string) *ledgerv1.Moment {
	at := &ledgerv1.Moment{}
	if len(words) > 1 && words[0] == "of" {
		at.Day, words = words[1], words[2:]
	}
	if len(words) > 1 && words[0] == "known" {
		at.KnownAt = s.marks[strings.Join(words[1:], " ")]
		if words = nil; at.GetKnownAt() == nil {
			s.t.Fatal("there is no such mark")
		}
	}
	if len(words) > 0 {
		s.t.Fatalf("what is %v?", words)
	}
	return at
}

// operation reads "[on DAY] KIND FROM -> TO AMOUNT", or an operation that was sent before.
func (s *scene) operation(words []string) *ledgerv1.Operation {
	if words[0] == "again" {
		return s.sent[number(s.t, words[1])-1]
	}
	key := ""
	if words[0] == "key-of" {
		key, words = s.sent[number(s.t, words[1])-1].GetKey(), words[2:]
	}
	day := ""
	if words[0] == "on" {
		day, words = words[1], words[2:]
	}
	if len(words) != 5 || words[2] != "->" {
		s.t.Fatalf("no operation: %v", words)
	}
	op := entryOp(key, words[0], words[1], words[3], words[4])
	if op.GetEntry().Day = day; key == "" {
		op.Key = fmt.Sprintf("n-%d", len(s.sent)+1)
	}
	s.sent = append(s.sent, op)
	return op
}

func number(t *testing.T, text string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// request sends operations in one request.
func (s *scene) request(how, text string) (lines []string) {
	s.t.Helper()
	req := &ledgerv1.PostRequest{Book: s.caller.book, DryRun: strings.HasPrefix(how, "would")}
	for part := range strings.SplitSeq(text, ";") {
		op := s.operation(strings.Fields(part))
		if strings.HasSuffix(how, "all-or-none") {
			op.Group = 1
		}
		req.Operations = append(req.Operations, op)
	}
	answer, err := s.Ledger.Post(s.t.Context(), req)
	if err != nil {
		s.t.Fatal(err)
	}
	for i, r := range answer.GetResults() {
		word := "done"
		switch {
		case r.GetRefusal() != nil:
			word = "refused " + r.GetRefusal().GetCode() + ": " + r.GetRefusal().GetReason()
		case req.GetDryRun():
			word = "would be done"
		case r.GetReplayed():
			word = "done before"
		}
		at := slices.Index(s.sent, req.GetOperations()[i]) + 1
		lines = append(lines, fmt.Sprintf("%d %s", at, word))
	}
	return lines
}

func (s *scene) balanceOf(account string, words []string) []string {
	s.t.Helper()
	answer, err := s.Ledger.GetBalances(s.t.Context(), &ledgerv1.GetBalancesRequest{
		Book: s.caller.book, Accounts: []string{account}, Asset: "RUB", At: s.moment(words),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	b := answer.GetBalances()[0]
	if b.GetAvailable() != b.GetBalance() {
		return []string{b.GetBalance() + ", available " + b.GetAvailable()}
	}
	return []string{b.GetBalance()}
}

func (s *scene) trial(words []string) (lines []string) {
	s.t.Helper()
	answer, err := s.Ledger.TrialBalance(s.t.Context(), &ledgerv1.TrialBalanceRequest{Book: s.caller.book, At: s.moment(words)})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range answer.GetRows() {
		lines = append(lines, fmt.Sprintf("%-6s %-9s debit %7s  credit %7s", r.GetCode_1C(), r.GetType(), orDash(r.GetDebitBalance()), orDash(r.GetCreditBalance())))
	}
	return lines
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// sheetOf is the turnover balance sheet of FROM..TO.
func (s *scene) sheetOf(days string, words []string) (lines []string) {
	s.t.Helper()
	from, to, _ := strings.Cut(days, "..")
	answer, err := s.Ledger.ListTurnovers(s.t.Context(), &ledgerv1.ListTurnoversRequest{
		Book: s.caller.book, FromDay: from, ToDay: to, KnownAt: s.moment(words).GetKnownAt(), By: ledgerv1.TurnoverBy_TURNOVER_BY_ACCOUNT,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, l := range append(answer.GetLines(), answer.GetTotals()...) {
		name := l.GetAccount()
		if name == "" {
			name = "in all"
		}
		lines = append(lines, fmt.Sprintf("%-18s before %6s | %6s  moved %6s | %6s  after %6s | %6s", name,
			l.GetOpeningDebit(), l.GetOpeningCredit(), l.GetDebit(), l.GetCredit(), l.GetClosingDebit(), l.GetClosingCredit()))
	}
	return lines
}

// statementOf is the statement of an account by business days FROM..TO.
func (s *scene) statementOf(account, days string, words []string) []string {
	s.t.Helper()
	from, to, _ := strings.Cut(days, "..")
	at := s.moment(words)
	at.Day = to
	answer, err := s.Ledger.ListLegs(s.t.Context(), &ledgerv1.ListLegsRequest{Book: s.caller.book, Account: account, FromDay: from, At: at, Documents: true})
	if err != nil {
		s.t.Fatal(err)
	}
	lines := []string{"before                                      " + fmt.Sprintf("%6s", answer.GetOpening())}
	for _, l := range answer.GetLegs() {
		side := "credit"
		if l.GetKind() == ledgerv1.LegKind_LEG_KIND_DEBIT {
			side = "debit"
		}
		lines = append(lines, fmt.Sprintf("%s %-6s %6s  %-15s %6s", l.GetDay(), side, l.GetAmount(), l.GetCounters()[0].GetAccount(), l.GetBalance()))
	}
	return append(lines, "after                                       "+fmt.Sprintf("%6s", answer.GetClosing()))
}
