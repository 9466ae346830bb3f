package journal

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

func sealSome(t *rapid.T, n int) []Sealed {
	var head Head
	out := make([]Sealed, n)
	for i := range out {
		s, err := head.Seal(3, &journalv1.Record{Book: "main", Key: fmt.Sprint(i), Command: rapid.StringN(0, 3000, -1).Draw(t, "c")})
		if err != nil {
			t.Fatal(err)
		}
		out[i] = s
	}
	return out
}

func TestSegmentsKeepEveryRecordAndTheChain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := sealSome(t, rapid.IntRange(1, 60).Draw(t, "n"))
		var head Head
		var got int
		for s, of := range Segments(records) {
			if s.Data = AppendData(nil, of); len(of) > 1 && len(s.Data) > SegmentBytes {
				t.Fatalf("%d records in %d bytes", len(of), len(s.Data))
			}
			if s.FirstSeq != uint64(got)+1 {
				t.Fatalf("segment starts at %d after %d records", s.FirstSeq, got)
			}
			raws, err := s.Split()
			if err != nil {
				t.Fatal(err)
			}
			for _, raw := range raws {
				if _, err := head.Follow(3, raw); err != nil {
					t.Fatal(err)
				}
				got++
			}
			if head.Hash != s.Head || s.LastSeq() != head.Seq {
				t.Fatal("a segment's head is not its last record")
			}
		}
		if got != len(records) || head.Hash != records[got-1].Hash {
			t.Fatalf("%d of %d records, head %s", got, len(records), head.Hash)
		}
	})
}

func TestFollowRefusesAGapAndAnotherShard(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := sealSome(t, 3)
		var head Head
		if _, err := head.Follow(3, records[1].Raw); !errors.Is(err, ErrChain) {
			t.Fatalf("a gap passed: %v", err)
		}
		if _, err := head.Follow(2, records[0].Raw); !errors.Is(err, ErrChain) {
			t.Fatalf("another shard's record passed: %v", err)
		}
		if _, err := head.Follow(3, append([]byte{0xff}, records[0].Raw...)); !errors.Is(err, ErrChain) {
			t.Fatalf("garbage passed: %v", err)
		}
	})
}
