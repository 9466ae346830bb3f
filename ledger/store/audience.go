package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/journal"
)

// readdressed are the newest addresses of aggregates in a run of records, as columns.
type readdressed struct {
	was struct{ books, flows, ids []string } // that had addresses, perhaps
	now struct {
		books, flows, names, ids, owners []string
		at                               []int64
	}
}

func newReaddressed(records []journal.Sealed) (r readdressed) {
	last := map[AggregateKey]int{}
	for i, s := range records {
		if m := s.Record.GetMove(); m.GetReaddressed() {
			last[AggregateKey{s.Record.GetBook(), m.GetFlow(), m.GetId()}] = i
		}
	}
	for i, s := range records {
		m := s.Record.GetMove()
		key := AggregateKey{s.Record.GetBook(), m.GetFlow(), m.GetId()}
		if at, ok := last[key]; !ok || at != i {
			continue
		}
		if m.GetVersion() > 1 {
			r.was.books, r.was.flows, r.was.ids = append(r.was.books, key.Book), append(r.was.flows, key.Flow), append(r.was.ids, key.ID)
		}
		for _, name := range m.GetAudience() {
			n := &r.now
			n.books, n.flows, n.ids = append(n.books, key.Book), append(n.flows, key.Flow), append(n.ids, key.ID)
			n.names, n.owners, n.at = append(n.names, name), append(n.owners, m.GetOwner()), append(n.at, s.Record.GetClockUs())
		}
	}
	return r
}

// queue writes the rows; anew says that none of the shard stand.
func (r readdressed) queue(b *pgx.Batch, shard int, anew bool) {
	switch {
	case anew:
		b.Queue(sqlAudienceClear, shard)
	case len(r.was.ids) > 0:
		b.Queue(sqlAudienceDelete, shard, r.was.books, r.was.flows, r.was.ids)
	}
	if n := r.now; len(n.ids) > 0 {
		b.Queue(sqlAudienceInsert, shard, n.books, n.flows, n.names, n.at, n.ids, n.owners)
	}
}

// AudiencePage asks for a page of the aggregates of a flow that some names find, those
// that were addressed last first.
type AudiencePage struct {
	Book, Flow string
	Names      []string // none twice; an aggregate is found under one of them
	States     []string
	Section    string           // "" = any
	Owner      string           // "" = any
	Before     *AggregateCursor // CreatedUS of a row is when it was addressed
	Limit      int
}

// Audience reads a page, merged over the names and the shards, and how far the search
// tables see each shard.
func (db *DB) Audience(ctx context.Context, page AudiencePage) ([]AggregateRow, []Seen, error) {
	before := AggregateCursor{CreatedUS: math.MaxInt64}
	if page.Before != nil {
		before = *page.Before
	}
	var rows []AggregateRow
	var projected []Projected
	err := db.snapshot(ctx, "audience", func(b *pgx.Batch) {
		rows = nil
		queueInto(b, &projected, scanProjected, sqlProjectionList)
		for _, name := range page.Names {
			queueOnto(b, &rows, scanAggregate, sqlAudiencePage,
				page.Book, page.Flow, name, before.CreatedUS, before.Shard, before.ID, page.Limit, page.States, page.Section, page.Owner)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(rows, func(a, b AggregateRow) int {
		return -cmp.Or(cmp.Compare(a.CreatedUS, b.CreatedUS), cmp.Compare(a.Shard, b.Shard), strings.Compare(a.Key.ID, b.Key.ID))
	})
	return rows[:min(len(rows), page.Limit)], seenOf(projected), nil
}

// AudienceOwners lists owners whose aggregates of a flow a name finds, in their order.
func (db *DB) AudienceOwners(ctx context.Context, book, flow, name string, limit int) ([]string, error) {
	return collect(ctx, db, "audience owners", func(rows pgx.Rows) (owner string, err error) {
		err = rows.Scan(&owner)
		return owner, err
	}, sqlAudienceOwners, book, flow, name, limit)
}

// AudienceKnown are those of some names, none twice, that find an aggregate of an owner.
func (db *DB) AudienceKnown(ctx context.Context, book, flow string, names []string, owner string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "audience", func(rows pgx.Rows) (name string, err error) {
		err = rows.Scan(&name)
		return name, err
	}, sqlAudienceKnown, book, flow, names, owner)
}
