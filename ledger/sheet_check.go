package ledger

import (
	"context"
	"iter"
	"strings"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
)

// SheetCheck is a closed period beside its sheet made anew.
type SheetCheck struct {
	Period  ClosedPeriod
	Found   []byte        // hash of its sheet at the records that closed it, from the database
	Changed []SheetChange // lines that are not now as they were then, the first maxSheetChanges
}

// SheetChange is a line of a closed period's sheet then and now; the missing one is nil.
type SheetChange struct{ Then, Now *SheetLine }

// maxSheetChanges bounds how many changed lines a check names.
const maxSheetChanges = 100

// CheckSheet makes the sheet of a closed period anew: as it was when all shards had closed
// it, and, unless days were opened again, as it is now, which must be the same.
func CheckSheet(ctx context.Context, db *store.DB, bookName string, p ClosedPeriod) (SheetCheck, error) {
	check := SheetCheck{Period: p}
	then, err := PeriodSheet(ctx, db, bookName, p)
	if err != nil {
		return check, err
	}
	if check.Found, err = then.Hash(ctx, db); err != nil || p.Reopened != nil {
		return check, err
	}
	then.By = sheetByName
	now := then
	now.Upto = nil
	before, stop := iter.Pull2(then.lines(ctx, db))
	defer stop()
	after, end := iter.Pull2(now.lines(ctx, db))
	defer end()
	a, err1, more1 := before()
	b, err2, more2 := after()
	for len(check.Changed) < maxSheetChanges {
		switch {
		case more1 && err1 != nil:
			return check, err1
		case more2 && err2 != nil:
			return check, err2
		case !more1 && !more2:
			return check, nil
		}
		order := compareLines(a, b)
		if !more2 || more1 && order < 0 {
			check.Changed = append(check.Changed, SheetChange{Then: new(a)})
		} else if !more1 || order > 0 {
			check.Changed = append(check.Changed, SheetChange{Now: new(b)})
		} else if canonicalLine(a) != canonicalLine(b) {
			check.Changed = append(check.Changed, SheetChange{new(a), new(b)})
		}
		took1, took2 := more1 && (!more2 || order <= 0), more2 && (!more1 || order >= 0)
		if took1 {
			a, err1, more1 = before()
		}
		if took2 {
			b, err2, more2 = after()
		}
	}
	return check, nil
}

// lines are the sheet's lines, read part by part; it ends with the first error.
func (s Sheet) lines(ctx context.Context, db *store.DB) iter.Seq2[SheetLine, error] {
	return func(yield func(SheetLine, error) bool) {
		for next, more := (*SheetCursor)(nil), true; more; more = next != nil {
			var lines []SheetLine
			var err error
			if lines, next, _, err = s.Read(ctx, db, next, accountsAtOnce); err != nil {
				yield(SheetLine{}, err)
				return
			}
			for _, l := range lines {
				if !yield(l, nil) {
					return
				}
			}
		}
	}
}

// compareLines orders lines as the canonical sheet does.
func compareLines(a, b SheetLine) int {
	x, _ := book.ParseName("", a.Account)
	y, _ := book.ParseName("", b.Account)
	for _, pair := range [][2]string{{x.Type, y.Type}, {x.Owner, y.Owner}, {x.Part, y.Part}, {a.Asset, b.Asset}} {
		if c := strings.Compare(pair[0], pair[1]); c != 0 {
			return c
		}
	}
	return 0
}
