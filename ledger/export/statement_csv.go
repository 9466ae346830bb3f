package export

import (
	"encoding/json"
	"strconv"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
)

// statementCSV writes a statement as a line for each posting, or a card as a line for each
// counter-account of one.
type statementCSV struct {
	csvRows
	*statement
	report *Report
	sums   book.Stripe
}

func (w *statementCSV) begin(opening book.Stripe) error {
	w.sums = opening
	if w.o.What == Card {
		w.row("line", "day", "recorded_at", "document", "leg", "kind", "title", "account", "code_1c", "asset", "counter_account", "counter_code_1c",
			"debit", "credit", "balance", "key", "links", "metadata")
	} else {
		w.row("line", "day", "recorded_at", "document", "leg", "kind", "title", "account", "code_1c", "asset", "debit", "credit", "balance", "counters", "key")
	}
	w.bound("opening", w.o.From)
	return nil
}

// bound writes what the account stands at before the first day or after the last.
func (w *statementCSV) bound(line, day string) {
	cells := []string{line, day, "", "", "", "", "", w.o.Account, w.kind.Code1C, w.asset.Code}
	if w.o.What == Card {
		w.row(append(cells, "", "", "", "", w.balance(), "", "{}", "{}")...)
	} else {
		w.row(append(cells, "", "", w.balance(), "{}", "")...)
	}
}

// balance is what the account stands at, on its normal side.
func (w *statementCSV) balance() string { return w.asset.Format(w.sums.Balance(w.kind.Class)) }

func (w *statementCSV) entry(of booked) error {
	e := of.record.GetEntry()
	links, err := words(e.GetLinks())
	if err != nil {
		return err
	}
	metadata, err := words(e.GetMetadata())
	if err != nil {
		return err
	}
	title := ""
	if w.o.Title != nil {
		title = csvText(w.o.Title(of.record))
	}
	for _, p := range of.postings {
		cells := []string{"posting", e.GetDay(), moment(of.record.GetClockUs()), document(of.record), strconv.Itoa(p.leg), csvText(e.GetKind()), title,
			w.o.Account, w.kind.Code1C, w.asset.Code}
		key := csvText(of.record.GetKey())
		if w.o.What == Card {
			for _, c := range p.counters {
				debit, credit := w.post(p.debit, c.Amount)
				w.row(append(cells, c.Account, code1C(c.Account), debit, credit, w.balance(), key, links, metadata)...)
			}
			continue
		}
		counters, err := countersOf(w.asset, p.counters)
		if err != nil {
			return err
		}
		debit, credit := w.post(p.debit, p.amount)
		w.row(append(cells, debit, credit, w.balance(), counters, key)...)
	}
	return nil
}

// post counts an amount and writes it in the cell of its side.
func (w *statementCSV) post(debit bool, amount money.Amount) (string, string) {
	post(&w.sums, debit, amount)
	return sides(w.asset.Format(amount), debit)
}

// countersOf are counter-accounts with their parts as a JSON object, in the order of their names.
func countersOf(asset money.Asset, counters []book.Posting) (string, error) {
	parts := make(map[string]string, len(counters))
	for _, c := range counters {
		parts[c.Account] = asset.Format(c.Amount)
	}
	raw, err := json.Marshal(parts)
	return string(raw), err
}

func (w *statementCSV) end(book.Stripe) error {
	w.bound("closing", w.o.To)
	return w.flush(&w.report.Lines)
}
