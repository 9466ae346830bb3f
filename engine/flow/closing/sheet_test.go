package closing

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// posting is one debit and one credit of an entry.
type posting struct{ debit, credit, amount string }

// entry is what a test books.
type entry struct {
	day, flow, id string
	kind          flowv1.EmploymentKind
	postings      []posting
}

func (e entry) record(seq uint64) *journalv1.Record {
	r := &journalv1.Record{Seq: seq, Entry: &journalv1.Entry{Day: e.day}}
	if e.flow != "" {
		r.Move = &journalv1.Move{Flow: e.flow, Id: e.id}
	}
	if e.flow == taskFlow {
		r.Move.Data = flow.Bytes(&flowv1.TaskData{Kind: e.kind})
	}
	for _, p := range e.postings {
		r.Legs = append(r.Legs,
			&journalv1.Leg{Account: p.debit, Asset: "RUB", Kind: journalv1.LegKind_LEG_KIND_DEBIT, Amount: p.amount},
			&journalv1.Leg{Account: p.credit, Asset: "RUB", Kind: journalv1.LegKind_LEG_KIND_CREDIT, Amount: p.amount})
	}
	return r
}

var (
	walletOf  = "wallet:" + company
	depositOf = "deposit:" + company
	kinds     = []flowv1.EmploymentKind{
		flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED, flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT,
		flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR,
	}
)

// possible are the postings that a company's entries have, with what the naive model calls
// them: a line, "" = between its own accounts or none of its money.
func possible(id string) []struct {
	flow, debit, credit, line string
	in                        bool
} {
	reserve := "reserve:" + id
	return []struct {
		flow, debit, credit, line string
		in                        bool
	}{
		{"incoming", "bank:main", walletOf, "topup", true},
		{"incoming", "suspense:l1", walletOf, "topup", true},
		{"incoming", walletOf, "claim:" + id, "charge", false},
		{"incoming", "bank:main", depositOf, "", true},
		{"incoming", depositOf, "suspense:l1", "", false},
		{"task", walletOf, reserve, "", false},
		{"task", reserve, walletOf, "", false},
		{"task", reserve, "bank:settlement", "payout", false},
		{"task", "bank:settlement", reserve, "payout", true},
		{"task", reserve, "claim:" + id, "payout", false},
		{"task", reserve, "claim:executor-1", "owed", false},
		{"task", "claim:executor-1", reserve, "owed", true},
		{"task", "claim:executor-1", "bank:settlement", "", false},
		{"task", "expense:tax", "tax-npd:executor-1", "", false},
		{"task", reserve, "tax-npd:executor-1", "npd", false},
		{"task", "tax-npd:executor-1", reserve, "npd", true},
		{"task", reserve, "tax-ndfl:executor-1", "ndfl", false},
		{"task", reserve, "contribution:executor-1", "contributions", false},
		{"task", reserve, "revenue:commission", "commission", false},
		{"task", "revenue:commission", reserve, "commission", true},
		{"", walletOf, "revenue:fee", "commission", false},
		{"", walletOf, "bank:main", "returned", false},
		{"", depositOf, walletOf, "deposit", true},
		{"", "capital:gift", walletOf, "other", true},
	}
}

// naive is a second model: it adds legs up one by one, with no table and no pairs.
type naive struct {
	in, out                   map[string]money.Amount
	wallet, reserved, deposit money.Amount
	charges                   map[string]money.Amount
}

// Over random months a sheet says what a naive sum of the legs says, its opening and lines
// give its closing, and its closing is the next one's opening.
func TestSheetsAgreeWithASumOfTheLegs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opening := Standing{amount(t, "wallet"), amount(t, "reserved"), amount(t, "deposit")}
		m := NewMonths(company, "2026-10", "2026-12", opening)
		want := map[string]*naive{}
		for n := range rapid.IntRange(0, 40).Draw(t, "entries") {
			e := draw1(t)
			if err := m.Add(e.record(uint64(n + 1))); err != nil {
				t.Fatal(err)
			}
			want[e.day[:7]] = want[e.day[:7]].add(e)
		}
		sheets, end, err := m.Sheets()
		if err != nil || len(sheets) != 3 {
			t.Fatal(len(sheets), err)
		}
		now := opening
		for _, s := range sheets {
			now = agrees(t, s, want[s.GetMonth()], now)
		}
		if !now.Wallet.Equal(end.Wallet) || !now.Reserved.Equal(end.Reserved) || !now.Deposit.Equal(end.Deposit) {
			t.Fatalf("ends with %v, the last sheet with %v", end, now)
		}
	})
}

func amount(t *rapid.T, name string) money.Amount {
	return money.New(rapid.Int64Range(0, 1<<40).Draw(t, name), money.RUB.Scale)
}

