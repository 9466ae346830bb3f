package export_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/money"
)

type closing struct{ *bytes.Buffer }

func (closing) Close() error { return nil }

// months exports a file for each month.
func months(t *testing.T, w *audittest.World, o export.Options) map[string]*bytes.Buffer {
	t.Helper()
	files := map[string]*bytes.Buffer{}
	_, err := export.WriteMonths(t.Context(), memory{w}, o, func(month string) (io.WriteCloser, error) {
		files[month] = &bytes.Buffer{}
		return closing{files[month]}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func whole(t *testing.T, w *audittest.World, o export.Options) string {
	t.Helper()
	var out bytes.Buffer
	last := -1
	o.Progress = func(percent int) {
		if percent <= last || percent > 100 {
			t.Errorf("%d %% after %d %%", percent, last)
		}
		last = percent
	}
	if _, err := export.Write(t.Context(), memory{w}, o, &out); err != nil {
		t.Fatal(err)
	}
	if last != 100 {
		t.Errorf("the progress ends at %d %%", last)
	}
	return out.String()
}

// TestHledgerAcceptsEveryMonth: every month's file passes strict mode by itself, the last
// one ends with the balances of the whole book, and so does the range and an account.
func TestHledgerAcceptsEveryMonth(t *testing.T) {
	t.Parallel()
	hledger := tool(t, "hledger")
	check := func(t *testing.T, text string) string {
		t.Helper()
		path := file(t, text)
		if out, err := run(t, hledger, "-f", path, "check", "-s", "ordereddates", "balancednoautoconversion"); err != nil {
			t.Fatalf("%v\n%s\n%.2000s", err, out, text)
		}
		out, err := run(t, hledger, "-f", path, "bal", "--flat", "-N", "-O", "csv")
		if err != nil {
			t.Fatal(err, out)
		}
		return out
	}
	for name, w := range worlds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := whole(t, w, export.Options{Format: export.FormatHledger})
			want := check(t, all)
			files := months(t, w, export.Options{Format: export.FormatHledger})
			for i, month := range slices.Sorted(maps.Keys(files)) {
				got := check(t, files[month].String())
				if i == len(files)-1 && got != want {
					t.Errorf("after %s the balances are\n%s\nwant\n%s", month, got, want)
				}
			}
			if got := check(t, whole(t, w, export.Options{Format: export.FormatLedger, From: "2026-03-02"})); got != want {
				t.Errorf("from a day on the balances are\n%s\nwant\n%s", got, want)
			}
			check(t, whole(t, w, export.Options{Format: export.FormatHledger, Account: "bank:settlement", From: "2026-03-02", To: "2026-03-31"}))
		})
	}
}

// TestCSVCanBeReadBack: a plain reader of RFC 4180 gets every posting, every month chains
// with the one before, and no cell begins as a formula.
func TestCSVCanBeReadBack(t *testing.T) {
	t.Parallel()
	for name, w := range worlds() {
		rows := readCSV(t, whole(t, w, export.Options{Format: export.FormatCSV}))
		want := sumCSV(t, rows)
		var last map[string]string
		files := months(t, w, export.Options{Format: export.FormatCSV})
		n := 0
		for _, month := range slices.Sorted(maps.Keys(files)) {
			part := readCSV(t, files[month].String())
			opening := slices.DeleteFunc(slices.Clone(part), func(r map[string]string) bool { return r["document"] != "" })
			if got := sumCSV(t, opening); last != nil && !maps.Equal(got, last) {
				t.Errorf("%s, %s begins with %v, the month before ended with %v", name, month, got, last)
			}
			last, n = sumCSV(t, part), n+len(part)-len(opening)
		}
		if !maps.Equal(last, want) || n != len(rows) {
			t.Errorf("%s: the months end with %v (%d rows), the book with %v (%d)", name, last, n, want, len(rows))
		}
	}
}

