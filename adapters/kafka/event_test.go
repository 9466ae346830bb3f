package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/engine/port"
)

func TestPublishAndTail(t *testing.T) {
	t.Parallel()
	log := open(t, 2)
	w, last := own(t, log, 1)
	if last != nil {
		t.Errorf("the tail of an empty log is %s", last.Value)
	}
	stamp := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	first := events("0")
	first[0].Timestamp = stamp
	for _, batch := range [][]port.LogRecord{first, nil, events(numbered(1, 3000)...)} {
		if err := w.Publish(soon(t), batch); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	_, last = own(t, log, 1)
	if valueOf(last) != "2999" || string(last.Key) != "2999" || string(last.Headers[0].Value) != "2999" {
		t.Errorf("tail %+v", last)
	}
	want(t, "shard 1", published(t, log, 1), numbered(0, 3000))
	want(t, "shard 0", published(t, log, 0), nil)
	var seen []port.LogRecord
	if err := log.Replay(soon(t), 1, 0, func(r []port.LogRecord) error { seen = append(seen, r...); return nil }); err != nil {
		t.Fatal(err)
	}
	if !seen[0].Timestamp.Equal(stamp) {
		t.Errorf("timestamp %v, want %v", seen[0].Timestamp, stamp)
	}
	stop := errors.New("enough")
	if err := log.Replay(soon(t), 1, 0, func([]port.LogRecord) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Replay = %v, want the callback's error", err)
	}
	var part []string
	if err := log.Replay(soon(t), 1, seen[2990].Offset, func(r []port.LogRecord) error {
		for _, one := range r {
			part = append(part, string(one.Value))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want(t, "from an offset", part, numbered(2990, 3000))
}

func TestZombieCannotPublish(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	old, _ := own(t, log, 0)
	if err := old.Publish(soon(t), events(numbered(0, 3)...)); err != nil {
		t.Fatal(err)
	}
	heir, last := own(t, log, 0)
	if valueOf(last) != "2" {
		t.Errorf("tail %s", valueOf(last))
	}
	if err := old.Publish(soon(t), events("zombie")); !errors.Is(err, port.ErrFenced) {
		t.Errorf("the zombie's Publish: %v", err)
	}
	if err := old.Publish(soon(t), events("zombie")); !errors.Is(err, port.ErrFenced) {
		t.Errorf("the zombie's second Publish: %v", err)
	}
	if err := heir.Publish(soon(t), events("3")); err != nil {
		t.Errorf("the heir after the zombie's attempts: %v", err)
	}
	want(t, "log", published(t, log, 0), numbered(0, 4))
}

// steps are the places where a writer can die, each with what must be visible after.
var steps = []struct {
	name string
	die  func(t *testing.T, w *writer)
	tail string
}{
	{"before the transaction", func(*testing.T, *writer) {}, "2"},
	{"after it began", func(t *testing.T, w *writer) { begin(t, w) }, "2"},
	{"after some records", func(t *testing.T, w *writer) { begin(t, w); write(t, w, "3") }, "2"},
	{"after all records", func(t *testing.T, w *writer) { begin(t, w); write(t, w, numbered(3, 60)...) }, "2"},
	{"after an abort", func(t *testing.T, w *writer) {
		begin(t, w)
		write(t, w, numbered(3, 60)...)
		end(t, w, kgo.TryAbort)
	}, "2"},
	{"after many aborts", func(t *testing.T, w *writer) {
		for range 5 {
			begin(t, w)
			write(t, w, numbered(3, 60)...)
			end(t, w, kgo.TryAbort)
		}
	}, "2"},
	{"after the commit", func(t *testing.T, w *writer) {
		begin(t, w)
		write(t, w, numbered(3, 60)...)
		end(t, w, kgo.TryCommit)
	}, "59"},
}

func begin(t *testing.T, w *writer) {
	t.Helper()
	if err := w.client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, w *writer, values ...string) {
	t.Helper()
	for _, r := range events(values...) {
		record := &kgo.Record{Topic: w.topic, Partition: int32(w.shard), Key: r.Key, Value: r.Value}
		if err := w.client.ProduceSync(soon(t), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func end(t *testing.T, w *writer, how kgo.TransactionEndTry) {
	t.Helper()
	if err := w.client.EndTransaction(soon(t), how); err != nil {
		t.Fatal(err)
	}
}

func TestTailAfterACrashInEachStep(t *testing.T) {
	t.Parallel()
	for _, gone := range []bool{true, false} {
		for _, step := range steps {
			name := step.name
			if !gone {
				name += ", and the dead one comes back"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				log := open(t, 1)
				first, _ := own(t, log, 0)
				if err := first.Publish(soon(t), events(numbered(0, 3)...)); err != nil {
					t.Fatal(err)
				}
				step.die(t, first)
				if gone {
					first.Close() // its connections go, its open transaction stays
				}
				heir, last := own(t, log, 0)
				if valueOf(last) != step.tail {
					t.Fatalf("tail %s, want %s", valueOf(last), step.tail)
				}
				if !gone {
					comeBack(t, first)
				}
				from := 3
				if step.tail == "59" {
					from = 60
				}
				if err := heir.Publish(soon(t), events(numbered(from, 100)...)); err != nil {
					t.Fatal(err)
				}
				want(t, "log", published(t, log, 0), numbered(0, 100))
			})
		}
	}
}

// comeBack lets a fenced writer go on where it was paused: it may produce, and end
// what it began; none of it may be seen. That its calls fail is not asked for here:
// the end of an empty transaction succeeds.
func comeBack(t *testing.T, w *writer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_ = w.client.BeginTransaction() // it may be in one
	record := &kgo.Record{Topic: w.topic, Partition: int32(w.shard), Value: []byte("zombie")}
	errWrite := w.client.ProduceSync(ctx, record).FirstErr()
	errEnd := w.client.EndTransaction(ctx, kgo.TryCommit)
	if errWrite == nil && errEnd == nil {
		t.Error("the zombie wrote and committed")
	}
	if errWrite != nil && !isFenced(errWrite) {
		t.Errorf("the zombie's write: %v; want one of the errors that say fenced", errWrite)
	}
}

// TestExactlyOnce kills the owner twenty times between its steps, half of the dead
// come back as zombies, and each heir publishes what follows the tail that it found.
func TestExactlyOnce(t *testing.T) {
	t.Parallel()
	const total = 2000
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			log := open(t, 1)
			var zombies []*writer
			for kill := 0; kill < 20; kill++ {
				w, last := own(t, log, 0)
				next := after(t, last)
				for range random.IntN(4) {
					n := min(total, next+1+random.IntN(30))
					if err := w.Publish(soon(t), events(numbered(next, n)...)); err != nil {
						t.Fatal(err)
					}
					next = n
				}
				dieSomewhere(t, w, random, next)
				if random.IntN(2) == 0 {
					w.Close()
				} else {
					zombies = append(zombies, w)
				}
				if len(zombies) > 1 && random.IntN(2) == 0 {
					comeBack(t, zombies[0]) // fenced by every owner since
					zombies = zombies[1:]
				}
			}
			w, last := own(t, log, 0)
			if err := w.Publish(soon(t), events(numbered(after(t, last), total)...)); err != nil {
				t.Fatal(err)
			}
			want(t, "log", published(t, log, 0), numbered(0, total))
		})
	}
}

func after(t *testing.T, last *port.LogRecord) int {
	t.Helper()
	if last == nil {
		return 0
	}
	n, err := strconv.Atoi(string(last.Value))
	if err != nil {
		t.Fatalf("the tail is %q", last.Value)
	}
	return n + 1
}

// dieSomewhere stops in the middle of publishing what follows next.
func dieSomewhere(t *testing.T, w *writer, random *rand.Rand, next int) {
	t.Helper()
	step := random.IntN(4)
	if step == 0 {
		return
	}
	begin(t, w)
	if step == 1 {
		return
	}
	write(t, w, numbered(next, next+1+random.IntN(40))...)
	if step == 2 {
		return
	}
	end(t, w, kgo.TryCommit)
}

func TestOversizedRecordMakesNoGap(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	w, _ := own(t, log, 0)
	if err := w.Publish(soon(t), events("0")); err != nil {
		t.Fatal(err)
	}
	batch := events("1", strings.Repeat("x", maxBatch+1), "3")
	err := w.Publish(soon(t), batch)
	if !errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, port.ErrFenced) {
		t.Errorf("Publish = %v, want message too large", err)
	}
	if err := w.Publish(soon(t), events("3")); err == nil {
		t.Error("the writer went on after an error")
	}
	heir, last := own(t, log, 0)
	if valueOf(last) != "0" {
		t.Errorf("tail %s", valueOf(last))
	}
	big := strings.Repeat("y", MaxRecord)
	if err := heir.Publish(soon(t), events("1", big, "2")); err != nil {
		t.Fatal(err)
	}
	want(t, "log", published(t, log, 0), []string{"0", "1", big, "2"})
}

// TestOpenTransactionDoesNotStopReplay: what a killed owner left open is not waited
// for, and what it wrote is not seen.
func TestOpenTransactionDoesNotStopReplay(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	w, _ := own(t, log, 0)
	if err := w.Publish(soon(t), events(numbered(0, 10)...)); err != nil {
		t.Fatal(err)
	}
	heir, _ := own(t, log, 0)
	begin(t, heir)
	write(t, heir, "open")
	want(t, "log", replayed(t, log, 0), numbered(0, 10))
}

func TestReplayOfALogThatWasCut(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	w, _ := own(t, log, 0)
	if err := w.Publish(soon(t), events(numbered(0, 10)...)); err != nil {
		t.Fatal(err)
	}
	own(t, log, 0) // waits until they are seen
	cut(t, log, log.topics.events.name, 4)
	err := log.Replay(soon(t), 0, 0, func([]port.LogRecord) error { return nil })
	if !errors.Is(err, port.ErrOffsetGone) {
		t.Errorf("Replay = %v", err)
	}
}