// draw1 draws an entry of one flow, of this company or of none of its accounts.
func draw1(t *rapid.T) entry {
	e := entry{
		day: rapid.SampledFrom([]string{"2026-09-30", "2026-10-01", "2026-10-31", "2026-11-15", "2026-12-31", "2027-01-01"}).Draw(t, "day"),
		id:  "task-1", kind: rapid.SampledFrom(kinds).Draw(t, "kind"), flow: rapid.SampledFrom([]string{"incoming", "task", ""}).Draw(t, "flow"),
	}
	most := 4
	if e.flow == "" {
		most = 1
	}
	var of []posting
	for _, p := range possible(e.id) {
		if p.flow == e.flow {
			of = append(of, posting{p.debit, p.credit, ""})
		}
	}
	for range rapid.IntRange(1, most).Draw(t, "postings") {
		p := rapid.SampledFrom(of).Draw(t, "posting")
		p.amount = money.RUB.Format(money.New(rapid.Int64Range(1, 1<<40).Draw(t, "amount"), money.RUB.Scale))
		e.postings = append(e.postings, p)
	}
	return e
}

// add counts an entry into the naive model.
func (n *naive) add(e entry) *naive {
	if n == nil {
		n = &naive{in: map[string]money.Amount{}, out: map[string]money.Amount{}, charges: map[string]money.Amount{}}
	}
	for _, p := range e.postings {
		a := money.MustParse(p.amount)
		for account, signed := range map[string]money.Amount{p.debit: a.Neg(), p.credit: a} {
			switch {
			case account == walletOf:
				n.wallet = n.wallet.Add(signed)
			case strings.HasPrefix(account, "reserve:"):
				n.reserved = n.reserved.Add(signed)
			case account == depositOf:
				n.deposit = n.deposit.Add(signed)
			}
		}
		for _, known := range possible(e.id) {
			if known.flow != e.flow || known.debit != p.debit || known.credit != p.credit || known.line == "" {
				continue
			}
			signed := a
			if known.in {
				n.in[known.line] = n.in[known.line].Add(a)
				signed = a.Neg()
			} else {
				n.out[known.line] = n.out[known.line].Add(a)
			}
			if known.line == "commission" {
				name := map[string]string{"": "other", "task": strings.ToLower(strings.TrimPrefix(e.kind.String(), "EMPLOYMENT_KIND_"))}[e.flow]
				n.charges[name] = n.charges[name].Add(signed)
			}
		}
	}
	return n
}

// agrees compares a sheet with the naive model, and gives what stands after it.
func agrees(t *rapid.T, s *flowv1.ClosingSheet, n *naive, before Standing) Standing {
	if n == nil {
		n = (*naive)(nil).add(entry{})
	}
	after := Standing{before.Wallet.Add(n.wallet), before.Reserved.Add(n.reserved), before.Deposit.Add(n.deposit)}
	for _, c := range []struct {
		what, got string
		want      money.Amount
	}{
		{"wallet before", s.GetWallet().GetOpening(), before.Wallet}, {"wallet after", s.GetWallet().GetClosing(), after.Wallet},
		{"reserved before", s.GetReserved().GetOpening(), before.Reserved}, {"reserved after", s.GetReserved().GetClosing(), after.Reserved},
		{"deposit before", s.GetDeposit().GetOpening(), before.Deposit}, {"deposit after", s.GetDeposit().GetClosing(), after.Deposit},
	} {
		if c.got != money.RUB.Format(c.want) {
			t.Fatalf("%s of %s: %s, want %s", c.what, s.GetMonth(), c.got, c.want)
		}
	}
	in, out := map[string]money.Amount{}, map[string]money.Amount{}
	sum := Opening(s)
	for _, l := range s.GetLines() {
		in[l.GetLine()], out[l.GetLine()] = money.MustParse(l.GetIn()), money.MustParse(l.GetOut())
		sum = sum.Add(in[l.GetLine()]).Sub(out[l.GetLine()])
	}
	if !sum.Equal(Closing(s)) {
		t.Fatalf("%s: the lines give %s, the closing is %s", s.GetMonth(), sum, Closing(s))
	}
	same(t, s.GetMonth()+" in", in, n.in)
	same(t, s.GetMonth()+" out", out, n.out)
	charges := map[string]money.Amount{}
	for _, c := range s.GetCharges() {
		charges[c.GetCharge()] = money.MustParse(c.GetAmount())
	}
	same(t, s.GetMonth()+" charges", charges, n.charges)
	return after
}

func same(t *rapid.T, what string, got, want map[string]money.Amount) {
	for name, a := range want {
		if !got[name].Equal(a) {
			t.Fatalf("%s of %s: %s, want %s", what, name, got[name], a)
		}
	}
	for name, a := range got {
		if !want[name].Equal(a) {
			t.Fatalf("%s of %s: %s, want %s", what, name, a, want[name])
		}
	}
}

