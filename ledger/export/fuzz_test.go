package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/export"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// worded is a book of one entry with foreign words in every place that takes them.
func worded(kind, name, value string) memory {
	w := audittest.New()
	op := audittest.Post(kind, "2026-03-01", audittest.Leg('D', "bank:main", "RUB", "1.00"), audittest.Leg('C', "capital:own", "RUB", "1.00"))
	op.GetPost().Links, op.GetPost().Metadata = map[string]string{name: value}, map[string]string{name: value}
	w.Do(0, op)
	return memory{w}
}

// FuzzWords: foreign words come back from the CSV as they were, read by the standard
// library's reader, and make no line in a journal that is not ours.
func FuzzWords(f *testing.F) {
	for _, text := range []string{"x", "«ёлка»", "a\nb\r\n2026-01-01 evil", `"quoted", 'too'`, "😀 𝒜", "\u202eсправа", "=1+1", "a;=1+1;'b", "; [2026/01/01] :tag:", "'", "\u2028\u0085"} {
		f.Add(text, "order", text)
		f.Add("k", text, text)
	}
	f.Fuzz(func(t *testing.T, kind, name, value string) {
		if !utf8.ValidString(kind) || !utf8.ValidString(name) || !utf8.ValidString(value) || strings.ContainsRune(kind+name+value, 0) || kind == "" || name == "" || len(kind+name+value) > 2_000 {
			return // the API takes none of these
		}
		j := worded(kind, name, value)
		if j.w.Last(0).GetEntry() == nil {
			return // the books refused it
		}
		var out bytes.Buffer
		if _, err := export.Write(t.Context(), j, export.Options{Format: export.FormatCSV}, &out); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Fatalf("%v: %d rows", err, len(rows))
		}
		// The reader makes \n of \r\n in a cell; RFC 4180 has no other way to say it.
		if got := export.Plain(rows[1][3]); got != strings.ReplaceAll(kind, "\r\n", "\n") {
			t.Errorf("the kind %q came back as %q", kind, rows[1][3])
		}
		for _, cell := range rows[1][10:] {
			if strings.Contains(cell, ";") {
				t.Errorf("%q splits where ; separates cells", cell)
			}
			words := map[string]string{}
			if err := json.Unmarshal([]byte(cell), &words); err != nil || words[name] != value {
				t.Errorf("%q = %q came back as %q (%v)", name, value, cell, err)
			}
		}
		for _, o := range []export.Options{{}, {What: export.Statement, Book: "main", Account: "bank:main"}} {
			var odd, plain bytes.Buffer
			o.Format = export.FormatHledger
			for words, to := range map[memory]*bytes.Buffer{j: &odd, worded("k", "n", "v"): &plain} {
				if _, err := export.Write(t.Context(), words, o, to); err != nil {
					t.Fatal(err)
				}
			}
			if a, b := begins(odd.String()), begins(plain.String()); a != b {
				t.Errorf("%s begin the lines, not %s:\n%s", a, b, odd.String())
			}
		}
		accountWords(t, j, kind, name, value)
	})
}

// accountWords wants the foreign words of a statement and a card back.
func accountWords(t *testing.T, j memory, kind, name, value string) {
	t.Helper()
	for _, what := range []export.What{export.Statement, export.Card} {
		var out bytes.Buffer
		o := export.Options{What: what, Book: "main", Account: "bank:main", Format: export.FormatCSV, Title: func(*journalv1.Record) string { return value }}
		if _, err := export.Write(t.Context(), j, o, &out); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 4 {
			t.Fatalf("%v: %d rows of the %s", err, len(rows), what)
		}
		for i, column := range rows[0] {
			cell := rows[2][i]
			switch column {
			case "kind":
				if got := export.Plain(cell); got != strings.ReplaceAll(kind, "\r\n", "\n") {
					t.Errorf("the kind %q came back as %q in the %s", kind, cell, what)
				}
			case "title":
				if got := export.Plain(cell); got != strings.ReplaceAll(value, "\r\n", "\n") {
					t.Errorf("the title %q came back as %q in the %s", value, cell, what)
				}
			case "links", "metadata":
				words := map[string]string{}
				if err := json.Unmarshal([]byte(cell), &words); err != nil || words[name] != value || strings.Contains(cell, ";") {
					t.Errorf("%q = %q came back as %q (%v) in the %s", name, value, cell, err, what)
				}
			}
			if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(cell)[0]) {
				t.Errorf("%s of the %s begins as a formula: %q", column, what, cell)
			}
		}
	}
}

// begins are the first characters of the lines that are no comments.
func begins(journal string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.NewReplacer("\r", "\n", "\u2028", "\n", "\u0085", "\n").Replace(journal), "\n") {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, ";") && !strings.HasPrefix(line, "tag ") {
			b.WriteByte(line[0])
		}
	}
	return b.String()
}
