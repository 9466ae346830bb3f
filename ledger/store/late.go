package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/migrations"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// The spans of days are the nodes of a binary tree over all days of the calendar,
// numbered as in a heap: 1 is all of them, those from firstLeaf on are single days. An
// interval of days is a handful of spans, and a day lies in one span of each size; so
// what a stripe's sums lack at the end of any day, because it was recorded on another
// one, is the sum of spansOfDay seeks, however many such legs and days there are.
const (
	firstLeaf  = 1 << 22
	leafOfZero = 730_485 // from the year 0 to 2000-01-01, where the database's days begin
)

// leafOf is the span of one day, in the database's days.
func leafOf(day int32) int32 { return firstLeaf + leafOfZero + day }

// spansOfDay are the spans that a day lies in.
func spansOfDay(day int32) (nodes []int32) {
	for n := leafOf(day); n > 0; n >>= 1 {
		nodes = append(nodes, n)
	}
	return nodes
}

// spansBetween are the spans that make up the days from one up to before another.
func spansBetween(from, before int32) (nodes []int32) {
	for l, r := leafOf(from), leafOf(before); l < r; l, r = l>>1, r>>1 {
		if l&1 == 1 {
			nodes = append(nodes, l)
			l++
		}
		if r&1 == 1 {
			r--
			nodes = append(nodes, r)
		}
	}
	return nodes
}

// spans are those in which the leg was not recorded yet though its day had come, or was
// recorded though it had not: then away.
func (l *lateRow) spans() (nodes []int32, away bool) {
	if l.day < l.recorded {
		return spansBetween(l.day, l.recorded), false
	}
	return spansBetween(l.recorded, l.day), true
}

// lateSpan is a span of days of a stripe.
type lateSpan struct {
	key  StripeKey
	node int32
}

// lateSpans lists the spans whose running sums must be known before encode.
func (r *Rows) lateSpans() (spans []lateSpan) {
	seen := map[lateSpan]bool{}
	for i := range r.late {
		l := &r.late[i]
		nodes, _ := l.spans()
		for _, n := range nodes {
			if s := (lateSpan{StripeKey{l.account, l.m.GetAsset()}, n}); !seen[s] {
				seen[s] = true
				spans = append(spans, s)
			}
		}
	}
	return spans
}

func (r *Rows) encodeLate(fixed [][]byte) {
	slices.SortStableFunc(r.late, func(a, b lateRow) int {
		return cmp.Or(bytes.Compare(a.account[:], b.account[:]), strings.Compare(a.m.GetAsset(), b.m.GetAsset()), cmp.Compare(a.day, b.day))
	})
	t := r.encoder.table("late_insert", fixed, oidUUID, oidText, oidDate, oidInt8, oidInt2, oidInt2, oidNumeric, oidInt8)
	for i := range r.late {
		l := &r.late[i]
		t.row().raw(l.account[:]).text(l.m.GetAsset()).int4(l.day).int8(l.seq).int2(l.leg).int2(int16(l.m.GetKind())).
			numeric(l.m.GetAmount()).int8(l.clockUS)
	}
	t.flush()
}

// encodeLateSums writes the running sums of the spans that late legs lie in, which
// before holds as they stood before the batch.
func (r *Rows) encodeLateSums(fixed [][]byte, before map[lateSpan]totalSum) {
	slices.SortFunc(r.late, func(a, b lateRow) int { return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.leg, b.leg)) })
	t := r.encoder.table("late_sum_insert", fixed, oidUUID, oidText, oidInt4, oidInt8, oidInt2, oidInt8, oidNumeric, oidNumeric)
	sums := map[lateSpan]totalSum{}
	for i := range r.late {
		l := &r.late[i]
		amount, err := money.ParseSum(l.m.GetAmount())
		if err != nil {
			r.encoder.err = err
			return
		}
		nodes, away := l.spans()
		if away {
			amount = amount.Neg()
		}
		for _, n := range nodes {
			span := lateSpan{StripeKey{l.account, l.m.GetAsset()}, n}
			sum, touched := sums[span]
			if !touched {
				sum = before[span]
			}
			if l.m.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT {
				sum.debit = sum.debit.Add(amount)
			} else {
				sum.credit = sum.credit.Add(amount)
			}
			inAsset(span.key.Asset, &sum.debit, &sum.credit) // the same bytes whatever the batches were
			sums[span] = sum
			t.row().raw(l.account[:]).text(span.key.Asset).int4(n).int8(l.seq).int2(l.leg).int8(l.clockUS).
				numeric(sum.debit.String()).numeric(sum.credit.String())
		}
	}
	t.flush()
}

