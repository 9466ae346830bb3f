package export_test

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// memory are books that a test holds in memory. All it answers comes from walking all records: it is the
// naive model that exports are compared with.
type memory struct{ w *audittest.World }

func (m memory) Shards(context.Context) ([]store.ShardState, error) {
	var out []store.ShardState
	for _, n := range m.w.Shards() {
		records := m.w.Records(n)
		last := records[len(records)-1]
		out = append(out, store.ShardState{Shard: n, Head: journal.Head{Seq: last.Record.GetSeq(), Hash: last.Hash}, ClockUS: m.w.Clock(n)})
	}
	return out, nil
}

func (m memory) Segments(_ context.Context, shard int, from uint64, limit int) ([]journal.Segment, error) {
	var out []journal.Segment
	for _, s := range segments(m.w.Records(shard)) {
		if s.LastSeq() >= from && len(out) < limit {
			out = append(out, s)
		}
	}
	return out, nil
}

// segments are the records as they are stored.
func segments(records []journal.Sealed) (out []journal.Segment) {
	for s, of := range journal.Segments(records) {
		s.Data = journal.AppendData(nil, of)
		out = append(out, s)
	}
	return out
}

// walked is a posting that a walk over the records comes by.
type walked struct {
	store.LegRow
	account string
	record  *journalv1.Record
}

// walk lists the postings that count at a moment, without money between stripes, by business day.
func (m memory) walk(from, to string, knownUS int64, upto []store.Seen) (all []walked) {
	for _, shard := range m.w.Shards() {
		for _, s := range m.w.Records(shard) {
			r, day := s.Record, s.Record.GetEntry().GetDay()
			known := (knownUS == 0 || r.GetClockUs() <= knownUS) && (upto == nil || slices.ContainsFunc(upto, func(u store.Seen) bool { return u.Shard == shard && r.GetSeq() <= u.Seq }))
			if !known || day == "" || from != "" && day < from || to != "" && day > to {
				continue
			}
			for i, l := range r.GetLegs() {
				if l.GetKind() != journalv1.LegKind_LEG_KIND_DEBIT && l.GetKind() != journalv1.LegKind_LEG_KIND_CREDIT {
					continue
				}
				all = append(all, walked{account: l.GetAccount(), record: r, LegRow: store.LegRow{
					Shard: shard, Key: store.StripeKey{Account: book.ID(r.GetBook(), l.GetAccount()), Asset: l.GetAsset()}, Seq: r.GetSeq(), Leg: i,
					Kind: l.GetKind(), Amount: money.MustParse(l.GetAmount()), ClockUS: r.GetClockUs(), Day: day,
				}})
			}
		}
	}
	slices.SortFunc(all, func(a, b walked) int { return compareRows(a.LegRow, b.LegRow) })
	return all
}

func compareRows(a, b store.LegRow) int {
	return cmp.Or(strings.Compare(a.Day, b.Day), cmp.Compare(a.ClockUS, b.ClockUS), cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Leg, b.Leg))
}

func (m memory) DayLegs(_ context.Context, key store.StripeKey, page store.DayPage) (rows []store.LegRow, _ []store.Seen, _ error) {
	for _, l := range m.walk(page.From, page.To, page.KnownUS, page.Upto) {
		behind := page.After == nil
		if !behind {
			a := page.After
			behind = compareRows(l.LegRow, store.LegRow{Day: a.Day, ClockUS: a.Leg.ClockUS, Shard: a.Leg.Shard, Seq: a.Leg.Seq, Leg: a.Leg.Leg}) > 0
		}
		if l.Key == key && behind && len(rows) < page.Limit {
			rows = append(rows, l.LegRow)
		}
	}
	return rows, nil, nil
}

func (m memory) Records(_ context.Context, ids []store.RecordID) (map[store.RecordID][]byte, error) {
	raws := map[store.RecordID][]byte{}
	for _, id := range ids {
		raws[id] = m.w.Records(id.Shard)[id.Seq-1].Raw
	}
	return raws, nil
}

func (m memory) Balances(_ context.Context, keys []store.StripeKey, at store.At) (rows []store.Balance, _ []store.Seen, _ error) {
	all := m.walk("", at.Day, at.KnownUS, at.Upto)
	for _, key := range keys {
		b := store.Balance{Key: key}
		for _, l := range all {
			if l.Key == key {
				sums(&b.Debit, &b.Credit, l)
				b.Stripes = append(b.Stripes, store.StripeBalance{Version: 1})
			}
		}
		rows = append(rows, b)
	}
	return rows, nil, nil
}

