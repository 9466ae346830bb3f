package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// Trial asks for the trial balance of a book: what each type of account was debited and
// credited in all, and where it stands.
type Trial struct {
	Book    string
	Day     string       // what is effective up to this business day; "" is no bound
	KnownUS int64        // what was recorded up to this clock; 0 is no bound
	Upto    []store.Seen // what was recorded up to these numbers; nil is the shards' own sums, of now
}

// TrialRow is a type of account in one asset. Sums have no rounding: they are of amounts
// at the asset's scale.
type TrialRow struct {
	Type     book.Type // without a name in a row of totals
	Asset    money.Asset
	Turnover store.Sums // debited and credited in all
	Balance  store.Sums // the balance, on the side where it stands
}

// TrialBooks is where a trial balance is read; *store.DB is one.
type TrialBooks interface {
	Accounts
	// TrialBalance reads the sums that the shards keep.
	TrialBalance(ctx context.Context, book string) ([]store.TotalRow, []store.Seen, error)
}

// Read answers a row for each type and asset in the order of the chart, the totals by
// asset, whose debits equal their credits or the books are broken, and how far it saw. Of
// another moment than now every account of the book is read, and progress is told how far that is; it may be nil.
func (t Trial) Read(ctx context.Context, b TrialBooks, progress func(done, of uint64)) (rows, totals []TrialRow, seen []store.Seen, err error) {
	read, seen := []store.TotalRow(nil), t.Upto
	if t.Upto == nil {
		read, seen, err = b.TrialBalance(ctx, t.Book)
	} else {
		read, err = t.walk(ctx, b, progress)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("trial balance of %s: %w", t.Book, err)
	}
	of := map[string]*TrialRow{}
	for _, r := range read {
		kind, _ := book.LookupType(r.Type)
		asset, ok := money.LookupAsset(r.Asset)
		if !ok {
			return nil, nil, nil, fmt.Errorf("the books have asset %q, which this program does not know", r.Asset)
		}
		row := TrialRow{Type: kind, Asset: asset, Turnover: store.Sums{Debit: r.Debit, Credit: r.Credit}}
		row.Balance = sided(row.Turnover)
		rows = append(rows, row)
		if of[r.Asset] == nil {
			of[r.Asset] = &TrialRow{Asset: asset}
		}
		total := of[r.Asset]
		total.Turnover, total.Balance = plus(total.Turnover, row.Turnover), plus(total.Balance, row.Balance)
	}
	order := map[string]int{}
	for i, kind := range book.Types() {
		order[kind.Name] = i
	}
	slices.SortFunc(rows, func(a, b TrialRow) int {
		return cmp.Or(cmp.Compare(order[a.Type.Name], order[b.Type.Name]), strings.Compare(a.Asset.Code, b.Asset.Code))
	})
	for _, total := range of {
		totals = append(totals, *total)
	}
	slices.SortFunc(totals, func(a, b TrialRow) int { return strings.Compare(a.Asset.Code, b.Asset.Code) })
	return rows, totals, seen, nil
}

// walk sums the accounts of the book.
func (t Trial) walk(ctx context.Context, b Accounts, progress func(done, of uint64)) (rows []store.TotalRow, err error) {
	sheet := Sheet{Book: t.Book, To: t.Day, KnownUS: t.KnownUS, Upto: t.Upto, By: SheetByType}
	_, err = sheet.Each(ctx, b, accountsAtOnce, progress, func(lines []SheetLine) error {
		for _, l := range lines {
			rows = append(rows, store.TotalRow{Type: l.Type, Asset: l.Asset, Debit: l.Turnover.Debit, Credit: l.Turnover.Credit})
		}
		return nil
	})
	return rows, err
}
