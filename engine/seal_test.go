package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/journal/proof"
	"github.com/provodka/provodka/ledger/store"
)

// notary is a checkpoint topic that remembers what it was given, and fails on request.
type notary struct {
	port.CheckpointLog
	mu     sync.Mutex
	before int // so many appends fail before they are made
	after  int // so many fail after they were made
	put    []string
}

var errBroker = errors.New("the broker went away")

func (n *notary) PutCheckpoint(ctx context.Context, shard int, signed []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.before > 0 {
		n.before--
		return errBroker
	}
	if err := n.CheckpointLog.PutCheckpoint(ctx, shard, signed); err != nil {
		return err
	}
	n.put = append(n.put, string(signed))
	if n.after > 0 {
		n.after--
		return errBroker
	}
	return nil
}

func (n *notary) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.put...)
}

func checkpointKey(t testing.TB, seed byte) *proof.Signer {
	t.Helper()
	s, _, err := proof.NewSigner(rand.NewChaCha8([32]byte{seed}), "test.example/books")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sealing makes a process sign, with the first key; all keys verify.
func sealing(n *notary, signers ...*proof.Signer) func(*engine.Config) {
	var keys proof.Keys
	for _, s := range signers {
		keys = append(keys, s.Key())
	}
	return func(c *engine.Config) {
		n.CheckpointLog = c.Events.(port.CheckpointLog)
		c.Seal = &engine.Seal{Signer: signers[0], Keys: keys, Log: n, Every: 20 * time.Millisecond}
	}
}

// sealed waits until everything that is committed is under a checkpoint.
func (p *process) sealed() {
	p.world.t.Helper()
	head := p.world.shardRow(p.world.dsn, 0).Head.Seq
	p.until("everything is sealed", func() bool { return p.value("provodka_checkpoint_size") == float64(head) }) // float: a metric
}

// oneEach opens every checkpoint and checks that each size has one, and that each is a
// beginning of the newest.
func (w *world) oneEach(db *store.DB, keys proof.Keys, signed []string) {
	w.t.Helper()
	texts := map[uint64]string{}
	for _, s := range signed {
		c, err := keys.Open([]byte(s))
		if err != nil {
			w.t.Fatal(err)
		}
		if old, ok := texts[c.Size]; ok && old != c.Text() {
			w.t.Errorf("two checkpoints of size %d:\n%s\n%s", c.Size, old, c.Text())
		}
		texts[c.Size] = c.Text()
		p, err := ledger.ProveConsistency(w.t.Context(), db, s, signed[len(signed)-1])
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := p.Verify(keys); err != nil {
			w.t.Error(err)
		}
	}
}

// sql changes the database behind everybody's back.
func (w *world) sql(statement string) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if tag, err := conn.Exec(w.t.Context(), statement); err != nil || tag.RowsAffected() == 0 {
		w.t.Fatalf("%s: %s, %v", statement, tag, err)
	}
}