func sums(debit, credit *money.Amount, l walked) {
	if l.Kind == journalv1.LegKind_LEG_KIND_DEBIT {
		*debit = debit.Add(l.Amount)
	} else {
		*credit = credit.Add(l.Amount)
	}
}

// turnover is what walked postings make of an account; money between its stripes is none of it.
func (m memory) turnover(knownUS int64, upto []store.Seen, from, to string) map[[2]string]store.Turnover {
	of := map[[2]string]store.Turnover{}
	for _, l := range m.walk("", to, knownUS, upto) {
		if slices.ContainsFunc(l.record.GetLegs(), func(o *journalv1.Leg) bool { return book.IsTransit(o.GetAccount()) }) {
			continue
		}
		name, _ := book.ParseName("", l.account)
		t := of[[2]string{l.account, l.Key.Asset}]
		t.Name, t.Asset = name, l.Key.Asset
		if l.Day < from {
			sums(&t.Opening.Debit, &t.Opening.Credit, l)
		}
		sums(&t.Closing.Debit, &t.Closing.Credit, l)
		of[[2]string{l.account, l.Key.Asset}] = t
	}
	return of
}

func (m memory) Turnovers(_ context.Context, page store.TurnoverPage) (rows []store.Turnover, next *store.StripeRef, _ error) {
	for _, t := range m.turnover(page.KnownUS, page.Upto, page.From, page.To) {
		if t.Name.Type == page.Type {
			rows = append(rows, t)
		}
	}
	slices.SortFunc(rows, func(a, b store.Turnover) int {
		return cmp.Or(strings.Compare(a.Name.Owner, b.Name.Owner), strings.Compare(a.Name.Part, b.Name.Part), strings.Compare(a.Asset, b.Asset))
	})
	return rows, nil, nil
}

func (m memory) TrialBalance(context.Context, string) (rows []store.TotalRow, seen []store.Seen, _ error) {
	for _, t := range m.turnover(0, nil, "", "") {
		i := slices.IndexFunc(rows, func(r store.TotalRow) bool { return r.Type == t.Name.Type && r.Asset == t.Asset })
		if i < 0 {
			i, rows = len(rows), append(rows, store.TotalRow{Type: t.Name.Type, Asset: t.Asset})
		}
		rows[i].Debit, rows[i].Credit = rows[i].Debit.Add(t.Closing.Debit), rows[i].Credit.Add(t.Closing.Credit)
	}
	return rows, seen, nil
}

func (m memory) Correspondences(_ context.Context, _, until string) (out []store.Correspondence, _ []store.Seen, err error) {
	of := map[store.Correspondence]money.Amount{}
	seen := map[*journalv1.Record]bool{}
	for _, l := range m.walk("", "", 0, nil) {
		if month := l.Day[:7]; seen[l.record] || month > until {
			continue
		}
		seen[l.record] = true
		postings, err := store.Postings(l.record, nil)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range book.Correspond(postings, nil) {
			d, c := postings[p.Debit], postings[p.Credit]
			if book.SameAccount(d.Account, c.Account) {
				continue
			}
			k := store.Correspondence{Month: l.Day[:7], Asset: d.Asset}
			k.Debit, _, _ = strings.Cut(d.Account, ":")
			k.Credit, _, _ = strings.Cut(c.Account, ":")
			of[k] = of[k].Add(p.Amount)
		}
	}
	for k, sum := range of {
		k.Amount = sum
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b store.Correspondence) int {
		return cmp.Or(strings.Compare(a.Month, b.Month), strings.Compare(a.Debit, b.Debit), strings.Compare(a.Credit, b.Credit), strings.Compare(a.Asset, b.Asset))
	})
	return out, nil, nil
}

// lossy are books that lose the first posting of an account.
type lossy struct{ memory }

func (l lossy) DayLegs(ctx context.Context, key store.StripeKey, page store.DayPage) ([]store.LegRow, []store.Seen, error) {
	rows, seen, err := l.memory.DayLegs(ctx, key, page)
	return rows[min(1, len(rows)):], seen, err
}
