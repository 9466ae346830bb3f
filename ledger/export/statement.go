package export

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// statement is an account in one asset, of one position of the books.
type statement struct {
	o     Options
	heads []store.ShardState
	name  book.Name
	kind  book.Type
	asset money.Asset
}

// booked is an entry of the account: its postings to it, and what each was booked against.
type booked struct {
	record   *journalv1.Record
	postings []accountPosting
}

type accountPosting struct {
	leg      int // its number in the record
	debit    bool
	amount   money.Amount
	counters []book.Posting // their amounts add up to its own
}

// statementFile is one way to write a statement.
type statementFile interface {
	begin(opening book.Stripe) error
	entry(of booked) error
	end(closing book.Stripe) error
}

// postingsAtOnce bounds one read of a statement.
const postingsAtOnce = 500

// outBytes are kept back before they are written.
const outBytes = 1 << 16

// writeStatement writes an account's postings by business day, between what stood before the first day
// and after the last. Both are read by themselves: a file that does not lead from the one to the other
// is refused.
func writeStatement(ctx context.Context, b Books, o Options, heads []store.ShardState, out io.Writer, done *meter, report *Report) error {
	s := &statement{o: o, heads: heads}
	s.name, _ = book.ParseName("account", o.Account)
	s.kind, _ = book.LookupType(s.name.Type)
	s.asset, _ = money.LookupAsset(o.Asset)
	upto := seenOf(heads)
	sums, before, err := ledger.StoodBefore(ctx, b, o.Book, s.name, o.Asset, o.From, store.At{KnownUS: o.KnownUS, Upto: upto})
	if err != nil {
		return err
	}
	closing, after, err := ledger.StandsAt(ctx, b, o.Book, s.name, o.Asset, store.At{Day: o.To, KnownUS: o.KnownUS, Upto: upto})
	if err != nil {
		return err
	}
	o.sees(upto)
	to := s.file(bufio.NewWriterSize(out, outBytes), report)
	if err := to.begin(sums); err != nil {
		return err
	}
	legs := max(after, before) - before // and late ones, and moves of holds: near enough
	err = s.each(ctx, b, upto, func(n uint64) { done.part(0, 99)(n, legs) }, func(e booked) error {
		report.Entries++
		for _, p := range e.postings {
			report.Legs++
			post(&sums, p.debit, p.amount)
		}
		return to.entry(e)
	})
	if err != nil {
		return err
	}
	if !sums.Debit.Equal(closing.Debit) || !sums.Credit.Equal(closing.Credit) {
		return fmt.Errorf("the postings lead to %s of debits and %s of credits, the account stands at %s and %s", sums.Debit, sums.Credit, closing.Debit, closing.Credit)
	}
	return to.end(closing)
}

func post(sums *book.Stripe, debit bool, amount money.Amount) {
	if debit {
		sums.Debit = sums.Debit.Add(amount)
	} else {
		sums.Credit = sums.Credit.Add(amount)
	}
}

func (s *statement) file(out *bufio.Writer, report *Report) statementFile {
	if s.o.Format == FormatCSV {
		return &statementCSV{csvRows: csvRows{out: out}, statement: s, report: report}
	}
	return &statementJournal{hledger: hledger{out: out, totals: newTotals(s.o.Account), declared: map[string]bool{}}, statement: s}
}

// each tells the account's entries in their order, and how many postings were read. Postings of an
// entry follow one another.
func (s *statement) each(ctx context.Context, b Books, upto []store.Seen, read func(postings uint64), each func(booked) error) error {
	key := store.StripeKey{Account: book.ID(s.o.Book, s.name.String()), Asset: s.asset.Code}
	page := store.DayPage{From: s.o.From, To: s.o.To, KnownUS: s.o.KnownUS, Upto: upto, Limit: postingsAtOnce}
	var now booked
	for n := uint64(0); ; {
		legs, _, err := b.DayLegs(ctx, key, page)
		if err != nil {
			return err
		}
		records, err := recordsOf(ctx, b, legs)
		if err != nil {
			return err
		}
		for _, l := range legs {
			r := records[store.RecordID{Shard: l.Shard, Seq: l.Seq}]
			if between(r) {
				continue
			}
			if now.record.GetShard() != r.GetShard() || now.record.GetSeq() != r.GetSeq() {
				if err := told(now, each); err != nil {
					return err
				}
				now = booked{record: r}
			}
			counters, err := store.Counters(r, l.Leg)
			if err != nil {
				return fmt.Errorf("record %s: %w", document(r), err)
			}
			now.postings = append(now.postings, accountPosting{l.Leg, l.Kind == journalv1.LegKind_LEG_KIND_DEBIT, l.Amount, counters})
		}
		n += uint64(len(legs))
		read(n)
		if len(legs) < page.Limit {
			return told(now, each)
		}
		last := legs[len(legs)-1]
		page.After = &store.DayCursor{Day: last.Day, Leg: store.LegCursor{ClockUS: last.ClockUS, Shard: last.Shard, Seq: last.Seq, Leg: last.Leg}}
	}
}

// told tells an entry when there is one.
func told(of booked, each func(booked) error) error {
	if of.record == nil {
		return nil
	}
	return each(of)
}

// recordsOf reads the records of legs.
func recordsOf(ctx context.Context, b Books, legs []store.LegRow) (map[store.RecordID]*journalv1.Record, error) {
	records := make(map[store.RecordID]*journalv1.Record, len(legs))
	var ids []store.RecordID
	for _, l := range legs {
		id := store.RecordID{Shard: l.Shard, Seq: l.Seq}
		if _, listed := records[id]; !listed {
			records[id], ids = new(journalv1.Record), append(ids, id)
		}
	}
	if len(ids) == 0 {
		return records, nil
	}
	raws, err := b.Records(ctx, ids)
	if err != nil {
		return nil, err
	}
	for id, r := range records {
		raw, there := raws[id]
		if !there {
			return nil, fmt.Errorf("record %d.%d is not in the journal", id.Shard, id.Seq)
		}
		if err := proto.Unmarshal(raw, r); err != nil {
			return nil, fmt.Errorf("record %d.%d: %w", id.Shard, id.Seq, err)
		}
	}
	return records, nil
}