// An entry of a person may have many legs: what it says is kept apart, what it does not say
// is one sum under "other", and nothing is lost.
func TestEntriesOfManyLegs(t *testing.T) {
	t.Parallel()
	leg := func(account string, debit bool, amount string) *journalv1.Leg {
		kind := journalv1.LegKind_LEG_KIND_CREDIT
		if debit {
			kind = journalv1.LegKind_LEG_KIND_DEBIT
		}
		return &journalv1.Leg{Account: account, Asset: "RUB", Kind: kind, Amount: amount}
	}
	for name, tc := range map[string]struct {
		legs []*journalv1.Leg
		want string
	}{
		"one out, two in": {
			[]*journalv1.Leg{leg(walletOf, true, "100.00"), leg("revenue:fee", false, "10.00"), leg("bank:main", false, "90.00")},
			"commission 0.00 10.00, returned 0.00 90.00",
		},
		"who paid whom is not said": {
			[]*journalv1.Leg{leg(walletOf, true, "100.00"), leg("customer:a", true, "50.00"), leg("revenue:fee", false, "10.00"), leg("bank:main", false, "140.00")},
			"other 0.00 100.00",
		},
		"dollars are not counted": {
			[]*journalv1.Leg{leg(walletOf, true, "5.00"), leg("capital:x", false, "5.00"), {Account: walletOf, Asset: "USD", Kind: journalv1.LegKind_LEG_KIND_DEBIT, Amount: "7.00"}},
			"other 0.00 5.00",
		},
		"what is held is no posting": {
			[]*journalv1.Leg{{Account: walletOf, Asset: "RUB", Kind: journalv1.LegKind_LEG_KIND_HOLD_DEBIT, Amount: "7.00"}}, "",
		},
		"between its own accounts": {
			[]*journalv1.Leg{leg(walletOf, true, "5.00"), leg(walletOf+":transit", false, "5.00")}, "",
		},
	} {
		m := NewMonths(company, "2026-11", "2026-11", Standing{})
		if err := m.Add(&journalv1.Record{Entry: &journalv1.Entry{Day: "2026-11-05"}, Legs: tc.legs}); err != nil {
			t.Fatal(err)
		}
		sheets, _, err := m.Sheets()
		if err != nil {
			t.Fatal(name, err)
		}
		var said []string
		for _, l := range sheets[0].GetLines() {
			said = append(said, l.GetLine()+" "+l.GetIn()+" "+l.GetOut())
		}
		if got := strings.Join(said, ", "); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestVATIsAPartOfTheSum(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ total, percent, want string }{
		{"1220.00", "22", "220.00"}, {"100.00", "20", "16.67"}, {"0.03", "20", "0.01"}, {"0.00", "22", "0.00"}, {"105.00", "5", "5.00"}, {"-122.00", "22", "-22.00"},
	} {
		if got := money.RUB.Format(VAT(money.MustParse(tc.total), money.MustParse(tc.percent))); got != tc.want {
			t.Errorf("%s at %s %%: %s, want %s", tc.total, tc.percent, got, tc.want)
		}
	}
}

// TestSheetScenarios plays testdata/*.txt: "day flow id kind: debit → credit amount, …" books
// an entry, "sheets FROM TO" shows the months as the company gets them.
func TestSheetScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := playSheets(t, string(text))
		if got == string(text) {
			continue
		}
		if flag.Lookup("rewrite").Value.String() != "true" {
			t.Errorf("%s: run with -rewrite and read the difference\n%s", file, got)
			continue
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func playSheets(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	var records []*journalv1.Record
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		out.WriteString(line)
		head, rest, said := strings.Cut(strings.TrimSpace(line), ": ")
		words := strings.Fields(head)
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "sheets":
			m := NewMonths(company, words[1], words[2], Standing{})
			for _, r := range records {
				if err := m.Add(r); err != nil {
					t.Fatal(err)
				}
			}
			sheets, _, err := m.Sheets()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range sheets {
				for row := range bytes.Lines(bytes.TrimPrefix(CSV(s), []byte("\ufeff"))) {
					out.WriteString("    " + strings.TrimSuffix(string(row), "\r\n") + "\n")
				}
			}
		case said:
			e := entry{day: words[0]}
			if len(words) > 2 {
				e.flow, e.id = words[1], words[2]
			}
			if len(words) > 3 {
				e.kind = flowv1.EmploymentKind(flowv1.EmploymentKind_value["EMPLOYMENT_KIND_"+strings.ToUpper(words[3])])
			}
			for p := range strings.SplitSeq(rest, ", ") {
				w := strings.Fields(p)
				if len(w) != 4 || w[1] != "→" || slices.Contains(w, "") {
					t.Fatalf("%q is no posting", p)
				}
				e.postings = append(e.postings, posting{w[0], w[2], w[3]})
			}
			records = append(records, e.record(uint64(len(records)+1)))
		default:
			t.Fatalf("%q is no line of a scenario", line)
		}
	}
	return out.String()
}
