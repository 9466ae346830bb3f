package api

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

// position is a number of a record for each of some shards.
type position map[int]uint64

// see goes on to a record.
func (p position) see(shard int, seq uint64) { p[shard] = max(p[shard], seq) }

// String writes "0.77,2.1042".
func (p position) String() string {
	parts := make([]string, 0, len(p))
	for _, shard := range slices.Sorted(maps.Keys(p)) {
		parts = append(parts, recordID(shard, p[shard]))
	}
	return strings.Join(parts, ",")
}

// recordID is a record's id in the API: "2.1042".
func recordID(shard int, seq uint64) string {
	return strconv.Itoa(shard) + "." + strconv.FormatUint(seq, 10)
}

// idOf is the id of a record.
func idOf(r *journalv1.Record) string { return recordID(int(r.GetShard()), r.GetSeq()) }

// parseRecordID reads "2.1042".
func parseRecordID(field, text string) (store.RecordID, *fault.Refusal) {
	shard, seq, ok := strings.Cut(text, ".")
	n, err := strconv.ParseUint(shard, 10, 15)
	m, failed := strconv.ParseUint(seq, 10, 63)
	if !ok || err != nil || failed != nil || m == 0 {
		return store.RecordID{}, fault.Refuse(fault.Malformed, field, "%.40q is not an id like 2.1042", text)
	}
	return store.RecordID{Shard: int(n), Seq: m}, nil
}

func parsePosition(field, text string) (position, *fault.Refusal) {
	p := position{}
	for part := range strings.SplitSeq(text, ",") {
		id, refusal := parseRecordID(field, part)
		if refusal != nil {
			return nil, refusal
		}
		p.see(id.Shard, id.Seq)
	}
	return p, nil
}

// seenPosition is how far a snapshot sees.
func seenPosition(seen []store.Seen) string {
	p := position{}
	for _, s := range seen {
		if s.Seq > 0 {
			p.see(s.Shard, s.Seq)
		}
	}
	return p.String()
}

// positionOf is where outcomes stand.
func positionOf(outcomes []engine.Outcome) string {
	p := position{}
	for i, o := range outcomes {
		if o.Record == nil || o.Record.GetSeq() == 0 {
			continue
		}
		// Most follow one another on one shard: the last of them says it all.
		if i+1 < len(outcomes) && outcomes[i+1].Record.GetShard() == o.Record.GetShard() && outcomes[i+1].Record.GetSeq() > o.Record.GetSeq() {
			continue
		}
		p.see(int(o.Record.GetShard()), o.Record.GetSeq())
	}
	return p.String()
}

// Pauses between two looks at the shards.
const (
	firstLook = 2 * time.Millisecond
	lastLook  = 50 * time.Millisecond
)

// waitFor waits until reads see a position and every shard's clock has passed a
// moment (0 is none), or says that it cannot.
func (s *Gate) waitFor(ctx context.Context, at string, clockUS int64) error {
	return s.waitUntil(ctx, at, clockUS, s.DB.Shards)
}

// waitForSearch waits as waitFor does, for the tables that records are searched by.
func (s *Gate) waitForSearch(ctx context.Context, at string, clockUS int64) error {
	return s.waitUntil(ctx, at, clockUS, s.searchable)
}

// searchable are the shards as the search tables see them. The shards are read first:
// when the tables have what had been written then, they have what its clock has passed.
func (s *Gate) searchable(ctx context.Context) ([]store.ShardState, error) {
	shards, err := s.DB.Shards(ctx)
	if err != nil {
		return nil, err
	}
	projected, err := s.DB.Projections(ctx)
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

func (s *Gate) waitUntil(ctx context.Context, at string, clockUS int64, look func(context.Context) ([]store.ShardState, error)) error {
	want := position{}
	if at != "" {
		var refusal *fault.Refusal
		if want, refusal = parsePosition("min_position", at); refusal != nil {
			return refusal
		}
	}
	if len(want) == 0 && clockUS == 0 {
		return nil
	}
	patience, cancel := context.WithTimeout(ctx, s.cfg.ReadPatience)
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
func behind(shards []store.ShardState, want position, clockUS int64) string {
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

// seen is how far every shard stands now.
func (s *Gate) seen(ctx context.Context) ([]store.Seen, error) {
	shards, err := s.DB.Shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the shards: %w", err)
	}
	seen := make([]store.Seen, len(shards))
	for i, sh := range shards {
		seen[i] = store.Seen{Shard: sh.Shard, Seq: sh.Head.Seq, ClockUS: sh.ClockUS}
	}
	return seen, nil
}
