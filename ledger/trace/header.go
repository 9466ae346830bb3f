package trace

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// w3c is how a trace travels in headers.
var w3c propagation.TraceContext

// headers are headers of any kind.
type headers struct {
	get func(name string) string
	set func(name, value string)
}

// Get implements propagation.TextMapCarrier.
func (h headers) Get(name string) string { return h.get(name) }

// Set implements propagation.TextMapCarrier.
func (h headers) Set(name, value string) { h.set(name, value) }

// Keys implements propagation.TextMapCarrier.
func (headers) Keys() []string { return nil }

// Sampled says whether the context's trace is kept.
func Sampled(ctx context.Context) bool { return trace.SpanContextFromContext(ctx).IsSampled() }

// Send writes the headers that take the trace of ctx along; none when it is not kept.
func Send(ctx context.Context, set func(name, value string)) {
	if Sampled(ctx) {
		w3c.Inject(ctx, headers{set: set})
	}
}

// Receive is ctx under the trace that headers name.
func (t Tracer) Receive(ctx context.Context, get func(name string) string) context.Context {
	if t.spans == nil {
		return ctx
	}
	return w3c.Extract(ctx, headers{get: get})
}

// Under is ctx under the trace of a span that may be another process's, if there is one.
func Under(ctx context.Context, c Context) context.Context {
	if !c.IsValid() {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, c)
}

// Received is the trace that headers name.
func (t Tracer) Received(get func(name string) string) Context {
	return trace.SpanContextFromContext(t.Receive(context.Background(), get))
}
