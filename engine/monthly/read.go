package monthly

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// How much is read together.
const (
	accountsAtOnce = 2000
	legsAtOnce     = 2000
	recordsAtOnce  = 500
)

// Sheets reads the sheets of months, both included, with everything that was recorded until
// now. Reading costs what the company's tasks have moved since the first month.
func Sheets(ctx context.Context, db *store.DB, bookName, company, from, to string) ([]*flowv1.ClosingSheet, error) {
	first, _, refusal := closing.Days("from_month", from)
	if refusal != nil {
		return nil, refusal
	}
	_, last, refusal := closing.Days("to_month", to)
	if refusal != nil {
		return nil, refusal
	}
	begin, err := time.ParseInLocation(time.DateOnly, first, db.Zone())
	if err != nil {
		return nil, err
	}
	r := &reader{db: db, book: bookName, first: first, last: last}
	// A task that stood still since then holds money only while it is being paid.
	tasks, seen, err := db.MovedAggregates(ctx, bookName, task.Name, company, begin.UnixMicro(), []string{task.Paying, task.Error})
	if err != nil {
		return nil, fmt.Errorf("list the tasks of %s: %w", company, err)
	}
	r.upto = seen
	r.name(company, tasks)
	opening, err := r.standing(ctx, begin.AddDate(0, 0, -1).Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	closed, err := r.standing(ctx, last)
	if err != nil {
		return nil, err
	}
	ids, err := r.records(ctx, company, tasks)
	if err != nil {
		return nil, err
	}
	months := closing.NewMonths(company, from, to, opening)
	for chunk := range slices.Chunk(ids, recordsAtOnce) {
		if err := r.add(ctx, months, chunk); err != nil {
			return nil, err
		}
	}
	sheets, end, err := months.Sheets()
	if err != nil {
		return nil, fault.Refuse(fault.SheetDiffers, "month", "%s", err.Error())
	}
	for _, c := range []struct {
		what         string
		legs, stands money.Amount
	}{{"wallet", end.Wallet, closed.Wallet}, {"reserves", end.Reserved, closed.Reserved}, {"deposit", end.Deposit, closed.Deposit}} {
		if !c.legs.Equal(c.stands) {
			return nil, fault.Refuse(fault.SheetDiffers, "month", "the %s of %s at the end of %s: the legs give %s, the balances %s", c.what, company, to, c.legs, c.stands)
		}
	}
	return sheets, nil
}

// reader reads one state of the books.
type reader struct {
	db                        *store.DB
	book, first, last         string
	upto                      []store.Seen
	wallet, reserved, deposit []store.StripeKey
}

// name lists the accounts. Money between the stripes of an account is the account's.
func (r *reader) name(company string, tasks []store.MovedAggregate) {
	account := func(of book.Name) store.StripeKey {
		return store.StripeKey{Account: book.ID(r.book, of.String()), Asset: money.RUB.Code}
	}
	for into, kind := range map[*[]store.StripeKey]string{&r.wallet: "wallet", &r.deposit: "deposit"} {
		of := book.Name{Type: kind, Owner: company}
		*into = []store.StripeKey{account(of), account(of.Transit())}
	}
	for _, t := range tasks {
		r.reserved = append(r.reserved, account(book.Name{Type: "reserve", Owner: t.ID}))
	}
}

// standing is what stood at the end of a day.
func (r *reader) standing(ctx context.Context, day string) (s closing.Standing, err error) {
	for into, keys := range map[*money.Amount][]store.StripeKey{&s.Wallet: r.wallet, &s.Reserved: r.reserved, &s.Deposit: r.deposit} {
		sum := money.New(0, money.RUB.Scale)
		for chunk := range slices.Chunk(keys, accountsAtOnce) {
			rows, _, err := r.db.Balances(ctx, chunk, store.At{Day: day, Upto: r.upto})
			if err != nil {
				return s, fmt.Errorf("read balances of %s: %w", day, err)
			}
			for _, b := range rows {
				sum = sum.Add(b.Credit).Sub(b.Debit)
			}
		}
		*into = sum
	}
	return s, nil
}

// records names the records of the days, each once.
func (r *reader) records(ctx context.Context, company string, tasks []store.MovedAggregate) ([]store.RecordID, error) {
	var ids []store.RecordID
	for _, key := range []store.StripeKey{r.wallet[0], r.deposit[0]} {
		page := store.DayPage{From: r.first, To: r.last, Upto: r.upto, Limit: legsAtOnce}
		for {
			legs, _, err := r.db.DayLegs(ctx, key, page)
			if err != nil {
				return nil, fmt.Errorf("read the legs of %s: %w", company, err)
			}
			for _, l := range legs {
				ids = append(ids, store.RecordID{Shard: l.Shard, Seq: l.Seq})
			}
			if len(legs) < legsAtOnce {
				break
			}
			end := legs[len(legs)-1]
			page.After = &store.DayCursor{Day: end.Day, Leg: store.LegCursor{ClockUS: end.ClockUS, Shard: end.Shard, Seq: end.Seq, Leg: end.Leg}}
		}
	}
	for _, t := range tasks {
		ids = append(ids, t.Entries...)
	}
	slices.SortFunc(ids, func(a, b store.RecordID) int { return cmp.Or(cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Seq, b.Seq)) })
	return slices.Compact(ids), nil
}

// add counts records in.
func (r *reader) add(ctx context.Context, months *closing.Months, ids []store.RecordID) error {
	found, err := r.db.Records(ctx, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	for _, id := range ids {
		raw, ok := found[id]
		if !ok {
			return fmt.Errorf("record %d of shard %d is not there", id.Seq, id.Shard)
		}
		record := new(journalv1.Record)
		if err := proto.Unmarshal(raw, record); err != nil {
			return fmt.Errorf("record %d of shard %d: %w", id.Seq, id.Shard, err)
		}
		if err := months.Add(record); err != nil {
			return err
		}
	}
	return nil
}
