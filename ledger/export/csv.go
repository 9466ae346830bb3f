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

// csvRows writes lines as RFC 4180 has them: comma, CRLF, quotes doubled, a foreign text's bytes as
// they are, line breaks and all, UTF-8. What a spreadsheet would take for a formula (a text that begins
// with = + - @, their wide forms, a tab or a line break) gets an apostrophe in front, and so does an
// apostrophe there: whoever reads the file takes one away and has the text again. The same stands
// behind a semicolon, a tab or a line break inside a text: where ; separates cells, as in Russia, and
// for programs that split by tabs, a cell begins there. Words in JSON write the semicolon as \u003b
// instead. Foreign texts come through csvText; names and amounts of ours need no guard.
type csvRows struct {
	out   *bufio.Writer // keeps its first error until Flush
	lines int           // with the head
}

func (w *csvRows) row(cells ...string) {
	w.lines++
	for i, c := range cells {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.out.WriteString(csvCell(c))
	}
	w.out.WriteString("\r\n")
}

// flush ends the file and says how many lines it has behind its head.
func (w *csvRows) flush(lines *int) error {
	*lines = max(w.lines-1, 0)
	return w.out.Flush()
}

// csvFile writes a line for each leg of the entries.
type csvFile struct {
	csvRows
	totals *totals
}

func (w *csvFile) head(*index) error {
	w.row("day", "recorded_at", "document", "kind", "account", "code_1c", "asset", "debit", "credit", "key", "links", "metadata")
	return nil
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
		debit, credit := sides(asset.Format(money.Max(sum, sum.Neg())), sum.Sign() >= 0)
		w.row(day, "", "", "opening balance", account, code1C(account), asset.Code, debit, credit, "", "{}", "{}")
		return nil
	})
}

// sides are an amount in the cell of its side.
func sides(amount string, debit bool) (string, string) {
	if debit {
		return amount, ""
	}
	return "", amount
}

func moment(clockUS int64) string { return time.UnixMicro(clockUS).UTC().Format(time.RFC3339Nano) }

// document is the entry's id.
func document(r *journalv1.Record) string { return fmt.Sprintf("%d.%d", r.GetShard(), r.GetSeq()) }

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
		debit, credit := sides(l.GetAmount(), l.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT)
		w.row(e.GetDay(), moment(r.GetClockUs()), document(r), csvText(e.GetKind()), l.GetAccount(), code1C(l.GetAccount()), l.GetAsset(), debit, credit, csvText(r.GetKey()), links, metadata)
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
