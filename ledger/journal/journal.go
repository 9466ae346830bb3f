package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"

	"google.golang.org/protobuf/proto"

	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	"github.com/provodka/provodka/proto/lean"
)

// SegmentBytes bounds the payload of a segment: an entry by id decodes one
// segment, 170 µs at 32 KiB against 489 µs at 256 KiB (measured, performance.md).
const SegmentBytes = 32 << 10

// Hash is a link of the chain.
type Hash [sha256.Size]byte

// String prints the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads 32 raw bytes.
func ParseHash(b []byte) (Hash, error) {
	if len(b) != sha256.Size {
		return Hash{}, fmt.Errorf("a hash of %d bytes, want %d", len(b), sha256.Size)
	}
	return Hash(b), nil
}

// Next is the hash of a record that follows prev: SHA-256(prev ‖ raw).
func Next(prev Hash, raw []byte) Hash {
	h := sha256.New()
	h.Write(prev[:])
	h.Write(raw)
	var next Hash
	h.Sum(next[:0])
	return next
}

// Head is the end of a shard's journal.
type Head struct {
	Seq  uint64 // number of the last record, 0 when there is none
	Hash Hash   // its hash, zero when there is none
}

// Sealed is a record with its canonical bytes and its hash.
type Sealed struct {
	Record *journalv1.Record
	Raw    []byte
	Hash   Hash
}

// Seal numbers the record, makes its canonical bytes and its link, and advances
// the head. The record must not be changed afterwards.
func (h *Head) Seal(shard uint32, r *journalv1.Record) (Sealed, error) {
	return h.SealIn(new(Sheet), shard, r)
}

// Sheet is memory that the bytes of many records share: no place of it is written twice.
type Sheet struct{ b []byte }

// A sheet takes so much memory at once, and more when what is left might not be enough
// for a record: whoever keeps the bytes of one record keeps that much.
const (
	sheetBytes  = 64 << 10
	recordBytes = 2 << 10
)

// SealIn is Seal for many records, whose bytes it writes one behind another.
func (h *Head) SealIn(sheet *Sheet, shard uint32, r *journalv1.Record) (Sealed, error) {
	r.Shard, r.Seq = shard, h.Seq+1
	raw, err := sheet.write(r)
	if err != nil {
		return Sealed{}, fmt.Errorf("marshal record %d.%d: %w", shard, r.Seq, err)
	}
	h.Seq, h.Hash = r.Seq, Next(h.Hash, raw)
	return Sealed{Record: r, Raw: raw, Hash: h.Hash}, nil
}

// write gives the canonical bytes of a record, those that the library makes when it is
// deterministic. The bytes of an entry are written behind the last ones.
func (s *Sheet) write(r *journalv1.Record) ([]byte, error) {
	if cap(s.b)-len(s.b) < recordBytes {
		s.b = make([]byte, 0, sheetBytes)
	}
	longer, ok := lean.AppendRecord(s.b, r)
	if !ok {
		return proto.MarshalOptions{Deterministic: true}.Marshal(r)
	}
	raw := longer[len(s.b):len(longer):len(longer)]
	s.b = longer
	return raw, nil
}

// ErrChain says that a record does not follow the one before it.
var ErrChain = errors.New("the chain is broken")

// Follow checks that raw is the shard's next record and advances the head.
func (h *Head) Follow(shard uint32, raw []byte) (Sealed, error) {
	r := new(journalv1.Record)
	if err := proto.Unmarshal(raw, r); err != nil {
		return Sealed{}, fmt.Errorf("%w: record after %d.%d cannot be decoded: %w", ErrChain, shard, h.Seq, err)
	}
	if r.Shard != shard || r.Seq != h.Seq+1 {
		return Sealed{}, fmt.Errorf("%w: expected record %d.%d, found %d.%d", ErrChain, shard, h.Seq+1, r.Shard, r.Seq)
	}
	h.Seq, h.Hash = r.Seq, Next(h.Hash, raw)
	return Sealed{Record: r, Raw: raw, Hash: h.Hash}, nil
}

// Segment is a run of records as it is stored.
type Segment struct {
	FirstSeq uint64
	Count    int
	ClockUS  int64 // clock of the last record
	Head     Hash  // hash of the last record
	Data     []byte
}

// LastSeq is the number of the last record.
func (s Segment) LastSeq() uint64 { return s.FirstSeq + uint64(s.Count) - 1 }

// Segments cuts records that follow one another into segments of at most SegmentBytes of
// data each; a larger record has a segment of its own. Each comes without its data, which
// AppendData makes of its records.
func Segments(records []Sealed) iter.Seq2[Segment, []Sealed] {
	return func(yield func(Segment, []Sealed) bool) {
		for len(records) > 0 {
			n := fit(records)
			last := records[n-1]
			s := Segment{FirstSeq: records[0].Record.GetSeq(), Count: n, ClockUS: last.Record.GetClockUs(), Head: last.Hash}
			if !yield(s, records[:n]) {
				return
			}
			records = records[n:]
		}
	}
}

// fit is how many of the records the next segment takes.
func fit(records []Sealed) int {
	size := 0
	for i, r := range records {
		size += binary.MaxVarintLen32 + len(r.Raw)
		if i > 0 && size > SegmentBytes {
			return i
		}
	}
	return len(records)
}

// AppendData appends the data of a segment of these records.
func AppendData(b []byte, records []Sealed) []byte {
	for _, r := range records {
		b = append(binary.AppendUvarint(b, uint64(len(r.Raw))), r.Raw...)
	}
	return b
}

// Split cuts a segment's data into the raw records.
func (s Segment) Split() ([][]byte, error) {
	raws := make([][]byte, 0, s.Count)
	for data := s.Data; len(data) > 0; {
		n, w := binary.Uvarint(data)
		if w <= 0 || n > uint64(len(data)-w) {
			return nil, fmt.Errorf("segment at %d: cut in the middle of a record", s.FirstSeq)
		}
		raws = append(raws, data[w:w+int(n)])
		data = data[w+int(n):]
	}
	if len(raws) != s.Count {
		return nil, fmt.Errorf("segment at %d: %d records, its row says %d", s.FirstSeq, len(raws), s.Count)
	}
	return raws, nil
}
