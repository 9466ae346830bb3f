package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// TestOneKeySentToTwoShards ends in one posting; the other shard records that the
// key is taken, and answers with the stored outcome.
func TestOneKeySentToTwoShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	wallet := "wallet:" + w.owner("w", 0)
	p.must(open(wallet))
	var (
		mu   sync.Mutex
		told = map[string]*commandv1.Outcome{}
	)
	go func() {
		_ = p.log.Listen(t.Context(), "probe", func(raw []byte) {
			m := new(commandv1.Outcome)
			if proto.Unmarshal(raw, m) == nil {
				mu.Lock()
				told[m.GetCommand()] = m
				mu.Unlock()
			}
		})
	}()
	probe := func(id string) func() bool {
		return func() bool {
			p.log.Tell("probe", marshalOutcome(t, id))
			mu.Lock()
			defer mu.Unlock()
			return told[id] != nil
		}
	}
	p.until("the probe hears", probe("hello"))
	const keys = 30
	var wait sync.WaitGroup
	for i := range keys {
		for shard := range 2 {
			wait.Go(func() {
				o := pay(fmt.Sprintf("k%d", i), "bank:settlement", wallet, "1.00")
				p.append(shard, marshal(t, command(fmt.Sprintf("c%d-%d", i, shard), "probe", o)))
			})
		}
	}
	wait.Wait()
	p.until("all are answered", func() bool { mu.Lock(); defer mu.Unlock(); return len(told) == 2*keys+1 })
	p.wants(wallet, fmt.Sprintf("%d.00", keys))
	all := p.allEvents()
	taken := externals(all, journalv1.ExternalKind_EXTERNAL_KIND_KEY_TAKEN)
	if len(taken) != keys {
		t.Errorf("%d externals key_taken, want %d", len(taken), keys)
	}
	for i := range keys {
		records := keyed(all, fmt.Sprintf("k%d", i))
		if len(records) != 1 {
			t.Fatalf("%d records took key %d", len(records), i)
		}
		for shard := range 2 {
			r := told[fmt.Sprintf("c%d-%d", i, shard)].GetResults()[0]
			got := new(journalv1.Record)
			if err := proto.Unmarshal(r.GetRecord(), got); err != nil || r.GetRefusal() != nil || !proto.Equal(got, records[0]) {
				t.Fatalf("key %d, shard %d: answered %v", i, shard, r)
			}
		}
	}
	p.stop()
	w.sameHeads(1, 8000)
}