func readCSV(t *testing.T, text string) (rows []map[string]string) {
	t.Helper()
	if !strings.HasSuffix(text, "\r\n") {
		t.Error("the last line has no end")
	}
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, c := range cells {
			if c != "" && strings.ContainsRune("=+-@\t\r\n", rune(c[0])) && all[0][i] != "balance" { // a number below zero
				t.Errorf("a cell begins with %q", c[0])
			}
			row[all[0][i]] = c
		}
		rows = append(rows, row)
	}
	return rows
}

func sumCSV(t *testing.T, rows []map[string]string) map[string]string {
	t.Helper()
	sums := map[string]money.Amount{}
	for _, r := range rows {
		key := r["account"] + " " + r["asset"]
		if r["debit"] != "" {
			sums[key] = sums[key].Add(money.MustParse(r["debit"]))
		} else {
			sums[key] = sums[key].Sub(money.MustParse(r["credit"]))
		}
	}
	out := map[string]string{}
	for k, v := range sums {
		if !v.IsZero() {
			out[k] = v.String()
		}
	}
	return out
}

// TestCSVKeepsHostileTexts: whatever a kind or a word is, the reader has it again.
func TestCSVKeepsHostileTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a\nb", "a\r\nb", "say \"hi\"", "«ёлки»", "🙂🏦", "\u202eabc\u200f", "=1+1", "+7", "-1", "@cmd", "\t=1", "'x", "''", "＝1", "a,b;c", " padded ", "x'",
		"a;=1+1", "a;'b", "x;;-1;＠", "a\t=1", "a\n+1", "a\r\n@x", "a;\t=1",
	} {
		cell := export.CSVCell(text)
		read, err := csv.NewReader(strings.NewReader(cell + ",end\r\n")).Read()
		if err != nil || len(read) != 2 {
			t.Fatalf("%q as %s: %q, %v", text, cell, read, err)
		}
		// The reader of Go makes \n of \r\n inside quotes, as RFC 4180 lets it.
		if got, want := export.Plain(read[0]), strings.ReplaceAll(text, "\r\n", "\n"); got != want {
			t.Errorf("%q became %q", want, got)
		}
		for _, part := range strings.FieldsFunc(cell, func(c rune) bool { return strings.ContainsRune(";\t\n\"", c) }) {
			if strings.ContainsRune("=+-@＝＋－＠", []rune(part)[0]) {
				t.Errorf("%q has a cell that begins as a formula: %q", cell, part)
			}
		}
	}
}

// TestOnlyMovedMoneyIsNoTurnover: what went from shard to shard inside an account is in no file,
// and the account stands where it stood.
func TestOnlyMovedMoneyIsNoTurnover(t *testing.T) {
	t.Parallel()
	w := audittest.New()
	for shard := range 2 {
		w.Do(shard, audittest.Post("topup", "", audittest.Leg('D', "bank:main", "RUB", "10.00"), audittest.Leg('C', "wallet:a", "RUB", "10.00")))
	}
	before := readCSV(t, whole(t, w, export.Options{Format: export.FormatCSV}))
	w.Travel(0, 1, "wallet:a", money.MustParse("2.00"))
	w.Do(1, audittest.Post("transfer", "", audittest.Leg('D', "wallet:a", "RUB", "12.00"), audittest.Leg('C', "wallet:b", "RUB", "12.00")))
	rows := readCSV(t, whole(t, w, export.Options{Format: export.FormatCSV}))
	if len(rows) != len(before)+2 || sumCSV(t, rows)["wallet:a RUB"] != "-8.00" {
		t.Errorf("%d lines after %d: %v", len(rows), len(before), sumCSV(t, rows))
	}
	checkStatement(t, "moved", w, export.Options{Book: "main", Account: "wallet:a", Asset: "RUB", Format: export.FormatCSV})
	for _, r := range rows {
		if strings.Contains(r["account"], "transit") || r["kind"] == "transit" {
			t.Errorf("%v", r)
		}
	}
}
