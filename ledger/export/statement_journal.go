package export

import (
	"cmp"

	"github.com/provodka/provodka/ledger/book"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// statementJournal writes a statement as a journal: entries with their postings to the account, each
// with what it stands at, and the parts of the counter-accounts, which nothing is asserted of. Accounts
// and tags are declared as they come.
type statementJournal struct {
	hledger
	*statement
	entries, postings int
}

func (w *statementJournal) begin(opening book.Stripe) error {
	w.totals.add(w.o.Account, w.asset.Code, opening.Debit.Sub(opening.Credit))
	x := &index{
		book: w.o.Book, known: w.o.KnownUS, heads: w.heads,
		accounts: map[string]bool{w.o.Account: true}, assets: map[string]bool{w.asset.Code: true},
	}
	if err := w.head(x); err != nil {
		return err
	}
	account, err := underClass(w.o.Account)
	if err != nil || w.totals.empty() {
		w.declared["account "+account] = true
		return err
	}
	w.declared["account "+account], w.declared["account "+openingAccount] = true, true
	return w.opening(cmp.Or(w.o.From, "0001-01-01"))
}

func (w *statementJournal) entry(of booked) error {
	var legs []*journalv1.Leg
	for _, p := range of.postings {
		legs = append(legs, of.record.GetLegs()[p.leg])
	}
	for _, p := range of.postings {
		kind := journalv1.LegKind_LEG_KIND_DEBIT
		if p.debit {
			kind = journalv1.LegKind_LEG_KIND_CREDIT
		}
		for _, c := range p.counters {
			if c.Account != w.o.Account { // both of its sides stand here already
				legs = append(legs, &journalv1.Leg{Account: c.Account, Asset: c.Asset, Kind: kind, Amount: c.Amount.String()})
			}
		}
	}
	if err := w.declare(of.record, legs); err != nil {
		return err
	}
	n, err := w.write(of.record, legs)
	w.entries, w.postings = w.entries+1, w.postings+n
	return err
}

func (w *statementJournal) end(book.Stripe) error { return w.hledger.end(w.entries, w.postings) }