func marshalOutcome(t *testing.T, id string) []byte {
	t.Helper()
	raw, err := proto.Marshal(&commandv1.Outcome{Command: id})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestGroupsAndKeysOfOtherShards: a group of which another shard has a key is
// refused, and a replay learns it from the journal; a dry run records nothing.
func TestGroupsAndKeysOfOtherShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	a, b := "wallet:"+w.owner("a", 0), "wallet:"+w.owner("b", 1)
	p.must(open(a), open(b), topUp("ka", a, "10.00"), topUp("kb", b, "10.00"))
	group := []engine.Operation{pay("new", a, "bank:settlement", "1.00"), pay("kb", a, "bank:settlement", "1.00")}
	group[0].Group, group[1].Group = 1, 1
	// A dry run with the key in the same batch: the key is known when it is decided.
	dry := command("dry", "", pay("kb", a, "bank:settlement", "1.00"))
	dry.DryRun = true
	p.append(0, marshal(t, dry))
	for i, o := range p.submit(group...) {
		if o.Refusal == nil || o.Refusal.Code != fault.GroupPartlyKnown {
			t.Fatalf("operation %d: %+v", i, o)
		}
	}
	p.append(0, marshal(t, dry))
	p.refused(fault.KeyTaken, pay("kb", a, "bank:settlement", "2.00"))
	twice := []engine.Operation{pay("same", a, b, "1.00"), pay("same", a, b, "1.00")}
	twice[0].Group, twice[1].Group = 1, 1
	for _, o := range p.submit(twice...) {
		if o.Refusal == nil || o.Refusal.Code != fault.Malformed {
			t.Fatalf("a key twice in a group: %+v", o)
		}
	}
	p.append(0, marshal(t, command("twice", "", twice...))) // sent past the check
	p.must(pay("after", a, b, "1.00"))
	p.wants(a, "9.00")
	p.stop()
	// In one batch, the dry run behind the clash that makes the key known.
	log := w.log()
	for _, c := range []*commandv1.Command{command("clash", "", pay("kb", a, "bank:settlement", "3.00")), dry} {
		done := make(chan error, 1)
		log.Append(t.Context(), 0, marshal(t, c), nil, func(_ int64, err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	log.Close()
	p = w.start("two")
	p.must(pay("last", a, b, "1.00"))
	if n := len(externals(p.allEvents(), journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL)); n != 0 {
		t.Errorf("%d commands were put aside, and none has a fault", n)
	}
	p.stop()
	w.sameHeads(1, 8000)
}

// TestARecordFromTheFuture: the shard waits with an alert, others go on, and a
// person may give the record up; its stamp moves no clock.
func TestARecordFromTheFuture(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	var give atomic.Bool
	p := w.start("one", func(c *engine.Config) {
		c.GiveUp = func(shard int, _ int64) bool { return shard == 0 && give.Load() }
	})
	here, there := "wallet:"+w.owner("a", 0), "wallet:"+w.owner("b", 1)
	p.must(open(here), open(there))
	future := time.Now().Add(time.Hour)
	w.produce(&kgo.Record{Topic: "provodka.commands", Partition: 0, Timestamp: future,
		Value: marshal(t, command("future", "", pay("future", "bank:settlement", here, "1.00")))})
	p.until("the alert", func() bool { return p.value("provodka_clock_ahead_seconds", "shard", "0") > 3500 })
	p.must(topUp("there", there, "1.00"))
	out := make(chan engine.Outcome, 1)
	go func() { out <- p.submit(topUp("behind", here, "2.00"))[0] }()
	p.until("a command waits behind it", func() bool { return p.logged(0) == 3 })
	give.Store(true)
	if o := <-out; o.Refusal != nil || !time.UnixMicro(o.Record.GetClockUs()).Before(future.Add(-time.Minute)) {
		t.Fatalf("the command behind it: %+v", o)
	}
	p.wants(here, "2.00")
	if n := len(externals(p.events(0), journalv1.ExternalKind_EXTERNAL_KIND_REJECTED)); n != 1 {
		t.Errorf("%d records were rejected, want 1", n)
	}
	if left := p.value("provodka_clock_ahead_seconds"); left != 0 {
		t.Errorf("the alert still says %v", left)
	}
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}

// TestTextsThatCannotBeKept are refused where they are sent, and put aside when
// somebody writes them into the log all the same; the shard goes on.
func TestTextsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one")
	p.must(open("wallet:a"))
	const marker = "@@@"
	spoiled := func(text string) []engine.Operation {
		words := pay("metadata", "bank:settlement", "wallet:a", "1.00")
		words.GetPost().Metadata = map[string]string{"note": text}
		return []engine.Operation{
			open("wallet:" + text), pay("key"+text, "bank:settlement", "wallet:a", "1.00"),
			pay("account", "bank:settlement", "wallet:"+text, "1.00"), words, send("p"+text, "a", "1.00"),
			op("place", place("wallet:"+text, "1.00", 0)),
		}
	}
	for _, bad := range []string{"\x00", "\xff\xfe\xfd"} {
		for i, o := range spoiled(bad) {
			p.refused(fault.Malformed, o)
			whole := marshal(t, command(fmt.Sprintf("bad%d", i), "", spoiled(marker)[i]))
			p.append(0, bytes.ReplaceAll(whole, []byte(marker), []byte((bad + bad + bad)[:len(marker)])))
		}
	}
	p.must(pay("after", "bank:settlement", "wallet:a", "7.00"))
	p.wants("wallet:a", "7.00")
	if n := len(externals(p.events(0), journalv1.ExternalKind_EXTERNAL_KIND_REJECTED)); n != 12 {
		t.Errorf("%d records were rejected, want 12", n)
	}
	p.refused(fault.Malformed, pay("answer:x:done:EXECUTED:", "bank:settlement", "wallet:a", "1.00"))
	lost := op("void", &commandv1.Operation_Void{Void: &commandv1.Void{PlacedSeq: 1, Shard: 7}})
	p.refused(fault.HoldUnknown, lost)
	p.stop()
	w.sameHeads(1, 8000)
}

// TestACommandThatFailsAloneIsPutAside: one that makes its flow panic, and one
// whose record no log takes, beside many good ones.
func TestACommandThatFailsAloneIsPutAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one")
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "100.00"))
	big := map[string]string{} // as many words as an entry may have
	for i := range ledger.MaxMetadata {
		big[fmt.Sprint("note", i)] = strings.Repeat("x", ledger.MaxMetadataValueBytes)
	}
	huge := op("huge", &commandv1.Operation_Flow{Flow: &commandv1.Flow{
		Flow: "parcel", Id: "huge", Event: "send", Body: []byte("a 1.00" + strings.Repeat("0", 490<<10)), Owner: "a",
	}})
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			switch i % 10 {
			case 3:
				p.refused(fault.Internal, send(fmt.Sprintf("p%d", i), "NOBODY AT ALL", "1.00"))
			case 7:
				noted := pay(fmt.Sprintf("note%d", i), "bank:settlement", "wallet:a", "1.00")
				noted.GetPost().Metadata = big
				p.must(noted)
			default:
				p.must(pay(fmt.Sprintf("k%d", i), "bank:settlement", "wallet:a", "1.00"))
			}
		})
	}
	wait.Go(func() { p.refused(fault.Internal, huge) })
	wait.Wait()
	p.wants("wallet:a", "136.00")
	if n := len(externals(p.events(0), journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL)); n != 5 {
		t.Errorf("%d commands were put aside, want 5", n)
	}
	if n := p.value("provodka_put_aside_total"); n != 5 {
		t.Errorf("the metric says %v", n)
	}
	p.must(pay("huge", "bank:settlement", "wallet:a", "1.00")) // internal takes no key
	p.events(0)
	p.stop()
	w.sameHeads(1, 8000)
}

