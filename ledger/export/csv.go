package export

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// csvFile writes a line for each leg, as RFC 4180 has it: comma, CRLF, quotes doubled, a
// foreign text's bytes as they are, line breaks and all, UTF-8. What a spreadsheet would
// take for a formula (a text that begins with = + - @, their wide forms, a tab or a line
// break) gets an apostrophe in front, and so does an apostrophe there: whoever reads the
// file takes one away and has the text again. The same stands behind a semicolon, a tab or
// a line break inside a text: where ; separates cells, as in Russia, and for programs that
// split by tabs, a cell begins there. Words in JSON write the semicolon as \u003b instead.
type csvFile struct {
	out    *bufio.Writer // keeps its first error until Flush
	totals *totals
}

func (w *csvFile) head(*index) error {
	w.row("day", "recorded_at", "document", "kind", "account", "code_1c", "asset", "debit", "credit", "key", "links", "metadata")
	return nil
}

func (w *csvFile) row(cells ...string) {
	for i, c := range cells {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.out.WriteString(csvCell(c))
	}
	w.out.WriteString("\r\n")
}

// csvCell quotes a cell that needs it.
func csvCell(text string) string {
	if strings.ContainsAny(text, ",;\"\r\n\t ") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}

// csvText is a foreign text that no spreadsheet computes.
func csvText(text string) string {
	var b strings.Builder
	from, begins := 0, true
	for i, c := range text {
		if begins && (strings.ContainsRune("=+-@＝＋－＠'", c) || i == 0 && strings.ContainsRune(cellEnds, c)) {
			b.WriteString(text[from:i] + "'")
			from = i
		}
		begins = strings.ContainsRune(cellEnds+";", c)
	}
	return b.String() + text[from:]
}

// cellEnds are characters behind which a careless reader begins a cell.
const cellEnds = "\t\r\n"

func (w *csvFile) opening(day string) error {
	return w.totals.each(func(account string, asset money.Asset, sum money.Amount) error {
		debit, credit := asset.Format(sum), ""
		if sum.Sign() < 0 {
			debit, credit = "", asset.Format(sum.Neg())
		}
		w.row(day, "", "", "opening balance", account, code1C(account), asset.Code, debit, credit, "", "{}", "{}")
		return nil
	})
}

func code1C(account string) string {
	kind, _, _ := strings.Cut(account, ":")
	t, _ := book.LookupType(kind)
	return t.Code1C
}

func (w *csvFile) entry(r *journalv1.Record) (int, error) {
	e := r.GetEntry()
	links, err := words(e.GetLinks())
	if err != nil {
		return 0, err
	}
	metadata, err := words(e.GetMetadata())
	if err != nil {
		return 0, err
	}
	n := 0
	for _, l := range r.GetLegs() {
		if !posting(l) {
			continue
		}
		n++
		debit, credit := l.GetAmount(), ""
		if l.GetKind() == journalv1.LegKind_LEG_KIND_CREDIT {
			debit, credit = "", l.GetAmount()
		}
		w.row(e.GetDay(), time.UnixMicro(r.GetClockUs()).UTC().Format(time.RFC3339Nano), fmt.Sprintf("%d.%d", r.GetShard(), r.GetSeq()),
			csvText(e.GetKind()), l.GetAccount(), code1C(l.GetAccount()), l.GetAsset(), debit, credit, csvText(r.GetKey()), links, metadata)
	}
	return n, w.totals.count(r)
}

// words are names with values as a JSON object, by name.
func words(m map[string]string) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(m)
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), ";", `\u003b`), err
}

func (w *csvFile) end(int, int) error { return w.out.Flush() }
