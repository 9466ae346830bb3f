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

// SheetBy says what a line of a turnover balance sheet stands for.
type SheetBy string

// The ways to make a sheet.
const (
	SheetByType    SheetBy = "type"
	SheetBy1C      SheetBy = "1c"
	SheetByOwner   SheetBy = "owner" // a type and an owner
	SheetByAccount SheetBy = "account"

	sheetByName SheetBy = "name" // accounts in the order of their types' names
)

// SheetBys lists the ways to make a sheet.
func SheetBys() []SheetBy { return []SheetBy{SheetByType, SheetBy1C, SheetByOwner, SheetByAccount} }

// Sheet asks for the turnover balance sheet of a book (оборотно-сальдовая ведомость, ОСВ):
// what stood before a range of business days, what was debited and credited in it, and
// what stands after.
type Sheet struct {
	Book     string
	From, To string       // business days, both included; From "" is the beginning of the books
	KnownUS  int64        // what was recorded up to this clock; 0 is no bound
	Upto     []store.Seen // what was recorded up to these numbers; nil is no bound
	By       SheetBy
}

// SheetLine is a line of the sheet in one asset. What a line does not stand for is empty.
type SheetLine struct {
	Code1C, Type, Owner, Account, Asset string
	Opening, Closing                    store.Sums // the balance, on the side where it stands
	Turnover                            store.Sums
}

// SheetCursor is where a sheet goes on: the accounts that were read, and the line that
// they have begun.
type SheetCursor struct {
	Type               int // place in the sheet's order of types
	Owner, Part, Asset string
	Line               []SheetSum // of the line under way, by asset
	Totals             []SheetSum // of the lines before, by asset
}

// SheetSum is a sum under way: all that was debited and credited before the range and up
// to its end; of totals, the columns of the lines.
type SheetSum struct {
	Key, Asset                 string
	Opening, Turnover, Closing store.Sums
}

// Accounts is where the accounts of a book are read; *store.DB is one.
type Accounts interface {
	// Turnovers reads a page of the accounts of a type.
	Turnovers(ctx context.Context, page store.TurnoverPage) (rows []store.Turnover, next *store.StripeRef, err error)
}

// Read reads the next accounts of a sheet, at most limit, and answers the lines that they
// end. A nil cursor begins; a nil next is the end, and then totals has the sums of every
// column by asset: on each of the three its debits equal its credits, or the books are
// broken. What a call holds in memory is bounded by limit.
func (s Sheet) Read(ctx context.Context, b Accounts, from *SheetCursor, limit int) (lines []SheetLine, next *SheetCursor, totals []SheetSum, err error) {
	at := SheetCursor{}
	if from != nil {
		at = *from
		at.Line, at.Totals = slices.Clone(at.Line), slices.Clone(at.Totals)
	}
	types := s.types()
	for at.Type < len(types) && limit > 0 {
		t := types[at.Type]
		page := store.TurnoverPage{
			Book: s.Book, Type: t.Name, From: s.From, To: s.To, KnownUS: s.KnownUS, Upto: s.Upto, Limit: min(limit, accountsAtOnce),
		}
		if at.Owner != "" {
			page.After = &store.StripeRef{Name: book.Name{Type: t.Name, Owner: at.Owner, Part: at.Part}, Asset: at.Asset}
		}
		rows, behind, err := b.Turnovers(ctx, page)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("turnover balance sheet of %s: %w", s.Book, err)
		}
		limit -= max(len(rows), 1)
		for _, r := range rows {
			lines = s.add(lines, &at, t, r)
		}
		if behind != nil {
			at.Owner, at.Part, at.Asset = behind.Name.Owner, behind.Name.Part, behind.Asset
			continue
		}
		at.Type, at.Owner, at.Part, at.Asset = at.Type+1, "", "", ""
	}
	if at.Type < len(types) {
		return lines, &at, nil, nil
	}
	return s.end(lines, &at), nil, at.Totals, nil
}

// Each reads a sheet part by part and tells each part's lines; what it holds in memory is bounded by
// limit, the accounts of a part. It answers the totals, as Read does. progress is told how many types
// of account are done, of all; it may be nil.
func (s Sheet) Each(ctx context.Context, b Accounts, limit int, progress func(done, of uint64), each func([]SheetLine) error) ([]SheetSum, error) {
	for next := (*SheetCursor)(nil); ; {
		lines, at, totals, err := s.Read(ctx, b, next, limit)
		if err != nil {
			return nil, err
		}
		if err := each(lines); err != nil {
			return nil, err
		}
		if at == nil {
			return totals, nil
		}
		if next = at; progress != nil {
			progress(uint64(at.Type), uint64(len(book.Types())))
		}
	}
}

