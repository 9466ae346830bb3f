package engine_test

import (
	"context"
	"crypto/rand"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/trace"
)

// One trace leads from the call through the log to the shard's owner, to the world
// and back: a product's person sees where the time went. What was not sampled leaves
// nothing, and no record of the journal knows of traces.
func TestATraceFollowsTheCommand(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans), sdk.WithSampler(sdk.ParentBased(sdk.NeverSample(),
		sdk.WithRemoteParentSampled(sdk.AlwaysSample())))).Tracer("test")
	root := sdk.NewTracerProvider().Tracer("caller")
	p := newWorld(t, 1).start("one", func(c *engine.Config) { c.Tracer = trace.New(tracer) })
	p.must(open("wallet:a"), pay("in", "bank:settlement", "wallet:a", "10.00"), send("silent", "a", "1.00"))
	p.until("the silent parcel is sent", func() bool { return p.state("silent", "a") == "sent" })
	if n := len(spans.Ended()); n != 0 {
		t.Fatalf("%d spans of calls that nobody sampled", n)
	}
	ctx, call := root.Start(t.Context(), "caller")
	out := p.Submit(ctx, engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{send("loud", "a", "2.00")}})
	call.End()
	if out[0].Refusal != nil {
		t.Fatal(out[0].Refusal)
	}
	p.until("the loud parcel is sent", func() bool { return p.state("loud", "a") == "sent" })
	want := []string{"decide and commit", "decide and commit", "payout.pay", "submit"}
	var names []string
	p.until("the spans have ended", func() bool {
		names = names[:0]
		for _, s := range spans.Ended() {
			names = append(names, s.Name())
			if s.SpanContext().TraceID() != call.SpanContext().TraceID() {
				t.Fatalf("the span %q is of another trace", s.Name())
			}
		}
		slices.Sort(names)
		return len(names) >= len(want)
	})
	if !slices.Equal(names, want) {
		t.Errorf("spans %q, want %q", names, want)
	}
}

// brokenOnce is an event log whose first transaction fails.
type brokenOnce struct {
	port.EventLog
	broken *atomic.Bool
}

func (l brokenOnce) Own(ctx context.Context, shard int) (port.EventWriter, *port.LogRecord, error) {
	w, tail, err := l.EventLog.Own(ctx, shard)
	return brokenWriter{w, l.broken}, tail, err
}

type brokenWriter struct {
	port.EventWriter
	broken *atomic.Bool
}

func (w brokenWriter) Publish(ctx context.Context, records []port.LogRecord) error {
	if w.broken.CompareAndSwap(false, true) {
		return errBroker
	}
	return w.EventWriter.Publish(ctx, records)
}

// Who comes behind the commits leaves one span a portion, linked to the commands of which
// it knows the traces; what failed says so.
func TestPortionsAreLinkedToTheirCommands(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)).Tracer("test")
	w, key, log, broken := newWorld(t, 1), checkpointKey(t, 1), &notary{}, &atomic.Bool{}
	p := w.start("one", sealing(log, key), func(c *engine.Config) {
		c.Tracer, c.Topics, c.Auditor, c.AuditEvery = trace.New(tracer), "test", true, 10*time.Millisecond
		c.Events = brokenOnce{c.Events, broken}
	})
	p.until("publishing has failed", func() bool {
		p.must(pay(rand.Text(), "bank:settlement", "wallet:a", "10.00"))
		return broken.Load() && p.value("provodka_shard_running") == 1
	})
	ctx, call := tracer.Start(t.Context(), "caller")
	out := p.Submit(ctx, engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{
		pay("one", "bank:settlement", "wallet:a", "10.00"), pay("two", "bank:settlement", "wallet:a", "10.00")}})
	call.End()
	if out[1].Refusal != nil {
		t.Fatal(out[1].Refusal)
	}
	seq := int64(out[1].Record.GetSeq())
	p.until("every role has told of the payment", func() bool {
		var commit oteltrace.SpanContext
		about := map[string]sdk.ReadOnlySpan{}
		failed := false
		for _, s := range spans.Ended() {
			of := map[string]attribute.Value{}
			for _, a := range s.Attributes() {
				of[string(a.Key)] = a.Value
			}
			failed = failed || s.Name() == "publish" && s.Status().Code == codes.Error && of["error.type"].AsString() != ""
			if of["provodka.seq.first"].AsInt64() <= seq && seq <= of["provodka.seq.last"].AsInt64() && s.Status().Code != codes.Error {
				about[s.Name()] = s
			}
			if s.Name() == "decide and commit" && s.SpanContext().TraceID() == call.SpanContext().TraceID() {
				commit = s.SpanContext()
			}
		}
		for name, linked := range map[string]bool{"decide and commit": false, "publish": true, "project": true, "seal": true, "audit": false} {
			s := about[name]
			if s == nil {
				return false
			}
			is := func(l sdk.Link) bool { return l.SpanContext.Equal(commit) }
			if links := s.Links(); slices.ContainsFunc(links, is) != linked {
				t.Fatalf("%q is linked with %v", name, links)
			}
		}
		return failed
	})
}

// What waits for money of another shard is of its call's trace when it is decided.
func TestWhatGathersKeepsItsTrace(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)).Tracer("test")
	w := newWorld(t, 2)
	p := w.start("one", func(c *engine.Config) { c.Tracer = trace.New(tracer) })
	near, far := "wallet:"+w.owner("a", 0), "wallet:"+w.owner("y", 1)
	p.must(open(near), open(far), topUp("t1", near, "100.00"), topUp("t2", far, "100.00"))
	group := []engine.Operation{pay("g1", near, "bank:settlement", "10.00"), pay("g2", far, near, "5.00")}
	group[0].Group, group[1].Group = 1, 1
	ctx, call := tracer.Start(t.Context(), "caller")
	out := p.Submit(ctx, engine.Request{Book: "main", Actor: "test", Operations: group})
	call.End()
	if out[0].Refusal != nil {
		t.Fatal(out[0].Refusal)
	}
	last := int64(out[1].Record.GetSeq())
	p.until("the decision is of the trace", func() bool {
		return slices.ContainsFunc(spans.Ended(), func(s sdk.ReadOnlySpan) bool {
			return s.Name() == "decide and commit" && s.SpanContext().TraceID() == call.SpanContext().TraceID() &&
				slices.Contains(s.Attributes(), attribute.Int64("provodka.seq.last", last))
		})
	})
}
