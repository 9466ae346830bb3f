package export_test

import (
	"context"
	"io"
	"runtime"
	"sort"
	"testing"

	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/journal"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// cut is a journal whose segments are cut once.
type cut struct {
	memory
	segments []journal.Segment
}

func (c cut) Segments(_ context.Context, _ int, from uint64, limit int) ([]journal.Segment, error) {
	first := sort.Search(len(c.segments), func(i int) bool { return c.segments[i].LastSeq() >= from })
	return c.segments[first:min(first+limit, len(c.segments))], nil
}

// TestMemoryIsBounded: an export of 100,000 legs keeps a line of 32 bytes for each entry
// and a few segments, whatever the entries say. It runs beside no other test.
func TestMemoryIsBounded(t *testing.T) {
	w := audittest.New()
	ops := make([]*commandv1.Operation, 5_000)
	for range 10 {
		for i := range ops {
			ops[i] = audittest.Post("opening", "", audittest.Leg('D', "bank:settlement", "RUB", "1.00"), audittest.Leg('C', "capital:own", "RUB", "1.00"))
		}
		w.Do(0, ops...)
	}
	j := cut{memory{w}, segments(w.Records(0))}
	alive := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := alive(), uint64(0)
	report, err := export.Write(t.Context(), j, export.Options{Format: export.FormatHledger, Progress: func(percent int) {
		if percent%10 == 0 {
			most = max(most, alive())
		}
	}}, io.Discard)
	if err != nil || report.Legs != 100_000 {
		t.Fatal(err, report)
	}
	if grown := max(most, before) - before; grown > 16<<20 {
		t.Errorf("an export of %d legs holds %d MB", report.Legs, grown>>20)
	} else {
		t.Logf("%d KB", grown>>10)
	}
	runtime.KeepAlive(j)
}
