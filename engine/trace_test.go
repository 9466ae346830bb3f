package engine_test

import (
	"slices"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/provodka/provodka/engine"
)

// One trace leads from the call through the log to the shard's owner, to the world
// and back: a product's person sees where the time went. What was not sampled leaves
// nothing, and no record of the journal knows of traces.
func TestATraceFollowsTheCommand(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracer := trace.NewTracerProvider(trace.WithSpanProcessor(spans), trace.WithSampler(trace.ParentBased(trace.NeverSample(),
		trace.WithRemoteParentSampled(trace.AlwaysSample())))).Tracer("test")
	root := trace.NewTracerProvider().Tracer("caller")
	p := newWorld(t, 1).start("one", func(c *engine.Config) { c.Tracer = tracer })
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
