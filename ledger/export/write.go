package export

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// format is one way to write entries.
type format interface {
	head(x *index) error
	opening(day string) error
	entry(r *journalv1.Record) (postings int, err error)
	end(entries, postings int) error
}

// WriteMonths writes a file for each month that has entries. Each begins with what stood
// before it: what the file of the month before ended with.
func WriteMonths(ctx context.Context, j Journal, o Options, open func(month string) (io.WriteCloser, error)) (Report, error) {
	if refusal := o.Check(); refusal != nil {
		return Report{}, refusal
	}
	if o = o.whole(); o.What != Entries {
		return Report{}, fault.Refuse(fault.Malformed, "what", "%s goes into one file; only entries are split by month", o.What)
	}
	return writeEntries(ctx, j, o, true, open)
}

// exporter is an export under way.
type exporter struct {
	o      Options
	split  bool
	open   func(month string) (io.WriteCloser, error)
	x      *index
	totals *totals
	report Report

	file              io.WriteCloser // nil before the first
	month             string
	to                format
	entries, postings int // of the file
}

// writeEntries writes entries by business day and within it in the order of the clocks. With a first
// day a file begins with what stood before it.
func writeEntries(ctx context.Context, j Journal, o Options, split bool, open func(string) (io.WriteCloser, error)) (Report, error) {
	done := &meter{tell: o.Progress, last: -1}
	x, err := newIndex(ctx, j, o.Book, o.KnownUS, done.part(0, 50))
	if err != nil {
		return Report{}, err
	}
	o.sees(seenOf(x.heads))
	e := &exporter{
		o: o, split: split, open: open, x: x, totals: newTotals(o.Account), report: Report{Book: x.book, Accounts: len(x.accounts)},
	}
	if err = e.places(ctx, j, done.part(50, 100)); err == nil {
		done.end() // nothing was booked, or the rest is after the last day
	}
	if err == nil && e.file == nil && !split {
		err = e.begin(cmp.Or(o.From, "0001-01-01"), "")
	}
	return e.report, errors.Join(err, e.finish(err == nil))
}

// places writes the entries that are asked for and counts those before them.
func (e *exporter) places(ctx context.Context, j Journal, done func(done, of uint64)) error {
	records := &windows{journal: j, shards: map[int32][]*window{}}
	r := new(journalv1.Record)
	for i, p := range e.x.places {
		done(uint64(i+1), uint64(len(e.x.places)))
		day := time.Unix(int64(p.day)*24*60*60, 0).UTC().Format(time.DateOnly)
		if e.o.To != "" && day > e.o.To {
			return nil
		}
		if err := records.record(ctx, p.shard, p.seq, r); err != nil {
			return err
		}
		if day < e.o.From || !e.touches(r) {
			if err := e.totals.count(r); err != nil {
				return fmt.Errorf("record %d.%d: %w", p.shard, p.seq, err)
			}
			continue
		}
		if err := e.turn(day); err != nil {
			return err
		}
		n, err := e.to.entry(r)
		if err != nil {
			return fmt.Errorf("record %d.%d: %w", p.shard, p.seq, err)
		}
		e.entries, e.postings = e.entries+1, e.postings+n
		e.report.Entries, e.report.Legs = e.report.Entries+1, e.report.Legs+n
	}
	return nil
}

func (e *exporter) touches(r *journalv1.Record) bool {
	return e.o.Account == "" || slices.ContainsFunc(r.GetLegs(), func(l *journalv1.Leg) bool {
		return posting(l) && e.totals.counts(l.GetAccount())
	})
}

// turn opens the file that a day belongs to.
func (e *exporter) turn(day string) error {
	month := day[:len("2006-01")]
	if e.file != nil && (!e.split || month == e.month) {
		return nil
	}
	if err := e.finish(true); err != nil {
		return err
	}
	first := cmp.Or(e.o.From, day)
	if e.split {
		first = max(month+"-01", e.o.From)
	}
	return e.begin(first, month)
}

// begin opens a file with what stood before its first day.
func (e *exporter) begin(day, month string) error {
	var err error
	if e.file, err = e.open(month); err != nil {
		return err
	}
	e.month, e.entries, e.postings = month, 0, 0
	out := bufio.NewWriterSize(e.file, 1<<18)
	switch e.o.Format {
	case FormatHledger, FormatLedger:
		e.to = &hledger{out: out, totals: e.totals}
	default:
		e.to = &csvFile{csvRows{out: out}, e.totals}
	}
	if err := e.to.head(e.x); err != nil {
		return err
	}
	if e.totals.empty() {
		return nil
	}
	return e.to.opening(day)
}

// finish ends the file.
func (e *exporter) finish(well bool) error {
	if e.file == nil {
		return nil
	}
	var err error
	if well && e.to != nil {
		err = e.to.end(e.entries, e.postings)
	}
	err = errors.Join(err, e.file.Close())
	e.file = nil
	return err
}

// totals is what accounts stand at, debits positive.
type totals struct {
	only string // the account that counts; "" is every one
	sums map[[2]string]money.Amount
}

// counts says whether every entry that touches the account is exported.
func (t *totals) counts(account string) bool {
	return t.only == "" || book.SameAccount(account, t.only)
}

func newTotals(only string) *totals { return &totals{only: only, sums: map[[2]string]money.Amount{}} }

func (t *totals) add(account, asset string, amount money.Amount) money.Amount {
	key := [2]string{account, asset}
	sum := t.sums[key].Add(amount)
	t.sums[key] = sum
	return sum
}

// count adds an entry that is not written.
func (t *totals) count(r *journalv1.Record) error {
	for _, l := range r.GetLegs() {
		if !posting(l) || !t.counts(l.GetAccount()) {
			continue
		}
		amount, err := money.ParseSum(l.GetAmount())
		if err != nil {
			return err
		}
		if l.GetKind() == journalv1.LegKind_LEG_KIND_CREDIT {
			amount = amount.Neg()
		}
		t.add(l.GetAccount(), l.GetAsset(), amount)
	}
	return nil
}

func (t *totals) empty() bool {
	for _, sum := range t.sums {
		if !sum.IsZero() {
			return false
		}
	}
	return true
}

// each walks through what is not zero, by account and asset.
func (t *totals) each(f func(account string, asset money.Asset, sum money.Amount) error) error {
	keys := slices.SortedFunc(maps.Keys(t.sums), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	for _, k := range keys {
		asset, ok := money.LookupAsset(k[1])
		if !ok {
			return fmt.Errorf("there is no asset %q", k[1])
		}
		if sum := t.sums[k]; !sum.IsZero() {
			if err := f(k[0], asset, sum); err != nil {
				return err
			}
		}
	}
	return nil
}
