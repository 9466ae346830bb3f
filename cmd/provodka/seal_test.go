package main_test

import (
	"context"
	"log/slog"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/journal/proof"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// sealBooks keeps the tree and a checkpoint of each shard of $DSN.
func sealBooks(ctx context.Context, ts *testscript.TestScript, keyFile, upTo string) error {
	most, err := strconv.ParseUint(upTo, 10, 63)
	if err != nil {
		return err
	}
	secret, err := os.ReadFile(ts.MkAbs(keyFile))
	if err != nil {
		return err
	}
	signer, err := proof.ParseSigner(string(secret))
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, ts.Getenv("DSN"), store.Options{Logger: slog.New(slog.DiscardHandler), Zone: audittest.Zone})
	if err != nil {
		return err
	}
	defer db.Close()
	shards, err := db.Shards(ctx)
	if err != nil {
		return err
	}
	for _, s := range shards {
		if err := sealShard(ctx, db, signer, s, most); err != nil {
			return err
		}
	}
	return nil
}

func sealShard(ctx context.Context, db *store.DB, signer *proof.Signer, s store.ShardState, most uint64) error {
	state, _, err := db.Tree(ctx, s.Shard)
	if err != nil {
		return err
	}
	tree, err := proof.Resume(state.Head.Seq, state.Head.Hash, db.Tiles(ctx, s.Shard))
	if err != nil {
		return err
	}
	for tree.Size() < min(most, s.Head.Seq) {
		raw, _, err := db.Record(ctx, s.Shard, tree.Size()+1)
		if err != nil {
			return err
		}
		tree.Append(raw)
	}
	if err := db.GrowTree(ctx, s.Shard, state.Head.Seq, tree.Head(), tree.Take()); err != nil {
		return err
	}
	raw, _, err := db.Record(ctx, s.Shard, tree.Size())
	if err != nil {
		return err
	}
	last := new(journalv1.Record)
	if err := proto.Unmarshal(raw, last); err != nil {
		return err
	}
	root, err := tree.Root()
	if err != nil {
		return err
	}
	signed, err := signer.Sign(proof.Checkpoint{
		Installation: signer.Installation(), Shard: uint32(s.Shard), Size: tree.Size(), Root: root,
		Head: tree.Head().Hash, ClockUS: last.GetClockUs(),
	})
	if err != nil {
		return err
	}
	return db.KeepCheckpoint(ctx, s.Shard, tree.Size(), signed)
}
