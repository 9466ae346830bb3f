package export

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// place is an entry in the order of the file. A production export of ten million
// entries keeps 320 MB of them.
type place struct {
	day     int32 // days since 1970
	shard   int32
	clockUS int64
	seq     uint64
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.day, o.day), cmp.Compare(p.clockUS, o.clockUS), cmp.Compare(p.shard, o.shard), cmp.Compare(p.seq, o.seq))
}

// index is what the head of a file must say before its first entry.
type index struct {
	book     string
	known    int64 // what was recorded up to this clock; 0 is no bound
	heads    []store.ShardState
	places   []place
	accounts map[string]bool
	assets   map[string]bool
	links    map[string]bool
}

// segmentsAtOnce bounds what one read brings: half a megabyte.
const segmentsAtOnce = 16

// newIndex reads every record once. An empty book name stands for the only book there is; known bounds
// the clocks of what counts.
func newIndex(ctx context.Context, j Journal, bookName string, known int64, read func(done, of uint64)) (*index, error) {
	heads, err := j.Shards(ctx)
	if err != nil {
		return nil, err
	}
	books := map[string]*index{}
	var done, of uint64
	for _, state := range heads {
		of += state.Head.Seq
	}
	for _, state := range heads {
		err := eachRecord(ctx, j, state, func(r *journalv1.Record) error {
			done++
			read(done, of)
			x := books[r.GetBook()]
			if x != nil && bookName != "" && r.GetBook() != bookName {
				return nil // its name is enough
			}
			if x == nil {
				x = &index{book: r.GetBook(), known: known, accounts: map[string]bool{}, assets: map[string]bool{}, links: map[string]bool{}}
				books[r.GetBook()] = x
			}
			return x.add(r)
		})
		if err != nil {
			return nil, err
		}
	}
	delete(books, "") // records of commands that could not be read
	names := slices.Sorted(maps.Keys(books))
	x := books[bookName]
	switch {
	case bookName == "" && len(names) == 1:
		x = books[names[0]]
	case bookName == "" && len(names) > 1, x == nil && len(names) > 0:
		return nil, fmt.Errorf("%w: there are %s", ErrBook, strings.Join(names, ", "))
	case x == nil:
		x = &index{book: bookName, known: known}
	}
	x.heads = heads
	slices.SortFunc(x.places, place.compare)
	return x, nil
}

// eachRecord reads a shard's records up to its head, and checks the hash there.
func eachRecord(ctx context.Context, j Journal, state store.ShardState, each func(*journalv1.Record) error) error {
	var head journal.Head
	for head.Seq < state.Head.Seq {
		segments, err := j.Segments(ctx, state.Shard, head.Seq+1, segmentsAtOnce)
		if err != nil {
			return err
		}
		if len(segments) == 0 {
			return fmt.Errorf("shard %d: the journal ends at record %d, its head is %d", state.Shard, head.Seq, state.Head.Seq)
		}
		for _, segment := range segments {
			raws, err := segment.Split()
			if err != nil {
				return fmt.Errorf("shard %d: %w", state.Shard, err)
			}
			for _, raw := range raws {
				if head.Seq == state.Head.Seq {
					break
				}
				sealed, err := head.Follow(uint32(state.Shard), raw)
				if err != nil {
					return err
				}
				if err := each(sealed.Record); err != nil {
					return err
				}
			}
		}
	}
	if head.Hash != state.Head.Hash {
		return fmt.Errorf("shard %d: the hash at record %d is %s, the head says %s", state.Shard, head.Seq, head.Hash, state.Head.Hash)
	}
	return nil
}

func (x *index) add(r *journalv1.Record) error {
	e := r.GetEntry()
	if e == nil || between(r) || x.known != 0 && r.GetClockUs() > x.known {
		return nil
	}
	day, err := time.Parse(time.DateOnly, e.GetDay())
	if err != nil {
		return fmt.Errorf("record %d.%d: its day %q is no date", r.GetShard(), r.GetSeq(), e.GetDay())
	}
	x.places = append(x.places, place{
		day: int32(day.Unix() / (24 * 60 * 60)), shard: int32(r.GetShard()), clockUS: r.GetClockUs(), seq: r.GetSeq(),
	})
	for _, l := range r.GetLegs() {
		if posting(l) {
			x.accounts[l.GetAccount()], x.assets[l.GetAsset()] = true, true
		}
	}
	for _, tag := range tagsOf(e) {
		x.links[tag] = true
	}
	return nil
}

// between says that an entry only moves an account's money between its stripes: the account stands
// as it did, and its turnover in a sheet does not have it.
func between(r *journalv1.Record) bool {
	return r.GetEntry().GetKind() == "transit" && slices.ContainsFunc(r.GetLegs(), func(l *journalv1.Leg) bool {
		name, refusal := book.ParseName("account", l.GetAccount())
		return refusal == nil && name.IsTransit()
	})
}

func posting(l *journalv1.Leg) bool {
	return l.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT || l.GetKind() == journalv1.LegKind_LEG_KIND_CREDIT
}

// windows gives records by number. Entries are read by their day, and an entry that was
// recorded late stands among records of another day: a few runs of segments of each
// shard are kept, the one that was used longest ago goes first.
type windows struct {
	journal Journal
	shards  map[int32][]*window
}

type window struct {
	first uint64
	raws  [][]byte
}

// windowsKept bounds the runs per shard, half a megabyte each.
const windowsKept = 4

func (w *windows) record(ctx context.Context, shard int32, seq uint64, into *journalv1.Record) error {
	kept := w.shards[shard]
	at := slices.IndexFunc(kept, func(v *window) bool { return seq >= v.first && seq < v.first+uint64(len(v.raws)) })
	if at < 0 {
		v, err := w.read(ctx, shard, seq)
		if err != nil {
			return err
		}
		kept = append(kept, v)
		if len(kept) > windowsKept {
			kept = slices.Delete(kept, 0, 1)
		}
		at = len(kept) - 1
	}
	v := kept[at]
	w.shards[shard] = append(slices.Delete(kept, at, at+1), v)
	return proto.Unmarshal(v.raws[seq-v.first], into)
}

func (w *windows) read(ctx context.Context, shard int32, seq uint64) (*window, error) {
	segments, err := w.journal.Segments(ctx, int(shard), seq, segmentsAtOnce)
	if err != nil {
		return nil, err
	}
	v := &window{}
	for _, segment := range segments {
		raws, err := segment.Split()
		if err != nil {
			return nil, fmt.Errorf("shard %d: %w", shard, err)
		}
		if v.raws == nil {
			v.first = segment.FirstSeq
		}
		v.raws = append(v.raws, raws...)
	}
	if seq < v.first || seq >= v.first+uint64(len(v.raws)) {
		return nil, fmt.Errorf("record %d.%d is not in the journal", shard, seq)
	}
	return v, nil
}
