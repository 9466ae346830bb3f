package engine

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/provodka/provodka/engine/port"
)

// A trace follows a command through the roles: the API's call, the record on the
// command log (which carries the trace in a header), its decision and commit by the
// shard's owner, the call to the world, and the answer, which is a command again. No
// decision reads it and no record of the journal has it. A call that is not sampled
// costs nothing.

// untraced is a tracer that keeps nothing.
var untraced = noop.NewTracerProvider().Tracer("")

// w3c is how a trace travels in headers.
var w3c propagation.TraceContext

// headerCarrier reads and writes the headers of a record of the log.
type headerCarrier []port.Header

// Get implements propagation.TextMapCarrier.
func (h *headerCarrier) Get(key string) string {
	for _, one := range *h {
		if one.Key == key {
			return string(one.Value)
		}
	}
	return ""
}

// Set implements propagation.TextMapCarrier.
func (h *headerCarrier) Set(key, value string) {
	*h = append(*h, port.Header{Key: key, Value: []byte(value)})
}

// Keys implements propagation.TextMapCarrier.
func (h *headerCarrier) Keys() []string {
	keys := make([]string, len(*h))
	for i, one := range *h {
		keys[i] = one.Key
	}
	return keys
}

// traceHeaders are those that take the trace of ctx along; none when it is not sampled.
func traceHeaders(ctx context.Context) []port.Header {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return nil
	}
	var h headerCarrier
	w3c.Inject(ctx, &h)
	return h
}

// traceOf reads the trace that a record came with.
func traceOf(headers []port.Header) trace.SpanContext {
	if len(headers) == 0 {
		return trace.SpanContext{}
	}
	h := headerCarrier(headers)
	return trace.SpanContextFromContext(w3c.Extract(context.Background(), &h))
}

// tracePart says which shard and command of a call a span is about.
func tracePart(shard int, command string) trace.SpanStartEventOption {
	return trace.WithAttributes(attribute.Int("provodka.shard", shard), attribute.String("provodka.command", command))
}

// traceCommit leaves a span for every sampled command of a committed batch, from the
// moment the batch was begun to its commit, and tells under which traces its effects
// were opened, by attempt.
func (w *writer) traceCommit(b *batch) map[string]trace.SpanContext {
	var opened map[string]trace.SpanContext
	for _, c := range b.commands {
		if !c.trace.IsSampled() {
			continue
		}
		_, span := w.cfg.Tracer.Start(trace.ContextWithRemoteSpanContext(context.Background(), c.trace), "decide and commit",
			tracePart(int(w.shard), c.command.GetId()), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(b.began))
		span.SetAttributes(attribute.Int("provodka.batch", b.operations), attribute.Int64("provodka.offset", c.offset))
		for _, r := range c.results {
			if r.refusal != nil {
				span.SetStatus(codes.Error, string(r.refusal.Code))
			}
			for _, e := range r.sealed.Record.GetEffects() {
				if opened == nil {
					opened = map[string]trace.SpanContext{}
				}
				opened[e.GetAttempt()] = span.SpanContext()
			}
		}
		span.End()
	}
	return opened
}

// traceCall begins the span of a call to the world.
func (e *Engine) traceCall(ctx context.Context, shard int, j *job, sends bool) (context.Context, trace.Span) {
	if j.trace.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, j.trace)
	}
	return e.cfg.Tracer.Start(ctx, j.effect.GetPort()+"."+j.effect.GetVerb(), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.Int("provodka.shard", shard), attribute.String("provodka.attempt", j.effect.GetAttempt()),
		attribute.String("provodka.flow", j.effect.GetFlow()), attribute.String("provodka.aggregate", j.effect.GetId()),
		attribute.Bool("provodka.sends", sends)))
}

// traceAnswer ends the span of a call to the world with what it answered.
func traceAnswer(span trace.Span, ans port.Answer) {
	span.SetAttributes(attribute.String("provodka.result", string(ans.Result)))
	if ans.Result != port.Done {
		span.SetStatus(codes.Error, string(ans.Result))
	}
	span.End()
}
