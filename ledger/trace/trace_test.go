package trace_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/provodka/provodka/ledger/trace"
)

// TestWithoutACollectorNothingIsAllocated: every word that a role says of its work is free
// while nobody listens.
func TestWithoutACollectorNothingIsAllocated(t *testing.T) {
	ctx, failed, at := t.Context(), errors.New("x"), time.Now()
	var off trace.Tracer
	var trail trace.Trail
	header := http.Header{}
	header.Set("traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
	get, set := header.Get, header.Set
	allocated := testing.AllocsPerRun(100, func() {
		ctx := off.Receive(ctx, get)
		ctx, s := off.Start(ctx, "call", trace.Server)
		under := off.StartUnder(off.Received(get), "commit", trace.Consumer, at)
		s.Topic("provodka.events", trace.Publish, 3, 1000)
		s.Records(3, 10_000, 20_000)
		s.Appended(3, "command")
		s.Shard(1000)
		s.Command("command")
		s.Offset(100_000)
		s.Request("POST", 1000, 2000)
		s.Text("request_id", "x")
		s.Count("batch", 100_000)
		s.Mark("sends", true)
		s.Link(under.Context())
		s.Refuse("insufficient_funds")
		s.Fail(failed)
		trail.Add(nil)
		trail.Link(s, 20_000)
		trace.Send(ctx, set)
		under.End()
		s.End()
	})
	if allocated != 0 {
		t.Errorf("%g allocations while nobody keeps traces", allocated)
	}
	if off.On() || trace.Sampled(off.Receive(context.Background(), get)) {
		t.Error("the zero tracer keeps something")
	}
}

// TestATrailLinksEachCommandOnce: whoever comes behind links to the commands up to where it
// is, each once, and to no more than a span keeps.
func TestATrailLinksEachCommandOnce(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracer := trace.New(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)).Tracer("test"))
	var trail trace.Trail
	var points []trace.Point
	for seq := range uint64(200) {
		_, s := tracer.Start(t.Context(), "commit", trace.Consumer)
		points = append(points, trace.Point{Seq: seq + 1, Trace: s.Context()})
	}
	trail.Add(points[:100])
	trail.Add(points[100:])
	portion := func(until uint64) []trace.Context {
		_, s := tracer.Start(t.Context(), "portion", trace.Internal)
		trail.Link(s, until)
		s.End()
		var linked []trace.Context
		ended := spans.Ended()
		for _, l := range ended[len(ended)-1].Links() {
			linked = append(linked, l.SpanContext)
		}
		return linked
	}
	for _, c := range []struct {
		until       uint64
		first, last int
	}{{0, 0, 0}, {30, 0, 30}, {30, 0, 0}, {150, 30, 128}, {200, 0, 0}} {
		got, want := portion(c.until), points[c.first:c.last]
		if !slices.EqualFunc(got, want, func(a trace.Context, b trace.Point) bool { return a.Equal(b.Trace) }) {
			t.Errorf("until %d: %d links, want %d", c.until, len(got), len(want))
		}
	}
	trail.Add(points[150:])
	if got := portion(200); len(got) != 50 {
		t.Errorf("later commands: %d links", len(got))
	}
}
