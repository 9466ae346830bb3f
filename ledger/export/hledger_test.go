package export_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

func exported(t *testing.T, w *audittest.World) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := export.Write(t.Context(), memory{w}, export.Options{Format: export.FormatHledger}, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// awkward makes books whose words would break a careless exporter.
func awkward() *audittest.World {
	w := audittest.New()
	for n, words := range []map[string]string{
		{"statement": "a; b | c  d\n2026-01-01 evil", "date": "2020-01-01", "Дата": "[2026-01-01]", "x:y": "z, w: v"},
		{"task": ":tag1:tag2:", "order": "=2026/01/01 [=2020/01/01]", "note": "* ! (code) \u2028 \u00a0x", "seq": "forged"},
		{"key": strings.Repeat("длинно ", 100), "t": "1", "type": "Asset"},
	} {
		op := audittest.Post("комиссия ; | банка  за\tмесяц", "", audittest.Leg('D', "bank:settlement:fees", "RUB", "0.01"),
			audittest.Leg('C', "capital:own", "RUB", "0.01"), audittest.Leg('D', "bank:settlement", "JPY", "5"), audittest.Leg('C', "capital:own", "JPY", "5"))
		op.GetPost().Links = words
		w.Do(n%2, op)
	}
	big := strings.Repeat("9", 35) + ".99"
	w.Do(0, audittest.Post("opening", "", audittest.Leg('D', "bank:settlement", "RUB", big), audittest.Leg('C', "capital:own", "RUB", big)))
	w.Do(1, audittest.Post("opening", "2026-02-01", audittest.Leg('D', "clearing:x", "ETH", "0.000000000000000001"), audittest.Leg('C', "capital:own", "ETH", "0.000000000000000001")))
	return w
}

func TestTheDialect(t *testing.T) {
	t.Parallel()
	w := audittest.New()
	w.Do(0, audittest.Open("wallet:company-1"))
	w.Do(0, audittest.Post("topup", "2026-03-01", audittest.Leg('D', "bank:settlement", "RUB", "1000.00"), audittest.Leg('C', "wallet:company-1", "RUB", "1000.00")))
	w.Do(1, audittest.Post("fee", "2026-02-28", audittest.Leg('D', "expense:bank", "RUB", "0.01"), audittest.Leg('C', "bank:settlement", "RUB", "0.01")))
	got := regexp.MustCompile(`head [0-9a-f]{64}`).ReplaceAllString(exported(t, w), "head HASH")
	want := `; provodka: book main, debits positive, accounts under their class
; shard 0: up to record 2, head HASH
; shard 1: up to record 1, head HASH

commodity RUB
    format 1000.00 RUB
account assets:bank:settlement
account expenses:expense:bank
account liabilities:wallet:company-1
tag key
tag recorded
tag seq
tag statement

2026-02-28 * (1.1) fee st-1
    ; seq: 1.1
    ; recorded: 2026-03-02T06:00:00Z
    ; key: key-3
    ; statement: st-1
    expenses:expense:bank                         0.01 RUB = 0.01 RUB
    assets:bank:settlement                        -0.01 RUB = -0.01 RUB

2026-03-01 * (0.2) topup st-1
    ; seq: 0.2
    ; recorded: 2026-03-02T06:00:01.000003Z
    ; key: key-2
    ; statement: st-1
    assets:bank:settlement                        1000.00 RUB = 999.99 RUB
    liabilities:wallet:company-1                  -1000.00 RUB = -1000.00 RUB

; end: 2 entries, 4 postings
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheBookMustBeClear(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	_, err := export.Write(t.Context(), memory{audittest.Small()}, export.Options{Book: "other", Format: export.FormatHledger}, &out)
	if err == nil || err.Error() != "name the book: there are main" {
		t.Error(err)
	}
	report, err := export.Write(t.Context(), memory{audittest.New()}, export.Options{Book: "main", Format: export.FormatHledger}, &out)
	if err != nil || report.Entries != 0 {
		t.Errorf("empty books: %+v, %v", report, err)
	}
}

// tool finds an independent program or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (apt-get install %s): the export is not checked by it", name, name)
	}
	return path
}

func run(t *testing.T, path string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "books.journal")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checks are the strict modes of the two programs.
var checks = []struct {
	tool string
	args func(path string) []string
}{
	{"hledger", func(p string) []string {
		return []string{"-f", p, "check", "-s", "ordereddates", "balancednoautoconversion"}
	}},
	{"ledger", func(p string) []string { return []string{"-f", p, "--pedantic", "--strict", "bal"} }},
}

func worlds() map[string]*audittest.World {
	return map[string]*audittest.World{
		"small": audittest.Small(), "awkward": awkward(), "random": audittest.Random(7, 4, 400), "empty": audittest.New(), "exchange": exchanged(), "scales": scales(),
	}
}

// scales are books with sums of 38 digits in assets of every scale, half of which moved.
func scales() *audittest.World {
	w := audittest.New()
	for _, asset := range money.Assets() {
		whole, places := strings.Repeat("9", 38-int(asset.Scale)), strings.Repeat("9", int(asset.Scale))
		half := strings.Repeat("4", len(whole))
		if asset.Scale > 0 {
			whole, half = whole+"."+places, half+"."+places[1:]+"7"
		}
		w.Do(0, audittest.Post("topup", "", audittest.Leg('D', "bank:vault", asset.Code, whole), audittest.Leg('C', "suspense:all", asset.Code, whole)))
		w.Do(0, audittest.Post("transfer", "2026-02-10", audittest.Leg('D', "suspense:all", asset.Code, half), audittest.Leg('C', "suspense:half", asset.Code, half)))
	}
	return w
}

// exchanged are books in which dollars were sold for rubles and yen, with a link that
// pretends to be a rate; one exchange was half given back.
func exchanged() *audittest.World {
	w := audittest.New()
	w.Do(0, audittest.Post("topup", "", audittest.Leg('D', "bank:usd", "USD", "1000.00"), audittest.Leg('C', "wallet:a", "USD", "1000.00")))
	w.Do(0, audittest.Exchange("90.555", audittest.Leg('D', "wallet:a", "USD", "100.01"), audittest.Leg('C', "wallet:a", "RUB", "9046.41"),
		audittest.Leg('C', "revenue:fx", "RUB", "10.00")))
	op := audittest.Exchange("0.0067", audittest.Leg('D', "wallet:a", "USD", "1.00"), audittest.Leg('C', "wallet:a", "JPY", "149"))
	op.GetExchange().Inverse, op.GetExchange().Links = true, map[string]string{"rate": "1; forged", "note": "a, b"}
	w.Do(0, op)
	w.Do(0, &commandv1.Operation{What: &commandv1.Operation_Reverse{Reverse: &commandv1.Reverse{Seq: 2, Part: "0.5"}}})
	return w
}

// TestTheRateStandsBesideTheEntry: and each asset balances by itself.
func TestTheRateStandsBesideTheEntry(t *testing.T) {
	t.Parallel()
	text := exported(t, exchanged())
	_, entry, _ := strings.Cut(text, "2026-03-02 * (0.2)")
	entry, _, _ = strings.Cut(entry, "\n\n")
	want := ` exchange+spread
    ; seq: 0.2
    ; recorded: 2026-03-02T06:00:01.000003Z
    ; key: key-2
    ; rate: 90.555 RUB for one USD
    ; rate-source: cbr
    ; rate-at: 2026-03-01T06:00:00Z
    ; exact: 9056.40555 RUB
    ; rounding: half_even 0.00445
    liabilities:wallet:a                          100.01 USD = -899.99 USD
    assets:fx:rub-usd                             -100.01 USD = -100.01 USD
    assets:fx:rub-usd                             9056.41 RUB = 9056.41 RUB
    liabilities:wallet:a                          -9046.41 RUB = -9046.41 RUB
    income:revenue:fx                             -10.00 RUB = -10.00 RUB`
	if diff := cmp.Diff(want, entry); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{"tag rate-source\n", "; rate: 0.0067 USD for one JPY\n", "(0.4) reversal"} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is missing:\n%s", line, text)
		}
	}
	if strings.Contains(text, "forged") && strings.Contains(text, "; rate: 1") {
		t.Errorf("a link pretends to be the rate:\n%s", text)
	}
}

func TestBothProgramsAcceptTheBooks(t *testing.T) {
	t.Parallel()
	for _, check := range checks {
		t.Run(check.tool, func(t *testing.T) {
			t.Parallel()
			path := tool(t, check.tool)
			for name, w := range worlds() {
				f := file(t, exported(t, w))
				if out, err := run(t, path, check.args(f)...); err != nil {
					text, _ := os.ReadFile(f)
					t.Errorf("%s: %v: %s\n%.3000s", name, err, out, text)
				}
			}
		})
	}
}

// TestAPlantedKopeckIsCaught changes one digit of one posting, and drops one.
func TestAPlantedKopeckIsCaught(t *testing.T) {
	t.Parallel()
	text := exported(t, audittest.Random(3, 2, 40))
	posting := regexp.MustCompile(`(?m)^    \w+:[^ ]+ +-?[0-9.]+ RUB = .*\n`)
	found := posting.FindAllStringIndex(text, -1)
	amount := regexp.MustCompile(`([0-9]) RUB = `)
	for _, check := range checks {
		t.Run(check.tool, func(t *testing.T) {
			t.Parallel()
			path := tool(t, check.tool)
			for _, at := range [][]int{found[0], found[len(found)/2], found[len(found)-1]} {
				line := text[at[0]:at[1]]
				planted := amount.ReplaceAllStringFunc(line, func(s string) string { return string('0'+(s[0]-'0'+1)%10) + s[1:] })
				for _, changed := range []string{text[:at[0]] + planted + text[at[1]:], text[:at[0]] + text[at[1]:]} {
					if out, err := run(t, path, check.args(file(t, changed))...); err == nil {
						t.Errorf("%s did not notice that %q was changed to %q or dropped: %s", check.tool, line, planted, out)
					}
				}
			}
		})
	}
}

// TestHledgerBalancesAreOurs adds the records up by themselves and compares with what
// hledger makes of the file, account by account.
func TestHledgerBalancesAreOurs(t *testing.T) {
	t.Parallel()
	path := tool(t, "hledger")
	for name, w := range worlds() {
		out, err := run(t, path, "-f", file(t, exported(t, w)), "bal", "--flat", "-N", "-E", "--layout=bare", "-O", "csv")
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		theirs := map[string]string{}
		for _, row := range rows[min(1, len(rows)):] {
			amount := money.MustParse(strings.TrimSuffix(row[2], ".0")) // hledger 1.25 writes yen so
			asset, ok := money.LookupAsset(row[1])
			if !ok {
				t.Fatalf("hledger speaks of %q", row)
			}
			if !amount.IsZero() {
				theirs[row[0]+" "+row[1]] = asset.Format(amount)
			}
		}
		if diff := cmp.Diff(ours(w), theirs); diff != "" {
			t.Errorf("%s: ours and hledger's: %s", name, diff)
		}
	}
}

func ours(w *audittest.World) map[string]string {
	classes := map[book.Class]string{book.Asset: "assets:", book.Liability: "liabilities:", book.Income: "income:", book.Expense: "expenses:", book.Equity: "equity:"}
	sums := map[string]money.Amount{}
	for _, n := range w.Shards() {
		for _, s := range w.Records(n) {
			for _, l := range s.Record.GetLegs() {
				amount := money.MustParse(l.GetAmount())
				switch l.GetKind() {
				case journalv1.LegKind_LEG_KIND_CREDIT:
					amount = amount.Neg()
				case journalv1.LegKind_LEG_KIND_DEBIT:
				default:
					continue
				}
				kind, _, _ := strings.Cut(l.GetAccount(), ":")
				t, _ := book.LookupType(kind)
				key := fmt.Sprintf("%s%s %s", classes[t.Class], l.GetAccount(), l.GetAsset())
				sums[key] = sums[key].Add(amount)
			}
		}
	}
	out := map[string]string{}
	for key, sum := range sums {
		if !sum.IsZero() {
			out[key] = sum.String()
		}
	}
	return out
}
