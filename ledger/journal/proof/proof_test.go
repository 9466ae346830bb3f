package proof_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/journal/proof"
)

const installation = "example.org/ledger"

func signer(t testing.TB, seed byte) *proof.Signer {
	t.Helper()
	s, _, err := proof.NewSigner(rand.NewChaCha8([32]byte{seed}), installation)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sealedShard is one shard's journal with its tiles.
type sealedShard struct {
	shard   uint32
	records []journal.Sealed
	tiles   shelf
	signer  *proof.Signer
}

func seal(t testing.TB, w *audittest.World, shard int) *sealedShard {
	t.Helper()
	s := &sealedShard{shard: uint32(shard), records: w.Records(shard), tiles: shelf{}, signer: signer(t, 1)}
	tree, err := proof.Resume(0, journal.Hash{}, s.tiles.read)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.records {
		tree.Append(r.Raw)
	}
	s.tiles.put(tree.Take())
	return s
}

// checkpoint is the signed head after so many records.
func (s *sealedShard) checkpoint(t testing.TB, size uint64) (proof.Checkpoint, string) {
	t.Helper()
	root, err := proof.Root(size, s.tiles.read)
	if err != nil {
		t.Fatal(err)
	}
	last := s.records[size-1]
	c := proof.Checkpoint{
		Installation: installation, Shard: s.shard, Size: size, Root: root, Head: last.Hash, ClockUS: last.Record.GetClockUs(),
	}
	signed, err := s.signer.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return c, string(signed)
}

func (s *sealedShard) entry(t testing.TB, size, seq uint64) *proof.Proof {
	t.Helper()
	c, signed := s.checkpoint(t, size)
	r, err := c.Prove(seq, s.records[seq-1].Raw, s.tiles.read)
	if err != nil {
		t.Fatal(err)
	}
	return &proof.Proof{Format: proof.Format, Kind: proof.KindEntry, Shards: []proof.Shard{{Checkpoint: signed, Records: []proof.Record{r}}}}
}

func (s *sealedShard) keys() proof.Keys { return proof.Keys{s.signer.Key()} }

func encode(t testing.TB, p *proof.Proof) []byte {
	t.Helper()
	file, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// verify is what the command does with a file.
func verify(file []byte, keys proof.Keys) (*proof.Verified, error) {
	p, err := proof.Decode(file)
	if err != nil {
		return nil, err
	}
	return p.Verify(keys)
}

func wantMismatch(t testing.TB, what string, err error) {
	t.Helper()
	var m *proof.Mismatch
	if !errors.As(err, &m) {
		t.Fatalf("%s: %v", what, err)
	}
}

// TestEveryRecordProvesAgainstEveryLaterCheckpoint, and any two checkpoints are consistent.
func TestEveryRecordProvesAgainstEveryLaterCheckpoint(t *testing.T) {
	t.Parallel()
	s := seal(t, audittest.Random(3, 2, 90), 1)
	end := uint64(len(s.records))
	for size := uint64(1); size <= end; size++ {
		for seq := uint64(1); seq <= size; seq++ {
			v, err := s.entry(t, size, seq).Verify(s.keys())
			if err != nil {
				t.Fatalf("record %d under %d: %v", seq, size, err)
			}
			if v.Records[0].GetSeq() != seq || v.Checkpoints[0].Size != size {
				t.Fatalf("proved %d under %d", v.Records[0].GetSeq(), v.Checkpoints[0].Size)
			}
		}
		if _, err := s.way(t, size, end).Verify(s.keys()); err != nil {
			t.Fatalf("from %d to %d: %v", size, end, err)
		}
	}
}

func (s *sealedShard) way(t testing.TB, older, newer uint64) *proof.Proof {
	t.Helper()
	path, err := proof.ProveConsistency(older, newer, s.tiles.read)
	if err != nil {
		t.Fatal(err)
	}
	_, from := s.checkpoint(t, older)
	_, to := s.checkpoint(t, newer)
	return &proof.Proof{Format: proof.Format, Kind: proof.KindConsistency, Consistency: &proof.Consistency{From: from, To: to, Path: path}}
}

// TestEveryByteOfAProofCounts flips every bit of every byte and cuts the file everywhere.
func TestEveryByteOfAProofCounts(t *testing.T) {
	t.Parallel()
	w := audittest.Small()
	s := seal(t, w, 0)
	for name, p := range map[string]*proof.Proof{
		"entry": s.entry(t, 11, 4), "way": s.way(t, 5, 17), "account": history(t, w, "wallet:company-0"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := encode(t, p)
			if _, err := verify(file, s.keys()); err != nil {
				t.Fatal(err)
			}
			step := max(1, len(file)/1500) // every byte of a short file
			for at := 0; at < len(file); at += step {
				for bit := range 8 {
					changed := bytes.Clone(file)
					changed[at] ^= 1 << bit
					_, err := verify(changed, s.keys())
					wantMismatch(t, fmt.Sprintf("bit %d of byte %d", bit, at), err)
				}
				_, err := verify(file[:at], s.keys())
				wantMismatch(t, fmt.Sprintf("cut to %d", at), err)
			}
		})
	}
}

// TestAnotherJournalDoesNotProve: one record changed, dropped or moved in a journal gives
// a root under which the first journal's proofs fail, and no way leads to it.
func TestAnotherJournalDoesNotProve(t *testing.T) {
	t.Parallel()
	w := audittest.Random(8, 1, 80)
	honest := seal(t, w, 0)
	end := uint64(len(honest.records))
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.Uint64Range(1, end-1).Draw(rt, "record")
		forged := slices.Clone(honest.records)
		switch rapid.SampledFrom([]string{"change", "drop", "swap"}).Draw(rt, "what") {
		case "change":
			raw := bytes.Clone(forged[at-1].Raw)
			raw[rapid.IntRange(0, len(raw)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			forged[at-1].Raw = raw
		case "drop":
			forged = slices.Delete(forged, int(at-1), int(at))
		case "swap":
			forged[at-1], forged[at] = forged[at], forged[at-1]
		}
		other := &sealedShard{shard: 0, records: forged, tiles: shelf{}, signer: honest.signer}
		tree, err := proof.Resume(0, journal.Hash{}, other.tiles.read)
		if err != nil {
			rt.Fatal(err)
		}
		for _, r := range forged {
			tree.Append(r.Raw)
		}
		other.tiles.put(tree.Take())
		size := uint64(len(forged))
		c, signed := other.checkpoint(t, size)
		path, err := proof.ProveInclusion(size, at, other.tiles.read)
		if err != nil {
			rt.Fatal(err)
		}
		p := &proof.Proof{Format: proof.Format, Kind: proof.KindEntry, Shards: []proof.Shard{{
			Checkpoint: signed, Records: []proof.Record{{Seq: at, Bytes: honest.records[at-1].Raw, Path: path}},
		}}}
		if _, err := p.Verify(honest.keys()); err == nil {
			rt.Fatalf("record %d proved in a journal that does not have it", at)
		}
		older, _ := honest.checkpoint(t, at)
		way, err := proof.ProveConsistency(at, size, other.tiles.read)
		if err != nil {
			rt.Fatal(err)
		}
		if proof.CheckConsistency(older, c, way) == nil {
			rt.Fatalf("a journal forged at %d continues the honest one", at)
		}
	})
}

// TestTwoCheckpointsOfOneSizeAreNamed.
func TestTwoCheckpointsOfOneSizeAreNamed(t *testing.T) {
	t.Parallel()
	a, b := seal(t, audittest.Random(1, 1, 40), 0), seal(t, audittest.Random(2, 1, 40), 0)
	older, _ := a.checkpoint(t, 20)
	newer, _ := b.checkpoint(t, 20)
	err := proof.CheckConsistency(older, newer, nil)
	if err == nil || !strings.Contains(err.Error(), "two checkpoints of one size") {
		t.Error(err)
	}
}

// TestKeysChange: the old checkpoints stay verifiable, a retired key signs nothing new,
// and a stranger's key nothing at all.
func TestKeysChange(t *testing.T) {
	t.Parallel()
	s := seal(t, audittest.Random(5, 1, 60), 0)
	oldKey, newKey, stranger := s.signer, signer(t, 2), signer(t, 3)
	oldFile := encode(t, s.entry(t, 20, 7))
	retired := s.records[30].Record.GetClockUs()/1_000_000 + 1 // keys are written in whole seconds
	s.records[40].Record.ClockUs = retired * 1_000_000         // after the records were sealed: only the checkpoint says it
	text := fmt.Sprintf("# keys of the ledger\n%s until %s\n\n%s\n", oldKey.Key(), time.Unix(retired, 0).UTC().Format(time.RFC3339), newKey.Key())
	keys, err := proof.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify(oldFile, keys); err != nil {
		t.Errorf("an old checkpoint after the change: %v", err)
	}
	_, late := s.checkpoint(t, 41)
	if _, err = keys.Open([]byte(late)); err == nil || !strings.Contains(err.Error(), "the validity of the key") {
		t.Errorf("the retired key signed: %v", err)
	}
	s.signer = newKey
	_, signed := s.checkpoint(t, 41)
	if c, err := keys.Open([]byte(signed)); err != nil || c.Size != 41 {
		t.Errorf("the new key: %+v, %v", c, err)
	}
	if _, err := s.way(t, 20, 41).Verify(keys); err != nil {
		t.Errorf("from the old key to the new: %v", err)
	}
	if _, err = verify(oldFile, proof.Keys{stranger.Key()}); err == nil || !strings.Contains(err.Error(), "none of them signed it") {
		t.Errorf("a stranger's key: %v", err)
	}
	if again, err := proof.ParseKeys(keys[0].String() + "\n" + keys[1].String()); err != nil || again[0].String() != keys[0].String() {
		t.Errorf("keys are not written as they are read: %v, %v", again, err)
	}
}

func TestBadKeysAreRefusedWithoutTheirText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing", "word", "a+b+c", signer(t, 1).Key().String() + " from", signer(t, 1).Key().String() + " since 2026-01-01T00:00:00Z"} {
		if _, err := proof.ParseKeys(text); err == nil {
			t.Errorf("%q was taken for keys", text)
		}
	}
	_, secret, err := proof.NewSigner(rand.NewChaCha8([32]byte{1}), installation)
	if err != nil {
		t.Fatal(err)
	}
	_, err = proof.ParseSigner(secret[:len(secret)-2])
	if err == nil || strings.Contains(err.Error(), secret[len(secret)-20:len(secret)-2]) {
		t.Errorf("a cut secret: %v", err)
	}
	for _, name := range []string{"", "a b", "a+b", "x/shards/1"} {
		if _, _, err := proof.NewSigner(rand.NewChaCha8([32]byte{1}), name); err == nil {
			t.Errorf("an installation named %q", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	w := audittest.New() // small, or a minute tries few files
	for range 3 {
		w.Do(0, audittest.Post("fee", "", audittest.Leg('D', "bank:main", "RUB", "0.01"), audittest.Leg('C', "wallet:a", "RUB", "0.01")))
	}
	s := seal(f, w, 0)
	good := map[string]bool{}
	for _, p := range []*proof.Proof{s.entry(f, 3, 2), s.way(f, 1, 3), history(f, w, "wallet:a")} {
		file := encode(f, p)
		good[string(file)] = true
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := verify(file, s.keys()); err == nil && !good[string(file)] {
			t.Error("other bytes passed")
		} else if err != nil {
			wantMismatch(t, "a bad file", err)
		}
	})
}
