package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/migrations"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// MarkSort is what a mark is made of.
type MarkSort byte

// The sorts of marks.
const (
	MarkLink     MarkSort = 'l' // a link of an entry
	MarkMetadata MarkSort = 'm' // metadata of an entry
	MarkFlow     MarkSort = 'f' // a step of an aggregate; name is the flow, value the id
)

// Mark is what a record can be found by: an exact name with an exact value.
type Mark struct {
	Book        string
	Sort        MarkSort
	Name, Value string
}

// id is the mark in the database: the first 16 bytes of the SHA-256 of its parts, each
// after its length.
func (m Mark) id() [16]byte {
	text := []byte{byte(m.Sort)}
	for _, part := range []string{m.Book, m.Name, m.Value} {
		text = append(binary.AppendUvarint(text, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(text)
	return [16]byte(sum[:16])
}

// MarksOf are the marks of a record.
func MarksOf(r *journalv1.Record) []Mark {
	var marks []Mark
	for name, value := range r.GetEntry().GetLinks() {
		marks = append(marks, Mark{r.GetBook(), MarkLink, name, value})
	}
	for name, value := range r.GetEntry().GetMetadata() {
		marks = append(marks, Mark{r.GetBook(), MarkMetadata, name, value})
	}
	if m := r.GetMove(); m != nil {
		marks = append(marks, Mark{r.GetBook(), MarkFlow, m.GetFlow(), m.GetId()})
	}
	return marks
}

// Projected is how far the search tables follow a shard's journal.
type Projected struct {
	Shard   int
	Head    journal.Head // of the last record that is in them
	ClockUS int64        // of that record
}

// Projections reads how far the search tables are, for the shards that have begun.
func (db *DB) Projections(ctx context.Context) ([]Projected, error) {
	return collect(ctx, db, "projections", scanProjected, sqlProjectionList)
}

func scanProjected(rows pgx.Rows) (p Projected, err error) {
	var seq int64
	var head []byte
	if err = rows.Scan(&p.Shard, &seq, &head, &p.ClockUS); err == nil {
		p.Head, err = journalHead(seq, head)
	}
	return p, err
}

// Project writes what the records, which follow from, and the days of their moves add to the search
// tables, and answers how far they are now. All of it is one transaction that compares where the
// shard's projection stands: ErrFenced says that somebody else has moved it. It takes
// part in no conflict with the writers.
func (db *DB) Project(ctx context.Context, from Projected, records []journal.Sealed, days []Dated) (Projected, error) {
	if len(records) == 0 {
		return from, nil
	}
	last := records[len(records)-1]
	to := Projected{from.Shard, journal.Head{Seq: last.Record.GetSeq(), Hash: last.Hash}, last.Record.GetClockUs()}
	marks, addressed := newMarkRows(records), newReaddressed(records)
	added, err := correspondencesOf(records)
	if err != nil {
		return from, err
	}
	dated, err := newRedated(days)
	if err != nil {
		return from, err
	}
	level := pgx.RepeatableRead
	if db.dialect == migrations.CockroachDB {
		level = pgx.Serializable
	}
	err = db.run(ctx, "project", func() error {
		return guard(db.attempt(ctx, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
			return project(ctx, tx, from, to, marks, addressed, dated, added)
		}))
	})
	if err != nil {
		return from, fmt.Errorf("project shard %d to %d: %w", from.Shard, to.Head.Seq, err)
	}
	return to, nil
}

func project(ctx context.Context, tx pgx.Tx, from, to Projected, marks markRows, addressed readdressed, dated redated, added map[correspondenceKey]money.Amount) error {
	keys := slices.SortedFunc(maps.Keys(added), correspondenceKey.compare)
	columns := correspondenceColumns(keys)
	sums := maps.Clone(added)
	err := pipeline(ctx, tx, func(b *pgx.Batch) {
		if from.Head.Seq == 0 {
			b.Queue(sqlProjectionBegin, to.Shard, int64(to.Head.Seq), to.Head.Hash[:], to.ClockUS)
			b.Queue(sqlCorrespondenceClear, to.Shard)
		} else {
			b.Queue(sqlProjectionAdvance, to.Shard, int64(from.Head.Seq), int64(to.Head.Seq), to.Head.Hash[:], to.ClockUS)
		}
		addressed.queue(b, to.Shard, from.Head.Seq == 0)
		dated.queue(b, to.Shard, from.Head.Seq == 0)
		if len(marks.seqs) > 0 {
			b.Queue(sqlMarkInsert, to.Shard, marks.ids, marks.seqs, marks.clocks)
		}
		if len(keys) > 0 {
			rowsOf(b, func(rows pgx.Rows) error {
				var k correspondenceKey
				var sum money.Amount
				err := rows.Scan(&k.book, &k.Month, &k.Debit, &k.Credit, &k.Asset, &number{&sum})
				sums[k] = sums[k].Add(sum)
				return err
			}, sqlCorrespondenceLoad, append([]any{to.Shard}, columns...)...)
		}
	})
	if err != nil || len(keys) == 0 {
		return begun(err)
	}
	amounts := make([]string, len(keys))
	for i, k := range keys {
		amounts[i] = sums[k].String()
	}
	_, err = tx.Exec(ctx, sqlCorrespondenceUpsert, append(append([]any{to.Shard}, columns...), amounts)...)
	return err
}

// begun names the error of two that begin one projection.
func begun(err error) error {
	if sqlState(err) == "23505" {
		return errors.Join(ErrFenced, err)
	}
	return err
}

// markRows are the marks of records as columns, in the order of the index.
type markRows struct {
	ids          [][16]byte
	seqs, clocks []int64
}

func newMarkRows(records []journal.Sealed) markRows {
	type row struct {
		id         [16]byte
		seq, clock int64
	}
	var rows []row
	for _, s := range records {
		for _, m := range MarksOf(s.Record) {
			rows = append(rows, row{m.id(), int64(s.Record.GetSeq()), s.Record.GetClockUs()})
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(slices.Compare(a.id[:], b.id[:]), cmp.Compare(a.seq, b.seq))
	})
	var m markRows
	for _, r := range rows {
		m.ids, m.seqs, m.clocks = append(m.ids, r.id), append(m.seqs, r.seq), append(m.clocks, r.clock)
	}
	return m
}

// MarkCursor is the place of a record in the order of records over all shards.
type MarkCursor struct {
	ClockUS int64
	Shard   int
	Seq     uint64
}

// MarkPage asks for a page of the records that bear a mark, in the order (clock, shard,
// seq).
type MarkPage struct {
	After   *MarkCursor // the last record of the page before
	FromUS  int64       // recorded at or after
	UntilUS int64       // recorded before; 0 is no bound
	Limit   int
}

// Marked reads a page of the records that bear a mark, merged over the shards, and how
// far the search tables see each shard.
func (db *DB) Marked(ctx context.Context, mark Mark, page MarkPage) ([]MarkCursor, []Seen, error) {
	legs := LegPage{FromUS: page.FromUS, UntilUS: page.UntilUS}
	if page.After != nil {
		legs.After = &LegCursor{ClockUS: page.After.ClockUS, Shard: page.After.Shard, Seq: page.After.Seq}
	}
	_, span := legs.span()
	id := mark.id()
	var found []MarkCursor
	var projected []Projected
	err := db.phases(ctx, "marked", func(tx pgx.Tx) error {
		found = nil
		err := pipeline(ctx, tx, func(b *pgx.Batch) { queueInto(b, &projected, scanProjected, sqlProjectionList) })
		if err != nil {
			return err
		}
		shards := map[int]bool{}
		for _, p := range projected {
			shards[p.Shard] = true
		}
		first, last, err := numbersBetween(ctx, tx, shards, span.seekFrom, span.seekUntil)
		if err != nil {
			return err
		}
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			for shard := range shards {
				queueOnto(b, &found, func(rows pgx.Rows) (c MarkCursor, err error) {
					err = rows.Scan(&c.Shard, &c.Seq, &c.ClockUS)
					return c, err
				}, sqlMarkPage, shard, id, first(shard), last(shard), page.FromUS, span.until,
					span.after.ClockUS, span.after.Shard, int64(span.after.Seq), page.Limit)
			}
		})
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(found, func(a, b MarkCursor) int {
		return cmp.Or(cmp.Compare(a.ClockUS, b.ClockUS), cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Seq, b.Seq))
	})
	return found[:min(len(found), page.Limit)], seenOf(projected), nil
}

func seenOf(projected []Projected) []Seen {
	seen := make([]Seen, len(projected))
	for i, p := range projected {
		seen[i] = Seen{p.Shard, p.Head.Seq, p.ClockUS}
	}
	return seen
}
