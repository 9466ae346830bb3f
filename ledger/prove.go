package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal/proof"
	"github.com/provodka/provodka/ledger/store"
)

// Reasons why there is no proof.
var (
	// ErrNoCheckpoint says that no published checkpoint covers the record yet.
	ErrNoCheckpoint = errors.New("no published checkpoint covers it yet")
	// ErrNoRecord says that there is nothing to prove.
	ErrNoRecord = errors.New("there is no such record")
	// ErrProofTooLarge says that a history has more records than one file takes.
	ErrProofTooLarge = errors.New("the history has more records than one proof takes")
)

// proofRecords bounds the records of one proof: they are put together in memory.
const proofRecords = 100_000

// ProveEntry proves that a record is in its shard's journal, under the newest published
// checkpoint.
func ProveEntry(ctx context.Context, db *store.DB, id store.RecordID) (*proof.Proof, error) {
	raws, err := db.Records(ctx, []store.RecordID{id})
	if err != nil {
		return nil, err
	}
	if raws[id] == nil {
		return nil, fmt.Errorf("record %d.%d: %w", id.Shard, id.Seq, ErrNoRecord)
	}
	part, err := proveRecords(ctx, db, id.Shard, []uint64{id.Seq}, false)
	if err != nil {
		return nil, err
	}
	return &proof.Proof{Format: proof.Format, Kind: proof.KindEntry, Shards: []proof.Shard{part}}, nil
}

// ProveAccount proves an account's history in one asset: every record that changed it
// among those that were recorded from one moment on and before another (0 is no bound)
// and that published checkpoints cover.
func ProveAccount(ctx context.Context, db *store.DB, account proof.Account, fromUS, untilUS int64) (*proof.Proof, error) {
	key := store.StripeKey{Account: book.ID(account.Book, account.Name), Asset: account.Asset}
	numbers, total := map[int][]uint64{}, 0
	page := store.LegPage{FromUS: fromUS, UntilUS: untilUS, Limit: 5_000}
	for {
		legs, _, err := db.Legs(ctx, key, page)
		if err != nil {
			return nil, fmt.Errorf("read the legs of %s: %w", account.Name, err)
		}
		for _, l := range legs {
			if of := numbers[l.Shard]; len(of) == 0 || of[len(of)-1] != l.Seq {
				numbers[l.Shard] = append(of, l.Seq)
				total++
			}
		}
		if total > proofRecords {
			return nil, fmt.Errorf("%w: %d", ErrProofTooLarge, proofRecords)
		}
		if len(legs) < page.Limit {
			break
		}
		last := legs[len(legs)-1]
		page.After = &store.LegCursor{ClockUS: last.ClockUS, Shard: last.Shard, Seq: last.Seq, Leg: last.Leg}
	}
	p := &proof.Proof{Format: proof.Format, Kind: proof.KindAccount, Account: &account}
	for _, shard := range slices.Sorted(maps.Keys(numbers)) {
		part, err := proveRecords(ctx, db, shard, numbers[shard], true)
		if err != nil {
			return nil, err
		}
		p.Shards = append(p.Shards, part)
	}
	if len(p.Shards) == 0 {
		return nil, fmt.Errorf("%s %s of book %s: %w", account.Name, account.Asset, account.Book, ErrNoRecord)
	}
	return p, nil
}

// proveRecords proves records of one shard. covered leaves out those at the end that no
// checkpoint covers yet; without it, and when nothing is left, that is an error.
func proveRecords(ctx context.Context, db *store.DB, shard int, numbers []uint64, covered bool) (proof.Shard, error) {
	state, _, err := db.Tree(ctx, shard)
	if err != nil {
		return proof.Shard{}, err
	}
	if state.Checkpoint == "" {
		return proof.Shard{}, fmt.Errorf("shard %d: %w", shard, ErrNoCheckpoint)
	}
	c, err := proof.Peek([]byte(state.Checkpoint))
	if err != nil {
		return proof.Shard{}, err
	}
	end := len(numbers)
	for end > 0 && numbers[end-1] > c.Size {
		end--
	}
	if end == 0 || end < len(numbers) && !covered {
		return proof.Shard{}, fmt.Errorf("record %d.%d: %w: the newest is of %d", shard, numbers[end], ErrNoCheckpoint, c.Size)
	}
	part := proof.Shard{Checkpoint: state.Checkpoint}
	for chunk := range slices.Chunk(numbers[:end], 500) {
		ids := make([]store.RecordID, len(chunk))
		for i, seq := range chunk {
			ids[i] = store.RecordID{Shard: shard, Seq: seq}
		}
		raws, err := db.Records(ctx, ids)
		if err != nil {
			return part, err
		}
		for _, id := range ids {
			record, err := c.Prove(id.Seq, raws[id], db.Tiles(ctx, shard))
			if err != nil {
				return part, fmt.Errorf("prove record %d.%d: the tree and the journal of this database disagree: %w", shard, id.Seq, err)
			}
			part.Records = append(part.Records, record)
		}
	}
	return part, nil
}

// ProveConsistency proves that nothing was changed or dropped between two signed
// checkpoints of a shard.
func ProveConsistency(ctx context.Context, db *store.DB, from, to string) (*proof.Proof, error) {
	older, err := proof.Peek([]byte(from))
	if err != nil {
		return nil, err
	}
	newer, err := proof.Peek([]byte(to))
	if err != nil {
		return nil, err
	}
	state, _, err := db.Tree(ctx, int(newer.Shard))
	if err != nil {
		return nil, err
	}
	if newer.Size > state.Head.Seq {
		return nil, fmt.Errorf("the tree of shard %d has %d records, the newer checkpoint %d: %w", newer.Shard, state.Head.Seq, newer.Size, ErrNoCheckpoint)
	}
	path, err := proof.ProveConsistency(older.Size, newer.Size, db.Tiles(ctx, int(newer.Shard)))
	if err != nil {
		return nil, err
	}
	p := &proof.Proof{Format: proof.Format, Kind: proof.KindConsistency, Consistency: &proof.Consistency{From: from, To: to, Path: path}}
	return p, proof.CheckConsistency(older, newer, path)
}
