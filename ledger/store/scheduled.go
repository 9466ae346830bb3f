package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/journal"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// ScheduledRow is an entry of a later day as it stands.
type ScheduledRow struct {
	Shard int
	Book  string
	Entry *journalv1.Scheduled
}

// LoadScheduled reads the entries of later days that the records of these numbers scheduled.
func (db *DB) LoadScheduled(ctx context.Context, shard int, seqs []uint64) ([]ScheduledRow, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "scheduled entries", scanScheduled, sqlScheduledLoad, shard, numbersOf(seqs))
}

// ScheduledPage asks for a page of a book's scheduled entries of one state, by day.
type ScheduledPage struct {
	Book  string
	State journalv1.ScheduledState
	Day   string // of the last one of the page before; "" begins
	After RecordID
	Limit int
}

// Scheduled reads a page.
func (db *DB) Scheduled(ctx context.Context, page ScheduledPage) ([]ScheduledRow, error) {
	if page.Day == "" {
		page.Day = firstDay
	}
	return collect(ctx, db, "scheduled entries", scanScheduled, sqlScheduledPage,
		page.Book, int16(page.State), page.Day, page.After.Shard, int64(page.After.Seq), page.Limit)
}

func scanScheduled(rows pgx.Rows) (r ScheduledRow, err error) {
	var body []byte
	if err = rows.Scan(&r.Shard, &r.Book, &body); err != nil {
		return r, err
	}
	r.Entry = &journalv1.Scheduled{}
	if err = proto.Unmarshal(body, r.Entry); err != nil {
		err = fmt.Errorf("scheduled entry on shard %d: %w", r.Shard, err)
	}
	return r, err
}

// scheduledRow is a scheduled entry after the batch.
type scheduledRow struct {
	book string
	day  int32
	m    *journalv1.Scheduled
}

func (r *Rows) addScheduled(s journal.Sealed) {
	m := s.Record.GetScheduled()
	if m == nil {
		return
	}
	day, err := r.calendar.parse(m.GetEntry().GetDay())
	if err != nil {
		r.fail(s.Record, err)
		return
	}
	row, _ := r.scheduled.put(m.GetSeq())
	*row = scheduledRow{s.Record.GetBook(), day, m}
}

func (r *Rows) encodeScheduled(fixed [][]byte) {
	t := r.encoder.table("scheduled_upsert", fixed, oidInt8, oidText, oidInt2, oidDate, oidBytea)
	for i := range r.scheduled.rows {
		row := &r.scheduled.rows[i]
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(row.m)
		if err != nil {
			r.encoder.err = fmt.Errorf("scheduled entry %d: %w", row.m.GetSeq(), err)
			return
		}
		t.row().int8(int64(row.m.GetSeq())).text(row.book).int2(int16(row.m.GetState())).int4(row.day).raw(raw)
	}
	t.flush()
}
