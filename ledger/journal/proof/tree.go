package proof

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/provodka/provodka/ledger/journal"
)

// Hash is a node of the tree.
type Hash = tlog.Hash

const (
	tileHeight = 8
	tileHashes = 1 << tileHeight
)

// TileID names a tile: level 0 holds the leaves, each level above the roots of the
// tiles below.
type TileID struct {
	Level  int
	Number int64
}

// Tile is up to 256 hashes, one behind the other.
type Tile struct {
	TileID
	Hashes []byte
}

// Tiles reads stored tiles. A tile may have grown since the size that is asked about.
type Tiles func(ids []TileID) (map[TileID][]byte, error)

// ErrTile says that a tile which the tree must have is not there, or too short.
var ErrTile = errors.New("a tile of the tree is missing")

// Tree is the right edge of a shard's tree: enough to append. It is for one goroutine.
type Tree struct {
	size  uint64
	chain journal.Hash
	edge  [][]byte // the unfinished tile of each level
	full  []Tile   // finished since Take
}

// Resume goes on with a tree of a size whose last record has the chain's hash.
func Resume(size uint64, chain journal.Hash, tiles Tiles) (*Tree, error) {
	t := &Tree{size: size, chain: chain}
	var ids []TileID
	for level, n := 0, size; n > 0; level, n = level+1, n/tileHashes {
		t.edge = append(t.edge, nil)
		if n%tileHashes > 0 {
			ids = append(ids, TileID{level, int64(n / tileHashes)})
		}
	}
	stored, err := tiles(ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		want := int(size>>(tileHeight*id.Level)%tileHashes) * tlog.HashSize
		if len(stored[id]) < want {
			return nil, fmt.Errorf("%w: level %d, number %d", ErrTile, id.Level, id.Number)
		}
		t.edge[id.Level] = append([]byte(nil), stored[id][:want]...)
	}
	return t, nil
}

// Size is the number of records in the tree.
func (t *Tree) Size() uint64 { return t.size }

// Head is the end of the journal that the tree stands for.
func (t *Tree) Head() journal.Head { return journal.Head{Seq: t.size, Hash: t.chain} }

// Append adds the next record's canonical bytes.
func (t *Tree) Append(raw []byte) {
	leaf := tlog.RecordHash(raw)
	t.chain = journal.Next(t.chain, raw)
	number := int64(t.size)
	t.size++
	for level := 0; ; level++ {
		if level == len(t.edge) {
			t.edge = append(t.edge, nil)
		}
		t.edge[level] = append(t.edge[level], leaf[:]...)
		if len(t.edge[level]) < tileHashes*tlog.HashSize {
			return
		}
		number /= tileHashes
		t.full = append(t.full, Tile{TileID{level, number}, t.edge[level]})
		leaf, t.edge[level] = rootOf(t.edge[level]), nil
	}
}

// rootOf is the hash over a full tile.
func rootOf(tile []byte) Hash {
	var nodes [tileHashes]Hash
	for i := range nodes {
		nodes[i] = Hash(tile[i*tlog.HashSize:])
	}
	for n := tileHashes; n > 1; n /= 2 {
		for i := range n / 2 {
			nodes[i] = tlog.NodeHash(nodes[2*i], nodes[2*i+1])
		}
	}
	return nodes[0]
}

// Take gives the tiles to be stored since the last call: those that were finished, and
// the unfinished ones as they stand.
func (t *Tree) Take() []Tile {
	out := t.full
	t.full = nil
	for level, hashes := range t.edge {
		if len(hashes) > 0 {
			out = append(out, Tile{TileID{level, int64(t.size >> (tileHeight * (level + 1)))}, append([]byte(nil), hashes...)})
		}
	}
	return out
}

// Root is the hash of the whole tree.
func (t *Tree) Root() (Hash, error) {
	return Root(t.size, func(ids []TileID) (map[TileID][]byte, error) {
		out := map[TileID][]byte{}
		for _, id := range ids {
			if id.Level < len(t.edge) {
				out[id] = t.edge[id.Level]
			}
		}
		return out, nil
	})
}

// Root is the hash of the tree of the first records, from stored tiles.
func Root(size uint64, tiles Tiles) (Hash, error) { return tlog.TreeHash(int64(size), reader(tiles)) }

// ProveInclusion is the path from a record to the root of the tree of the first records.
func ProveInclusion(size, seq uint64, tiles Tiles) ([]Hash, error) {
	if seq == 0 || seq > size {
		return nil, fmt.Errorf("record %d is not among the first %d", seq, size)
	}
	return tlog.ProveRecord(int64(size), int64(seq-1), reader(tiles))
}

// ProveConsistency shows that the tree of the first records is a beginning of a later one.
func ProveConsistency(older, newer uint64, tiles Tiles) ([]Hash, error) {
	if older == 0 || older > newer {
		return nil, fmt.Errorf("there is no way from a tree of %d records to one of %d", older, newer)
	}
	return tlog.ProveTree(int64(newer), int64(older), reader(tiles))
}

// checkInclusion says whether the record is leaf seq-1 of the checkpoint's tree.
func checkInclusion(c Checkpoint, seq uint64, raw []byte, path []Hash) error {
	if seq == 0 || seq > c.Size {
		return differ(fmt.Sprintf("the number of record %d.%d", c.Shard, seq), fmt.Sprintf("from 1 to %d, the size of the checkpoint", c.Size), fmt.Sprint(seq))
	}
	if tlog.CheckRecord(path, int64(c.Size), c.Root, int64(seq-1), tlog.RecordHash(raw)) != nil {
		return differ(fmt.Sprintf("the path of record %d.%d", c.Shard, seq), "one that leads to the signed root "+c.Root.String(), "another root: the record or the path was changed")
	}
	return nil
}

// CheckConsistency says whether the older checkpoint's tree is a beginning of the newer.
func CheckConsistency(older, newer Checkpoint, path []Hash) error {
	what := fmt.Sprintf("the trees of shard %d with %d and %d records", newer.Shard, older.Size, newer.Size)
	switch {
	case older.Installation != newer.Installation || older.Shard != newer.Shard:
		return differ("the origins", older.origin(), newer.origin())
	case older.Size == 0 || older.Size > newer.Size:
		return differ("the sizes", "an older checkpoint, then a newer one", fmt.Sprintf("%d, then %d", older.Size, newer.Size))
	case older.Size == newer.Size && (older.Root != newer.Root || older.Head != newer.Head):
		return differ(what, older.Root.String(), newer.Root.String()+": two checkpoints of one size")
	case tlog.CheckTree(path, int64(newer.Size), newer.Root, int64(older.Size), older.Root) != nil:
		return differ(what, "one to be a beginning of the other", "a path that does not lead from root to root")
	}
	return nil
}

func reader(tiles Tiles) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		places := make([]tlog.Tile, len(indexes))
		var ids []TileID
		wanted := map[TileID]bool{}
		for i, index := range indexes {
			places[i] = tlog.TileForIndex(tileHeight, index)
			id := TileID{places[i].L, places[i].N}
			if !wanted[id] {
				wanted[id] = true
				ids = append(ids, id)
			}
		}
		stored, err := tiles(ids)
		if err != nil {
			return nil, err
		}
		out := make([]Hash, len(indexes))
		for i, place := range places {
			data := stored[TileID{place.L, place.N}]
			if len(data) < place.W*tlog.HashSize {
				return nil, fmt.Errorf("%w: level %d, number %d", ErrTile, place.L, place.N)
			}
			if out[i], err = tlog.HashFromTile(place, data[:place.W*tlog.HashSize], indexes[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}