// TestACommandOfManyRecords: all records of a command are one transaction of the
// event log, also when they are more than one read from the database brings.
func TestACommandOfManyRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	gate := &gatedEvents{shut: true}
	stuck := func(c *engine.Config) { c.Ports = map[string]port.Port{"payout": stuckBank{}} }
	p := w.start("one", stuck, func(c *engine.Config) { gate.EventLog, c.Events = c.Events, gate })
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "100.00"))
	var ops []engine.Operation
	for i := range 5000 { // little of a command and much of a record
		ops = append(ops, send(fmt.Sprintf("p%d", i), "a", "0.01"))
	}
	size := map[string]int{}
	for _, o := range p.must(ops...) {
		size[o.Record.GetCommand()] += proto.Size(o.Record)
	}
	if most := slices.Max(slices.Collect(maps.Values(size))); most <= 64*journal.SegmentBytes {
		t.Fatalf("the records of one command have %d bytes only", most)
	}
	p.stop() // nothing was published
	p = w.start("two", stuck)
	if n := len(p.events(0)); n < len(ops)+2 {
		t.Errorf("%d events, want %d", n, len(ops)+2)
	}
}

// stuckBank never answers.
type stuckBank struct{}

func (stuckBank) Send(ctx context.Context, _ port.Ask) port.Answer {
	<-ctx.Done()
	return port.Unclear("timeout")
}

func (b stuckBank) Find(ctx context.Context, ask port.Ask) port.Answer { return b.Send(ctx, ask) }

func (stuckBank) Memory() time.Duration { return time.Hour }

// TestAnAggregateHasOneOwner: made again for an owner whose home is another shard, it
// would live twice. The second is put aside, and nothing of it is booked.
func TestAnAggregateHasOneOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one", briefly)
	a, b := w.owner("a", 0), w.owner("b", 1)
	p.must(open("wallet:"+a), open("wallet:"+b), topUp("ta", "wallet:"+a, "10.00"), topUp("tb", "wallet:"+b, "10.00"))
	p.must(send("same", a, "4.00"))
	p.until("the parcel is sent", func() bool { return p.state("same", a) == "sent" })
	other := send("same", b, "3.00")
	other.Key = "another key"
	p.refused(fault.Internal, other)
	p.wants("wallet:"+b, "10.00")
	if state := p.state("same", b); state != "" {
		t.Errorf("the parcel of the other owner is %s", state)
	}
	aside := externals(p.allEvents(), journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL)
	if len(aside) != 1 || aside[0].GetExternal().GetText() != store.ErrAggregateTaken.Error() {
		t.Errorf("put aside: %v", aside)
	}
	p.stop()
	w.sameHeads(1, 8000)
}
