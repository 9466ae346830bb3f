package gate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Position is a number of a record for each of some shards.
type Position map[int]uint64

// See goes on to a record.
func (p Position) See(shard int, seq uint64) { p[shard] = max(p[shard], seq) }

// String writes "0.77,2.1042".
func (p Position) String() string {
	parts := make([]string, 0, len(p))
	for _, shard := range slices.Sorted(maps.Keys(p)) {
		parts = append(parts, RecordID(shard, p[shard]))
	}
	return strings.Join(parts, ",")
}

// RecordID is a record's id in the API: "2.1042".
func RecordID(shard int, seq uint64) string {
	return strconv.Itoa(shard) + "." + strconv.FormatUint(seq, 10)
}

// IDOf is the id of a record.
func IDOf(r *journalv1.Record) string { return RecordID(int(r.GetShard()), r.GetSeq()) }

// ParseRecordID reads "2.1042".
func ParseRecordID(field, text string) (store.RecordID, *fault.Refusal) {
	shard, seq, ok := strings.Cut(text, ".")
	n, err := strconv.ParseUint(shard, 10, 15)
	m, failed := strconv.ParseUint(seq, 10, 63)
	if !ok || err != nil || failed != nil || m == 0 {
		return store.RecordID{}, fault.Refuse(fault.Malformed, field, "%.40q is not an id like 2.1042", text)
	}
	return store.RecordID{Shard: int(n), Seq: m}, nil
}

func parsePosition(field, text string) (Position, *fault.Refusal) {
	p := Position{}
	for part := range strings.SplitSeq(text, ",") {
		id, refusal := ParseRecordID(field, part)
		if refusal != nil {
			return nil, refusal
		}
		p.See(id.Shard, id.Seq)
	}
	return p, nil
}

// SeenPosition is how far a snapshot sees.
func SeenPosition(seen []store.Seen) string {
	p := Position{}
	for _, s := range seen {
		if s.Seq > 0 {
			p.See(s.Shard, s.Seq)
		}
	}
	return p.String()
}

// PositionOf is where outcomes stand.
func PositionOf(outcomes []engine.Outcome) string {
	p := Position{}
	for i, o := range outcomes {
		if o.Record == nil || o.Record.GetSeq() == 0 {
			continue
		}
		// Most follow one another on one shard: the last of them says it all.
		if i+1 < len(outcomes) && outcomes[i+1].Record.GetShard() == o.Record.GetShard() && outcomes[i+1].Record.GetSeq() > o.Record.GetSeq() {
			continue
		}
		p.See(int(o.Record.GetShard()), o.Record.GetSeq())
	}
	return p.String()
}

// Pauses between two looks at the shards.
const (
	firstLook = 2 * time.Millisecond
	lastLook  = 50 * time.Millisecond
)

// WaitFor waits until reads see a position and every shard's clock has passed a
// moment (0 is none), or says that it cannot.
func (g *Gate) WaitFor(ctx context.Context, at string, clockUS int64) error {
	return g.waitUntil(ctx, at, clockUS, g.DB.Shards)
}

// WaitForSearch waits as waitFor does, for the tables that records are searched by.
func (g *Gate) WaitForSearch(ctx context.Context, at string, clockUS int64) error {
	return g.waitUntil(ctx, at, clockUS, g.Searchable)
}

// Searchable are the shards as the search tables see them. The shards are read first:
// when the tables have what had been written then, they have what its clock has passed.
func (g *Gate) Searchable(ctx context.Context) ([]store.ShardState, error) {
	shards, err := g.DB.Shards(ctx)
	if err != nil {
		return nil, err
	}
	projected, err := g.DB.Projections(ctx)
	if err != nil {
		return nil, err
	}
	at := map[int]store.Projected{}
	for _, p := range projected {
		at[p.Shard] = p
	}
	for i := range shards {
		if p := at[shards[i].Shard]; p.Head.Seq < shards[i].Head.Seq {
			shards[i].Head, shards[i].ClockUS = p.Head, p.ClockUS
		}
	}
	return shards, nil
}

func (g *Gate) waitUntil(ctx context.Context, at string, clockUS int64, look func(context.Context) ([]store.ShardState, error)) error {
	want := Position{}
	if at != "" {
		var refusal *fault.Refusal
		if want, refusal = parsePosition("min_position", at); refusal != nil {
			return refusal
		}
	}
	if len(want) == 0 && clockUS == 0 {
		return nil
	}
	patience, cancel := context.WithTimeout(ctx, g.cfg.ReadPatience)
	defer cancel()
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		shards, err := look(patience)
		if err != nil && ctx.Err() == nil && patience.Err() == nil {
			return fmt.Errorf("read the shards: %w", err)
		}
		lacking := "the shards could not be read in time"
		if err == nil {
			if lacking = behind(shards, want, clockUS); lacking == "" {
				return nil
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-patience.Done():
			timer.Stop()
			return fault.Refuse(fault.PositionTimeout, "min_position", "%s", lacking)
		}
	}
}

// behind says what is not there yet; "" when all is.
func behind(shards []store.ShardState, want Position, clockUS int64) string {
	at := map[int]store.ShardState{}
	for _, sh := range shards {
		at[sh.Shard] = sh
		if clockUS > 0 && sh.ClockUS <= clockUS {
			return fmt.Sprintf("the clock of shard %d has not passed the moment yet", sh.Shard)
		}
	}
	for shard, seq := range want {
		if at[shard].Head.Seq < seq {
			return fmt.Sprintf("shard %d stands at %d, %d is asked", shard, at[shard].Head.Seq, seq)
		}
	}
	return ""
}

// Seen is how far every shard stands now.
func (g *Gate) Seen(ctx context.Context) ([]store.Seen, error) {
	shards, err := g.DB.Shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the shards: %w", err)
	}
	seen := make([]store.Seen, len(shards))
	for i, sh := range shards {
		seen[i] = store.Seen{Shard: sh.Shard, Seq: sh.Head.Seq, ClockUS: sh.ClockUS}
	}
	return seen, nil
}