// TestTheJournalIsSealed: records and a history prove under the published checkpoints,
// over a kill between sealing and publishing, one between publishing and keeping, and a
// tree that was thrown away.
func TestTheJournalIsSealed(t *testing.T) {
	t.Parallel()
	w, key := newWorld(t, 1), checkpointKey(t, 1)
	keys, log := proof.Keys{key.Key()}, &notary{before: 3}
	p := w.start("one", sealing(log, key))
	p.must(open("wallet:a"), pay("1", "bank:settlement", "wallet:a", "10.00"))
	p.sealed()
	log.mu.Lock()
	log.after = 1 << 30 // from now on nothing comes back from the broker
	log.mu.Unlock()
	p.must(pay("2", "wallet:a", "wallet:b", "1.00"))
	p.until("one is published and not kept", func() bool { return len(log.all()) > 1 })
	p.stop()
	log.mu.Lock()
	log.after = 0
	log.mu.Unlock()

	p = w.start("two", sealing(log, key))
	p.sealed()
	p.must(pay("3", "wallet:a", "wallet:b", "2.00"))
	p.sealed()
	p.stop()
	w.sql("DELETE FROM tree")
	w.sql("DELETE FROM tile")
	p = w.start("three", sealing(log, key))
	out := p.must(pay("4", "wallet:a", "wallet:b", "3.00"))
	p.sealed()
	w.oneEach(p.db, keys, log.all())

	for seq := uint64(1); seq <= out[0].Record.GetSeq(); seq++ {
		file, err := ledger.ProveEntry(t.Context(), p.db, store.RecordID{Seq: seq})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := file.Verify(keys); err != nil || v.Records[0].GetSeq() != seq {
			t.Errorf("record %d: %v", seq, err)
		}
	}
	account := proof.Account{Book: "main", Name: "wallet:a", Asset: "RUB"}
	file, err := ledger.ProveAccount(t.Context(), p.db, account, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	v, err := file.Verify(keys)
	if err != nil {
		t.Fatal(err)
	}
	if s := v.History.Stripes[0]; s.First != 1 || s.Last != 4 || s.After.Debit.String() != "6.00" || s.After.Credit.String() != "10.00" {
		t.Errorf("the history says %+v", s)
	}
	if _, err := ledger.ProveEntry(t.Context(), p.db, store.RecordID{Seq: 999}); !errors.Is(err, ledger.ErrNoRecord) {
		t.Errorf("a record that is none: %v", err)
	}
}

// TestTheSigningKeyChanges: the new key goes on where the old one ended.
func TestTheSigningKeyChanges(t *testing.T) {
	t.Parallel()
	w, older, newer := newWorld(t, 1), checkpointKey(t, 1), checkpointKey(t, 2)
	log := &notary{}
	p := w.start("one", sealing(log, older))
	p.must(pay("1", "bank:settlement", "wallet:a", "10.00"))
	p.sealed()
	p.stop()
	p = w.start("two", sealing(log, newer, older))
	p.must(pay("2", "bank:settlement", "wallet:a", "10.00"))
	p.sealed()
	w.oneEach(p.db, proof.Keys{newer.Key(), older.Key()}, log.all())
	if c, err := (proof.Keys{newer.Key()}).Open([]byte(log.all()[len(log.all())-1])); err != nil || c.Size != 2 {
		t.Errorf("the newest checkpoint is not of the new key: %v", err)
	}
}

// TestAContradictionIsNotSigned: a published checkpoint of another journal, or of a key
// that nobody knows, stops the sealing and raises the alarm; the shard works on.
func TestAContradictionIsNotSigned(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(*proof.Checkpoint){
		"another root": func(c *proof.Checkpoint) { c.Root[0] ^= 1 },
		"more records": func(c *proof.Checkpoint) { c.Size += 1000 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, key, log := newWorld(t, 1), checkpointKey(t, 1), &notary{}
			p := w.start("one", sealing(log, key))
			p.must(pay("1", "bank:settlement", "wallet:a", "10.00"))
			p.sealed()
			p.stop()
			c, err := (proof.Keys{key.Key()}).Open([]byte(log.all()[0]))
			if err != nil {
				t.Fatal(err)
			}
			forge(&c)
			signed, err := key.Sign(c)
			if err != nil {
				t.Fatal(err)
			}
			topic := w.log()
			defer topic.Close()
			if err := topic.PutCheckpoint(t.Context(), 0, signed); err != nil {
				t.Fatal(err)
			}
			before := len(log.all())
			p = w.start("two", sealing(log, key))
			p.must(pay("2", "bank:settlement", "wallet:a", "10.00"))
			p.until("the alarm is raised", func() bool { return p.value("provodka_unsealable") == 1 })
			p.must(pay("3", "bank:settlement", "wallet:a", "10.00"))
			if after := log.all(); len(after) != before {
				t.Errorf("signed all the same:\n%s", strings.Join(after[before:], "\n"))
			}
		})
	}
}

// TestAStrangersCheckpointStopsTheSealing.
func TestAStrangersCheckpointStopsTheSealing(t *testing.T) {
	t.Parallel()
	w, log := newWorld(t, 1), &notary{}
	p := w.start("one", sealing(log, checkpointKey(t, 1)))
	p.must(pay("1", "bank:settlement", "wallet:a", "10.00"))
	p.sealed()
	p.stop()
	p = w.start("two", sealing(log, checkpointKey(t, 2)))
	p.must(pay("2", "bank:settlement", "wallet:a", "10.00"))
	p.until("the alarm is raised", func() bool { return p.value("provodka_unsealable") == 1 })
	if n := len(log.all()); n != 1 {
		t.Errorf("%d checkpoints", n)
	}
}
