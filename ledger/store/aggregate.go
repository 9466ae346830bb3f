package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// AggregateCursor is the place of an aggregate in a list.
type AggregateCursor struct {
	CreatedUS int64
	Shard     int
	ID        string
}

// Section is a list of the cabinet: a part of a state.
type Section struct{ State, Name string }

// AggregatePage asks for a page of a flow's aggregates, newest first.
type AggregatePage struct {
	Book, Flow string
	Owner      string    // "" is every owner
	States     []string  // at least one, or a section; none twice
	Sections   []Section // of Owner, who must be named
	Before     *AggregateCursor
	Limit      int
}

// Aggregates reads a page, merged over the shards and the states.
func (db *DB) Aggregates(ctx context.Context, page AggregatePage) ([]AggregateRow, []Seen, error) {
	if len(page.States)+len(page.Sections) == 0 {
		return nil, nil, nil
	}
	before := AggregateCursor{CreatedUS: math.MaxInt64}
	if page.Before != nil {
		before = *page.Before
	}
	var rows []AggregateRow
	var seen []Seen
	err := db.snapshot(ctx, "aggregates", func(b *pgx.Batch) {
		rows = nil
		queueInto(b, &seen, scanSeen, sqlShardSeen)
		for _, state := range page.States {
			sql, args := sqlAggregatePageState, []any{page.Book, page.Flow, state, before.CreatedUS, before.Shard, before.ID, page.Limit}
			if page.Owner != "" {
				sql, args = sqlAggregatePageOwner, append(args, page.Owner)
			}
			queueOnto(b, &rows, scanAggregate, sql, args...)
		}
		for _, in := range page.Sections {
			queueOnto(b, &rows, scanAggregate, sqlAggregatePageSection,
				page.Book, page.Flow, in.State, before.CreatedUS, before.Shard, before.ID, page.Limit, page.Owner, in.Name)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(rows, func(a, b AggregateRow) int {
		return -cmp.Or(cmp.Compare(a.CreatedUS, b.CreatedUS), cmp.Compare(a.Shard, b.Shard), strings.Compare(a.Key.ID, b.Key.ID))
	})
	return rows[:min(len(rows), page.Limit)], seen, nil
}

// AllAggregates reads the aggregates of a shard in the order of their keys, after the
// given one.
func (db *DB) AllAggregates(ctx context.Context, shard int, after AggregateKey, limit int) ([]AggregateRow, error) {
	return collect(ctx, db, "aggregates", scanAggregate, sqlAggregateScan, shard, after.Book, after.Flow, after.ID, limit)
}

// CountAggregates counts a flow's aggregates by state; owner "" is every owner.
func (db *DB) CountAggregates(ctx context.Context, book, flow, owner string) (map[string]int64, []Seen, error) {
	type count struct {
		state string
		n     int64
	}
	sql, args := sqlAggregateCountState, []any{book, flow}
	if owner != "" {
		sql, args = sqlAggregateCountOwner, append(args, owner)
	}
	rows, seen, err := collectSeen(ctx, db, "aggregate counts", func(rows pgx.Rows) (c count, err error) {
		err = rows.Scan(&c.state, &c.n)
		return c, err
	}, sql, args...)
	counts := make(map[string]int64, len(rows))
	for _, c := range rows {
		counts[c.state] = c.n
	}
	return counts, seen, err
}

// CountSections counts an owner's aggregates of a flow by state, under the section "",
// and by section.
func (db *DB) CountSections(ctx context.Context, book, flow, owner string) (map[Section]int64, []Seen, error) {
	type count struct {
		Section
		n int64
	}
	rows, seen, err := collectSeen(ctx, db, "section counts", func(rows pgx.Rows) (c count, err error) {
		err = rows.Scan(&c.State, &c.Name, &c.n)
		return c, err
	}, sqlAggregateCountSection, book, flow, owner)
	counts := make(map[Section]int64, len(rows))
	for _, c := range rows {
		counts[c.Section] = c.n
	}
	return counts, seen, err
}

// BookAfter is the first book after one that has an aggregate; false when there is none.
func (db *DB) BookAfter(ctx context.Context, book string) (string, bool, error) {
	found, err := collect(ctx, db, "books", func(rows pgx.Rows) (next string, err error) {
		err = rows.Scan(&next)
		return next, err
	}, sqlAggregateNextBook, book)
	if err != nil || len(found) == 0 {
		return "", false, err
	}
	return found[0], true, nil
}

// AggregatesWithout lists a flow's aggregates in a state that have none of another flow under
// their id, oldest first, behind a cursor.
func (db *DB) AggregatesWithout(ctx context.Context, book, flow, state, other string, after AggregateCursor, limit int) ([]AggregateRow, error) {
	return collect(ctx, db, "aggregates", scanAggregate, sqlAggregateWithout, book, flow, state, other, after.CreatedUS, after.Shard, after.ID, limit)
}

// FindAggregates reads those that exist, on whatever shard.
func (db *DB) FindAggregates(ctx context.Context, keys []AggregateKey) ([]AggregateRow, []Seen, error) {
	if len(keys) == 0 {
		return nil, nil, nil
	}
	books, flows, ids := aggregateColumns(keys)
	return collectSeen(ctx, db, "aggregates", scanAggregate, db.perKey(sqlAggregateFind, sqlAggregateFindPG), books, flows, ids)
}

// AggregateEntries lists the entries of an aggregate, in order.
func (db *DB) AggregateEntries(ctx context.Context, key AggregateKey) ([]RecordID, error) {
	type entries struct {
		shard int
		seqs  []int64
	}
	rows, err := collect(ctx, db, "entries", func(rows pgx.Rows) (e entries, err error) {
		err = rows.Scan(&e.shard, &e.seqs)
		return e, err
	}, sqlAggregateEntries, key.Book, key.Flow, key.ID)
	var ids []RecordID
	for _, e := range rows {
		for _, seq := range e.seqs {
			ids = append(ids, RecordID{e.shard, uint64(seq)})
		}
	}
	return ids, err
}

// MovedAggregate is an aggregate and the records of its entries.
type MovedAggregate struct {
	ID      string
	Entries []RecordID
}

// MovedAggregates lists those of an owner that moved at or after a moment, or stand in one of
// the states, all of one snapshot. Memory goes with their number: a hundred bytes each.
func (db *DB) MovedAggregates(ctx context.Context, book, flow, owner string, fromUS int64, states []string) ([]MovedAggregate, []Seen, error) {
	return collectSeen(ctx, db, "moved aggregates", func(rows pgx.Rows) (m MovedAggregate, err error) {
		var shard int
		var seqs []int64
		err = rows.Scan(&shard, &m.ID, &seqs)
		for _, seq := range seqs {
			m.Entries = append(m.Entries, RecordID{shard, uint64(seq)})
		}
		return m, err
	}, sqlAggregateMoved, book, flow, owner, fromUS, states)
}
