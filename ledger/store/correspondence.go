package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Correspondence is what the entries of a business month moved from one type of account to
// another: what the one was debited and the other credited.
type Correspondence struct {
	Month         string // YYYY-MM, of the effective days
	Debit, Credit string // types of the chart
	Asset         string
	Amount        money.Amount
}

type correspondenceKey struct{ book, Month, Debit, Credit, Asset string }

func (k correspondenceKey) compare(o correspondenceKey) int {
	return cmp.Or(strings.Compare(k.book, o.book), strings.Compare(k.Month, o.Month), strings.Compare(k.Debit, o.Debit),
		strings.Compare(k.Credit, o.Credit), strings.Compare(k.Asset, o.Asset))
}

func correspondenceColumns(keys []correspondenceKey) []any {
	columns := make([][]string, 5)
	for _, k := range keys {
		for i, text := range []string{k.book, k.Month, k.Debit, k.Credit, k.Asset} {
			columns[i] = append(columns[i], text)
		}
	}
	return []any{columns[0], columns[1], columns[2], columns[3], columns[4]}
}

// correspondencesOf adds up what records moved. Money between the stripes of an account has
// not moved.
func correspondencesOf(records []journal.Sealed) (map[correspondenceKey]money.Amount, error) {
	sums := map[correspondenceKey]money.Amount{}
	var postings []book.Posting
	var pairs []book.Pair
	for _, s := range records {
		r := s.Record
		if r.GetEntry() == nil || len(r.GetEntry().GetDay()) < len("2026-01") {
			continue
		}
		var err error
		if postings, err = Postings(r, postings); err != nil {
			return nil, fmt.Errorf("record %d.%d: %w", r.GetShard(), r.GetSeq(), err)
		}
		pairs = book.Correspond(postings, pairs)
		for _, p := range pairs {
			debit, credit := postings[p.Debit], postings[p.Credit]
			if book.SameAccount(debit.Account, credit.Account) {
				continue
			}
			k := correspondenceKey{book: r.GetBook(), Month: r.GetEntry().GetDay()[:len("2026-01")], Asset: debit.Asset}
			k.Debit, _, _ = strings.Cut(debit.Account, ":")
			k.Credit, _, _ = strings.Cut(credit.Account, ":")
			sums[k] = sums[k].Add(p.Amount)
		}
	}
	return sums, nil
}

// Postings are the debits and credits of a record, in order, without moves of holds;
// they are written into the memory that is given, as far as it goes.
func Postings(r *journalv1.Record, into []book.Posting) ([]book.Posting, error) {
	out := into[:0]
	for _, l := range r.GetLegs() {
		if !postsLeg(l) {
			continue
		}
		debit := l.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT
		amount, err := money.ParseSum(l.GetAmount())
		if err != nil {
			return nil, err
		}
		out = append(out, book.Posting{Account: l.GetAccount(), Asset: l.GetAsset(), Debit: debit, Amount: amount})
	}
	return out, nil
}

// Correspondences reads a book's turnovers up to a month, added up over the shards, by month,
// debit, credit and asset, and how far the search tables see each shard.
func (db *DB) Correspondences(ctx context.Context, bookName, until string) ([]Correspondence, []Seen, error) {
	sums := map[correspondenceKey]money.Amount{}
	var projected []Projected
	err := db.phases(ctx, "correspondences", func(tx pgx.Tx) error {
		clear(sums)
		err := pipeline(ctx, tx, func(b *pgx.Batch) { queueInto(b, &projected, scanProjected, sqlProjectionList) })
		if err != nil {
			return err
		}
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			for _, p := range projected {
				rowsOf(b, func(rows pgx.Rows) error {
					var k correspondenceKey
					var sum money.Amount
					err := rows.Scan(&k.Month, &k.Debit, &k.Credit, &k.Asset, &number{&sum})
					inAsset(k.Asset, &sum)
					sums[k] = sums[k].Add(sum)
					return err
				}, sqlCorrespondenceList, p.Shard, bookName, until)
			}
		})
	})
	if err != nil {
		return nil, nil, err
	}
	var out []Correspondence
	for _, k := range slices.SortedFunc(maps.Keys(sums), correspondenceKey.compare) {
		out = append(out, Correspondence{k.Month, k.Debit, k.Credit, k.Asset, sums[k]})
	}
	return out, seenOf(projected), nil
}

// Sides are what it debits and what it credits a type of account.
func (c Correspondence) Sides(kind string) (debit, credit money.Amount) {
	if c.Debit == kind {
		debit = c.Amount
	}
	if c.Credit == kind {
		credit = c.Amount
	}
	return debit, credit
}

// Counters are the postings on the other side of a record's leg, one for each account,
// with the parts of its amount that they stand for; of a hold's move there are none.
func Counters(r *journalv1.Record, leg int) ([]book.Posting, error) {
	legs := r.GetLegs()
	if leg >= len(legs) || !postsLeg(legs[leg]) {
		return nil, nil
	}
	postings, err := Postings(r, nil)
	if err != nil {
		return nil, err
	}
	at := 0 // place of the leg among the postings
	for _, l := range legs[:leg] {
		if postsLeg(l) {
			at++
		}
	}
	var out []book.Posting
	for _, p := range book.Correspond(postings, nil) {
		other := p.Credit
		if p.Credit == at {
			other = p.Debit
		} else if p.Debit != at {
			continue
		}
		i := slices.IndexFunc(out, func(o book.Posting) bool { return o.Account == postings[other].Account })
		if i < 0 {
			i, out = len(out), append(out, postings[other])
			out[i].Amount = money.Zero
		}
		out[i].Amount = out[i].Amount.Add(p.Amount)
	}
	return out, nil
}

func postsLeg(l *journalv1.Leg) bool {
	return l.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT || l.GetKind() == journalv1.LegKind_LEG_KIND_CREDIT
}
