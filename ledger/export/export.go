package export

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
)

// Journal is where records are read; *store.DB is one.
type Journal interface {
	// Shards lists the shards with their heads.
	Shards(ctx context.Context) ([]store.ShardState, error)
	// Segments reads the shard's segments from the one that contains fromSeq, in order.
	Segments(ctx context.Context, shard int, fromSeq uint64, limit int) ([]journal.Segment, error)
}

// Books is where all that can be exported is read; *store.DB is one.
type Books interface {
	Journal
	ledger.Balances
	ledger.TrialBooks
	// DayLegs reads a page of an account's postings in one asset by business day.
	DayLegs(ctx context.Context, key store.StripeKey, page store.DayPage) ([]store.LegRow, []store.Seen, error)
	// Records reads records by their numbers.
	Records(ctx context.Context, ids []store.RecordID) (map[store.RecordID][]byte, error)
	// Correspondences reads a book's turnovers between types of account, up to a month.
	Correspondences(ctx context.Context, book, until string) ([]store.Correspondence, []store.Seen, error)
}

// ErrBook says that the book to export is not clear.
var ErrBook = errors.New("name the book")

// Write writes one file: of one position of the books, which o.Sees is told before its first byte. What
// it keeps in memory does not grow with the file, but for entries (32 bytes of each) and journals (the
// names in them, once).
func Write(ctx context.Context, b Books, o Options, out io.Writer) (Report, error) {
	if refusal := o.Check(); refusal != nil {
		return Report{}, refusal
	}
	if o = o.whole(); o.What == Entries {
		return writeEntries(ctx, b, o, false, func(string) (io.WriteCloser, error) { return nopCloser{out}, nil })
	}
	heads, err := b.Shards(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("read the shards: %w", err)
	}
	done := &meter{tell: o.Progress, last: -1}
	report := Report{Book: o.Book}
	switch o.What {
	case Statement, Card:
		err = writeStatement(ctx, b, o, heads, out, done, &report)
	case GeneralLedger:
		err = writeGeneral(ctx, b, o, out, &report)
	case TrialBalance:
		err = writeTrial(ctx, b, o, seenOf(heads), out, done, &report)
	case Turnovers:
		err = writeTurnovers(ctx, b, o, seenOf(heads), out, done, &report)
	}
	if err != nil {
		return report, fmt.Errorf("%s of %s: %w", o.What, o.Book, err)
	}
	done.end()
	return report, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// seenOf is how far the shards' heads see.
func seenOf(heads []store.ShardState) []store.Seen {
	seen := make([]store.Seen, len(heads))
	for i, h := range heads {
		seen[i] = store.Seen{Shard: h.Shard, Seq: h.Head.Seq, ClockUS: h.ClockUS}
	}
	return seen
}

func (o Options) sees(seen []store.Seen) {
	if o.Sees != nil {
		o.Sees(seen)
	}
}

// meter tells how many percent are done, each number once and growing.
type meter struct {
	tell func(percent int) // nil when nobody asks
	last int
}

// part is what counts a share of the work, from one percent to another.
func (m *meter) part(from, to int) func(done, of uint64) {
	return func(done, of uint64) { m.at(from + int(min(done, of)*uint64(to-from)/max(of, 1))) }
}

func (m *meter) at(percent int) {
	if m.tell != nil && percent > m.last {
		m.last = percent
		m.tell(percent)
	}
}

func (m *meter) end() { m.at(100) }
