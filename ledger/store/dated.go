package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/money"
)

// Dated is by what a move lets its aggregate be found from now on: a day of it, in the places that are
// named. No places take it out.
type Dated struct {
	Key    AggregateKey
	First  bool // of the aggregate: nothing stood before
	State  string
	Day    string // YYYY-MM-DD
	Amount money.Amount
	Places []string // none twice; "" finds the aggregates of all places
}

// redated are the newest days of aggregates in a run of moves, as columns.
type redated struct {
	was struct{ books, flows, ids []string } // that had days, perhaps
	now struct {
		books, flows, places, states, ids, amounts []string
		days                                       []int32
	}
}

func newRedated(moves []Dated) (r redated, err error) {
	last, first := map[AggregateKey]int{}, map[AggregateKey]bool{}
	for i, m := range moves {
		last[m.Key] = i
		first[m.Key] = first[m.Key] || m.First
	}
	for i, m := range moves {
		if last[m.Key] != i {
			continue
		}
		if !first[m.Key] {
			r.was.books, r.was.flows, r.was.ids = append(r.was.books, m.Key.Book), append(r.was.flows, m.Key.Flow), append(r.was.ids, m.Key.ID)
		}
		for _, place := range m.Places {
			day, err := dayDigits(m.Day)
			if err != nil {
				return r, fmt.Errorf("%s %s: %w", m.Key.Flow, m.Key.ID, err)
			}
			n := &r.now
			n.books, n.flows, n.places = append(n.books, m.Key.Book), append(n.flows, m.Key.Flow), append(n.places, place)
			n.states, n.days = append(n.states, m.State), append(n.days, day)
			n.ids, n.amounts = append(n.ids, m.Key.ID), append(n.amounts, m.Amount.String())
		}
	}
	return r, nil
}

// queue writes the rows; anew says that none of the shard stand.
func (r redated) queue(b *pgx.Batch, shard int, anew bool) {
	switch {
	case anew:
		b.Queue(sqlDatedClear, shard)
	case len(r.was.ids) > 0:
		b.Queue(sqlDatedDelete, shard, r.was.books, r.was.flows, r.was.ids)
	}
	if n := r.now; len(n.ids) > 0 {
		b.Queue(sqlDatedInsert, shard, n.books, n.flows, n.places, n.states, n.days, n.ids, n.amounts)
	}
}

// dayDigits writes a day's digits as a number: 20261123.
func dayDigits(day string) (int32, error) {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0, fmt.Errorf("%q is no day: %w", day, err)
	}
	return int32(at.Year()*10_000 + int(at.Month())*100 + at.Day()), nil
}

// mostAmount is more than any amount.
const mostAmount = "1e30"

// DatedPage asks for a page of the aggregates of a flow by a day of theirs.
type DatedPage struct {
	Book, Flow string
	Place      string   // "" = any
	States     []string // none twice
	From, To   string   // days, both included; "" = no bound
	Least      *money.Amount
	Most       *money.Amount
	Oldest     bool             // the earliest day first; else the latest
	After      *AggregateCursor // CreatedUS of a row is its day, 20261123
	Limit      int
}

// Dated reads a page, merged over the states and the shards, and how far the search tables see each
// shard. An aggregate that has moved to another state since is left out until they have seen it.
func (db *DB) Dated(ctx context.Context, page DatedPage) ([]AggregateRow, []Seen, error) {
	sql, order, after := sqlDatedNewest, -1, AggregateCursor{CreatedUS: math.MaxInt32}
	if page.Oldest {
		sql, order, after = sqlDatedOldest, 1, AggregateCursor{}
	}
	if page.After != nil {
		after = *page.After
	}
	from, to, least, most := int32(0), int32(math.MaxInt32), "0", mostAmount
	for _, bound := range []struct {
		day  string
		into *int32
	}{{page.From, &from}, {page.To, &to}} {
		if bound.day != "" {
			var err error
			if *bound.into, err = dayDigits(bound.day); err != nil {
				return nil, nil, err
			}
		}
	}
	if page.Least != nil {
		least = page.Least.String()
	}
	if page.Most != nil {
		most = page.Most.String()
	}
	var rows []AggregateRow
	var projected []Projected
	err := db.snapshot(ctx, "dated", func(b *pgx.Batch) {
		rows = nil
		queueInto(b, &projected, scanProjected, sqlProjectionList)
		for _, state := range page.States {
			queueOnto(b, &rows, scanAggregate, sql, page.Book, page.Flow, page.Place, state,
				after.CreatedUS, after.Shard, after.ID, from, to, least, most, page.Limit)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(rows, func(a, b AggregateRow) int {
		return order * cmp.Or(cmp.Compare(a.CreatedUS, b.CreatedUS), cmp.Compare(a.Shard, b.Shard), strings.Compare(a.Key.ID, b.Key.ID))
	})
	return rows[:min(len(rows), page.Limit)], seenOf(projected), nil
}
