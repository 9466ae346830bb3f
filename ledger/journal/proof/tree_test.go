package proof_test

import (
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/journal/proof"
)

// shelf keeps tiles as a database would.
type shelf map[proof.TileID][]byte

func (s shelf) put(tiles []proof.Tile) {
	for _, t := range tiles {
		s[t.TileID] = t.Hashes
	}
}

func (s shelf) read(ids []proof.TileID) (map[proof.TileID][]byte, error) {
	out := map[proof.TileID][]byte{}
	for _, id := range ids {
		if data, ok := s[id]; ok {
			out[id] = data
		}
	}
	return out, nil
}

// naive is the tree as RFC 6962 defines it.
func naive(leaves [][]byte) proof.Hash {
	if len(leaves) == 1 {
		return tlog.RecordHash(leaves[0])
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(naive(leaves[:k]), naive(leaves[k:]))
}

func rawRecords(t *rapid.T, most int) [][]byte {
	n := rapid.IntRange(1, most).Draw(t, "records")
	seed := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "seed")
	out := make([][]byte, n)
	for i := range out {
		out[i] = append(append([]byte(nil), seed...), byte(i), byte(i>>8))
	}
	return out
}

// TestTheTreeIsThatOfTheRFC: whatever the pauses in which it was made, and the size that
// is asked about, the tree equals the definition; it is resumed from tiles alone.
func TestTheTreeIsThatOfTheRFC(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raws := rawRecords(t, 1500)
		tiles, chain := shelf{}, journal.Hash{}
		for size := 0; size < len(raws); {
			tree, err := proof.Resume(uint64(size), chain, tiles.read)
			if err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(1, 700).Draw(t, "step") {
				if size < len(raws) {
					tree.Append(raws[size])
					chain = journal.Next(chain, raws[size])
					size++
				}
				if rapid.IntRange(0, 200).Draw(t, "store") == 0 {
					tiles.put(tree.Take())
				}
			}
			tiles.put(tree.Take())
			root, err := tree.Root()
			if err != nil {
				t.Fatal(err)
			}
			if want := naive(raws[:size]); root != want || tree.Head() != (journal.Head{Seq: uint64(size), Hash: chain}) {
				t.Fatalf("the root of %d records is %s, want %s", size, root, want)
			}
		}
		at := rapid.IntRange(1, len(raws)).Draw(t, "at")
		if root, err := proof.Root(uint64(at), tiles.read); err != nil || root != naive(raws[:at]) {
			t.Fatalf("the root of the first %d: %s, %v", at, root, err)
		}
	})
}

func TestAMissingTileIsNamed(t *testing.T) {
	t.Parallel()
	tiles := shelf{}
	tree, err := proof.Resume(0, journal.Hash{}, tiles.read)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 600 {
		tree.Append([]byte{byte(i), byte(i >> 8)})
	}
	tiles.put(tree.Take())
	delete(tiles, proof.TileID{Level: 0, Number: 2})
	if _, err := proof.Resume(600, tree.Head().Hash, tiles.read); !errors.Is(err, proof.ErrTile) {
		t.Errorf("resumed without a tile: %v", err)
	}
	if _, err := proof.ProveInclusion(600, 590, tiles.read); !errors.Is(err, proof.ErrTile) {
		t.Errorf("proved without a tile: %v", err)
	}
}

// BenchmarkAppend is what sealing costs, off the write path: three hashes a record.
func BenchmarkAppend(b *testing.B) {
	tree, err := proof.Resume(0, journal.Hash{}, shelf{}.read)
	if err != nil {
		b.Fatal(err)
	}
	raw := make([]byte, 350) // a transfer's record has about that
	b.SetBytes(int64(len(raw)))
	for i := range b.N {
		raw[0], raw[1] = byte(i), byte(i>>8)
		tree.Append(raw)
		if i%10_000 == 0 {
			tree.Take()
		}
	}
}