// Balanced refuses totals whose debits differ from their credits.
func Balanced(totals []SheetSum) error {
	for _, t := range totals {
		for i, s := range []store.Sums{t.Opening, t.Turnover, t.Closing} {
			if !s.Debit.Equal(s.Credit) {
				return fmt.Errorf("the sheet does not balance: its %s in %s is %s of debits, %s of credits",
					[]string{"opening", "turnover", "closing"}[i], t.Asset, s.Debit, s.Credit)
			}
		}
	}
	return nil
}

// accountsAtOnce is how many accounts are read together.
const accountsAtOnce = 2000

// types are those of the chart in the sheet's order.
func (s Sheet) types() []book.Type {
	types := book.Types()
	if s.By == sheetByName {
		slices.SortFunc(types, func(a, b book.Type) int { return strings.Compare(a.Name, b.Name) })
	}
	if s.By == SheetBy1C {
		slices.SortStableFunc(types, func(a, b book.Type) int { return strings.Compare(a.Code1C, b.Code1C) })
	}
	return types
}

// key names the line that an account belongs to.
func (s Sheet) key(t book.Type, name book.Name) string {
	switch s.By {
	case SheetBy1C:
		return t.Code1C
	case SheetByOwner:
		return t.Name + ":" + name.Owner
	case SheetByAccount, sheetByName:
		return name.String()
	default:
		return t.Name
	}
}

// add counts an account in; a line that it does not belong to is over.
func (s Sheet) add(lines []SheetLine, at *SheetCursor, t book.Type, r store.Turnover) []SheetLine {
	key := s.key(t, r.Name)
	if len(at.Line) > 0 && at.Line[0].Key != key {
		lines = s.end(lines, at)
	}
	into := sumOf(&at.Line, key, r.Asset)
	into.Opening = plus(into.Opening, r.Opening)
	into.Closing = plus(into.Closing, r.Closing)
	return lines
}

// end closes the line under way. A line of nothing but zeros is left out: whether an
// account that was opened later exists already must not be seen.
func (s Sheet) end(lines []SheetLine, at *SheetCursor) []SheetLine {
	slices.SortFunc(at.Line, func(a, b SheetSum) int { return strings.Compare(a.Asset, b.Asset) })
	for _, sum := range at.Line {
		line := s.head(sum.Key)
		line.Asset = sum.Asset
		line.Opening, line.Closing = sided(sum.Opening), sided(sum.Closing)
		line.Turnover = store.Sums{Debit: sum.Closing.Debit.Sub(sum.Opening.Debit), Credit: sum.Closing.Credit.Sub(sum.Opening.Credit)}
		if isZero(line.Opening) && isZero(line.Turnover) && isZero(line.Closing) {
			continue
		}
		lines = append(lines, line)
		total := sumOf(&at.Totals, "", sum.Asset)
		total.Opening, total.Turnover = plus(total.Opening, line.Opening), plus(total.Turnover, line.Turnover)
		total.Closing = plus(total.Closing, line.Closing)
	}
	slices.SortFunc(at.Totals, func(a, b SheetSum) int { return cmp.Compare(a.Asset, b.Asset) })
	at.Line = nil
	return lines
}

// head is what the line of a key stands for.
func (s Sheet) head(key string) (line SheetLine) {
	if s.By == SheetBy1C {
		return SheetLine{Code1C: key}
	}
	line.Type, line.Owner, _ = strings.Cut(key, ":")
	t, _ := book.LookupType(line.Type)
	line.Code1C = t.Code1C
	if s.By == SheetByAccount || s.By == sheetByName {
		line.Account = key
		line.Owner, _, _ = strings.Cut(line.Owner, ":")
	}
	return line
}

func sumOf(sums *[]SheetSum, key, asset string) *SheetSum {
	for i := range *sums {
		if (*sums)[i].Asset == asset {
			return &(*sums)[i]
		}
	}
	*sums = append(*sums, SheetSum{Key: key, Asset: asset})
	return &(*sums)[len(*sums)-1]
}

func plus(a, b store.Sums) store.Sums {
	return store.Sums{Debit: a.Debit.Add(b.Debit), Credit: a.Credit.Add(b.Credit)}
}

// sided is the balance on the side where it stands.
func sided(s store.Sums) store.Sums {
	net := s.Debit.Sub(s.Credit)
	return store.Sums{Debit: money.Max(net, money.Zero), Credit: money.Max(net.Neg(), money.Zero)}
}

func isZero(s store.Sums) bool { return s.Debit.IsZero() && s.Credit.IsZero() }