// lateStripes are those that ever had a late leg, by shard, once they were looked for.
type lateStripes map[int]*[]lateSpan

// addLate adds what the stripes lack at the end of a day because it was recorded later,
// and takes away what was recorded before its day.
func (s stripeSums) addLate(ctx context.Context, db *DB, tx pgx.Tx, keys map[int][]StripeKey, m moments, late lateStripes) error {
	err := pipeline(ctx, tx, func(b *pgx.Batch) {
		for shard, list := range keys {
			if late[shard] == nil {
				late[shard] = new([]lateSpan)
				db.queueLateHas(b, late[shard], shard, list)
			}
		}
	})
	if err != nil {
		return err
	}
	known, err := m.numbersUntil(ctx, tx, shardsOf(keys), m.known)
	if err != nil {
		return err
	}
	return pipeline(ctx, tx, func(b *pgx.Batch) {
		for shard, list := range late {
			if len(*list) > 0 {
				db.queueLateSums(b, s, shard, *list, spansOfDay(m.dayNumber), known(shard), m.known)
			}
		}
	})
}

// queueLateHas queues what finds the stripes that have late legs, with their longest spans.
func (db *DB) queueLateHas(b *pgx.Batch, out *[]lateSpan, shard int, keys []StripeKey) {
	scan := func(rows pgx.Rows) (s lateSpan, err error) {
		err = rows.Scan(&s.key.Account, &s.key.Asset, &s.node)
		return s, err
	}
	if db.dialect == migrations.PostgreSQL {
		accounts, assets := stripeColumns(keys)
		queueOnto(b, out, scan, sqlLateHasPG, shard, accounts, assets)
		return
	}
	for _, k := range keys {
		queueOnto(b, out, scan, sqlLateHas, shard, k.Account, k.Asset)
	}
}

func (db *DB) queueLateSums(b *pgx.Batch, into stripeSums, shard int, longest []lateSpan, nodes []int32, untilSeq, untilUS int64) {
	scan := func(rows pgx.Rows) error {
		var k StripeKey
		var sum totalSum
		if err := rows.Scan(append([]any{&k.Account, &k.Asset}, numbers(&sum.debit, &sum.credit)...)...); err != nil {
			return err
		}
		inAsset(k.Asset, &sum.debit, &sum.credit)
		part := into.at(stripePlace{shard, k})
		part.Debit, part.Credit = part.Debit.Add(sum.debit), part.Credit.Add(sum.credit)
		return nil
	}
	if db.dialect == migrations.PostgreSQL {
		keys, spans := make([]StripeKey, len(longest)), make([]int32, len(longest))
		for i, l := range longest {
			keys[i], spans[i] = l.key, l.node
		}
		accounts, assets := stripeColumns(keys)
		rowsOf(b, scan, sqlLateSumThenPG, shard, accounts, assets, nodes, untilSeq, untilUS, spans)
		return
	}
	for _, l := range longest {
		for _, n := range nodes {
			if n >= l.node {
				rowsOf(b, scan, sqlLateSumThen, shard, l.key.Account, l.key.Asset, n, untilSeq, untilUS)
			}
		}
	}
}
