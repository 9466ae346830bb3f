package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// DayCursor is the place of a leg in the order of business days.
type DayCursor struct {
	Day string
	Leg LegCursor // among the legs of the day
}

// DayPage asks for a page of posting legs in the order (day, clock, shard, seq, leg).
type DayPage struct {
	From, To string // business days, both included; "" is no bound
	KnownUS  int64  // what was recorded up to this clock; 0 is no bound
	Upto     []Seen // what was recorded up to these numbers; nil is no bound
	After    *DayCursor
	Limit    int
}

// The days between which every other lies.
const (
	firstDay = "0001-01-01"
	lastDay  = "9999-12-31"
)

// DayLegs reads a page of an account's postings in one asset by business day, merged over
// its stripes. Their versions and sums are not read: those follow another order.
func (db *DB) DayLegs(ctx context.Context, key StripeKey, page DayPage) ([]LegRow, []Seen, error) {
	span, err := page.span(db)
	if err != nil {
		return nil, nil, err
	}
	var legs []LegRow
	var seen []Seen
	err = db.phases(ctx, "legs by day", func(tx pgx.Tx) error {
		places, err := placesOf(ctx, tx, &seen, []StripeKey{key})
		if err != nil {
			return err
		}
		shards := map[int]bool{}
		for _, p := range places {
			shards[p.shard] = true
		}
		known, err := span.m.numbersUntil(ctx, tx, shards, span.m.known)
		if err != nil {
			return err
		}
		late, err := span.late(ctx, tx, key, shards, known)
		if err != nil {
			return err
		}
		onTime, err := span.onTime(ctx, tx, key, shards, known, late)
		if err != nil {
			return err
		}
		legs = append(late, onTime...)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(legs, compareDayLegs)
	return legs[:min(len(legs), page.Limit)], seen, nil
}

func compareDayLegs(a, b LegRow) int {
	return cmp.Or(strings.Compare(a.Day, b.Day), cmp.Compare(a.ClockUS, b.ClockUS), cmp.Compare(a.Shard, b.Shard),
		cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Leg, b.Leg))
}

// daySpan is where a page is looked for.
type daySpan struct {
	db       *DB
	m        moments
	from, to string
	after    DayCursor
	limit    int
}

func (p DayPage) span(db *DB) (s daySpan, err error) {
	s = daySpan{db: db, from: cmp.Or(p.From, firstDay), to: cmp.Or(p.To, lastDay), limit: p.Limit}
	if s.m, err = (At{KnownUS: p.KnownUS, Upto: p.Upto}).moments(db.o.Zone); err != nil {
		return s, err
	}
	for _, day := range []string{s.from, s.to} {
		if _, err = endOf(db.o.Zone, day); err != nil {
			return s, err
		}
	}
	s.after = DayCursor{s.from, LegCursor{ClockUS: math.MinInt64}}
	if p.After != nil {
		s.after = *p.After
	}
	return s, nil
}

// late reads the page's legs that were not recorded on their day.
func (s daySpan) late(ctx context.Context, tx pgx.Tx, key StripeKey, shards map[int]bool, known func(int) int64) (legs []LegRow, err error) {
	first, err := fromNumbers(ctx, tx, shards, s.after.Leg.ClockUS)
	if err != nil {
		return nil, err
	}
	err = pipeline(ctx, tx, func(b *pgx.Batch) {
		for shard := range shards {
			behind := first(shard) - 1
			if shard == s.after.Leg.Shard {
				behind = max(behind, int64(s.after.Leg.Seq)-1)
			}
			queueOnto(b, &legs, scanLate, sqlLatePage, shard, key.Account, key.Asset, s.from, s.to, known(shard), s.m.known,
				s.after.Day, s.after.Leg.ClockUS, s.after.Leg.Shard, int64(s.after.Leg.Seq), s.after.Leg.Leg, behind, s.limit)
		}
	})
	slices.SortFunc(legs, compareDayLegs)
	return legs[:min(len(legs), s.limit)], err
}

func scanLate(rows pgx.Rows) (l LegRow, err error) {
	var kind int16
	var day pgtype.Date
	err = rows.Scan(&l.Shard, &l.Key.Account, &l.Key.Asset, &l.Seq, &l.Leg, &kind, &number{&l.Amount}, &l.ClockUS, &day)
	inAsset(l.Key.Asset, &l.Amount)
	l.Kind, l.Day = journalv1.LegKind(kind), day.Time.Format(dayLayout)
	return l, err
}

// onTime reads the page's legs that were recorded on their day: their order is that of
// recording. Behind the last day of a full page of late legs nothing is looked for.
func (s daySpan) onTime(ctx context.Context, tx pgx.Tx, key StripeKey, shards map[int]bool, known func(int) int64, late []LegRow) (legs []LegRow, err error) {
	zone, to := s.db.o.Zone, s.to
	if len(late) == s.limit {
		to = late[len(late)-1].Day
	}
	end, err := endOf(zone, to)
	if err != nil {
		return nil, err
	}
	until := min(end, s.m.known)
	start, cursor, err := s.resume()
	if err != nil || start >= until {
		return nil, err
	}
	first, last, err := numbersBetween(ctx, tx, shards, max(start, cursor.ClockUS), until)
	if err != nil {
		return nil, err
	}
	at := map[int]LegCursor{}
	found := map[int]int{}
	for shard := range shards {
		at[shard] = cursor
	}
	days := calendar{zone: zone}
	for len(at) > 0 {
		read := map[int]*[]LegRow{}
		err := pipeline(ctx, tx, func(b *pgx.Batch) {
			for shard, c := range at {
				read[shard] = new([]LegRow)
				queueOnto(b, read[shard], scanLeg, sqlLegPage, shard, key.Account, key.Asset, first(shard), min(last(shard), known(shard)),
					start, until, c.ClockUS, c.Shard, int64(c.Seq), c.Leg, s.limit)
			}
		})
		if err != nil {
			return nil, err
		}
		for shard, rows := range read {
			for _, r := range *rows {
				at[shard] = LegCursor{r.ClockUS, r.Shard, r.Seq, r.Leg}
				day, err := days.parse(r.Day)
				if err != nil {
					return nil, err
				}
				if posts(r.Kind) && day == days.dayOf(r.ClockUS) {
					r.Version, r.Debit, r.Credit, r.HeldDebit, r.HeldCredit = 0, money.Zero, money.Zero, money.Zero, money.Zero
					legs = append(legs, r)
					found[shard]++
				}
			}
			if len(*rows) < s.limit || found[shard] >= s.limit {
				delete(at, shard)
			}
		}
	}
	return legs, nil
}

// resume says where the legs that were recorded on their day go on behind the cursor,
// which may be a leg that was recorded before its day or after it.
func (s daySpan) resume() (start int64, cursor LegCursor, err error) {
	end, err := endOf(s.db.o.Zone, s.after.Day)
	if err != nil {
		return 0, cursor, err
	}
	if start, err = startOf(s.db.o.Zone, s.after.Day); err != nil {
		return 0, cursor, err
	}
	none := LegCursor{ClockUS: math.MinInt64}
	switch {
	case s.after.Leg.ClockUS >= end:
		return end, none, nil
	case s.after.Leg.ClockUS < start:
		return start, none, nil
	}
	return start, s.after.Leg, nil
}

func posts(kind journalv1.LegKind) bool {
	return kind == journalv1.LegKind_LEG_KIND_DEBIT || kind == journalv1.LegKind_LEG_KIND_CREDIT
}
