package audit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
)

func archive(t *testing.T, w *audittest.World) ([]byte, []audit.ArchiveShard) {
	t.Helper()
	var out bytes.Buffer
	a := audit.NewArchiveWriter(&out)
	for _, n := range w.Shards() {
		for _, e := range w.Events(n) {
			if err := a.Add(n, e); err != nil {
				t.Fatal(err)
			}
		}
	}
	shards, err := a.Close()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), shards
}

// auditArchive is what the command does with a file.
func auditArchive(file []byte) error {
	a := audit.New(audit.Options{})
	if _, err := audit.ReadArchive(bytes.NewReader(file), a.Add); err != nil {
		return err
	}
	return a.Finish()
}

// tiny makes the smallest books with more than one shard.
func tiny() *audittest.World {
	w := audittest.New()
	for n := range 2 {
		wallet := fmt.Sprintf("wallet:a-%d", n)
		w.Do(n, audittest.Open(wallet))
		w.Do(n, audittest.Post("topup", "", audittest.Leg('D', "bank:settlement", "RUB", "1.00"), audittest.Leg('C', wallet, "RUB", "1.00")))
	}
	w.Do(1, audittest.Post("fee", "", audittest.Leg('D', "wallet:a-1", "RUB", "2.00"), audittest.Leg('C', "suspense:x", "RUB", "2.00")))
	return w
}

func TestAnArchiveGivesBackWhatItTook(t *testing.T) {
	t.Parallel()
	w := audittest.Small()
	file, wrote := archive(t, w)
	events := map[int][]audit.Event{}
	read, err := audit.ReadArchive(bytes.NewReader(file), func(n int, e audit.Event) error {
		kept := audit.Event{Key: bytes.Clone(e.Key), Value: bytes.Clone(e.Value)}
		for _, h := range e.Headers {
			kept.Headers = append(kept.Headers, audit.Header{Key: h.Key, Value: bytes.Clone(h.Value)})
		}
		events[n] = append(events[n], kept)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int][]audit.Event{0: w.Events(0), 1: w.Events(1)}
	if diff := cmp.Diff(want, events) + cmp.Diff(wrote, read); diff != "" {
		t.Error(diff)
	}
	if wrote[1].Head.Seq != w.Seq(1) || wrote[1].Events != w.Seq(1) {
		t.Errorf("footer %+v", wrote[1])
	}
	if err := auditArchive(file); err != nil {
		t.Error(err)
	}
}

// TestEveryByteOfAnArchiveCounts flips every bit of every byte.
func TestEveryByteOfAnArchiveCounts(t *testing.T) {
	t.Parallel()
	w := audittest.New()
	w.Do(0, audittest.Open("wallet:a"))
	w.Do(1, audittest.Post("topup", "", audittest.Leg('D', "bank:b", "RUB", "1.00"), audittest.Leg('C', "suspense:s", "RUB", "1.00")))
	file, _ := archive(t, w)
	for at := range file {
		for bit := range 8 {
			file[at] ^= 1 << bit
			if err := auditArchive(file); !isDifference(err) {
				t.Fatalf("bit %d of byte %d of %d changed: %v", bit, at, len(file), err)
			}
			file[at] ^= 1 << bit
		}
	}
	if err := auditArchive(file); err != nil {
		t.Fatal(err)
	}
}

func TestACutArchiveIsRefused(t *testing.T) {
	t.Parallel()
	file, _ := archive(t, tiny())
	for n := range file {
		if err := auditArchive(file[:n]); !isDifference(err) || !strings.HasPrefix(err.Error(), "archive, byte ") {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(file), err)
		}
	}
	if err := auditArchive(append(file, 0)); !isDifference(err) {
		t.Errorf("a byte more: %v", err)
	}
}

// TestAForgedArchiveIsAudited: a writer of archives can make the digest right; the chain
// and the books are not his to make right.
func TestAForgedArchiveIsAudited(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a := audit.NewArchiveWriter(&out)
	events := tiny().Events(0)
	events[1].Value = bytes.Replace(events[1].Value, []byte("1.00"), []byte("7.00"), -1)
	for _, e := range events {
		if err := a.Add(0, e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Close(); err != nil {
		t.Fatal(err)
	}
	err := auditArchive(out.Bytes())
	if !isDifference(err) || !strings.HasPrefix(err.Error(), "record 0.2: the hash of the record: expected ") {
		t.Error(err)
	}
}

func TestShardsStandInOrderInAnArchive(t *testing.T) {
	t.Parallel()
	w := tiny()
	a := audit.NewArchiveWriter(&bytes.Buffer{})
	if err := a.Add(1, w.Events(1)[0]); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(0, w.Events(0)[0]); err == nil {
		t.Error("shard 0 after shard 1 was taken")
	}
}

func FuzzReadArchive(f *testing.F) {
	var out bytes.Buffer
	a := audit.NewArchiveWriter(&out)
	for _, e := range tiny().Events(0) {
		if err := a.Add(0, e); err != nil {
			f.Fatal(err)
		}
	}
	if _, err := a.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := auditArchive(file); err == nil && !bytes.Equal(file, out.Bytes()) && len(file) > 100 {
			t.Error("other bytes passed") // an archive without events is shorter
		}
	})
}
