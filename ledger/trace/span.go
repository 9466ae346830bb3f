package trace

import (
	"context"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Context says which span of which trace something happened under.
type Context = trace.SpanContext

// Kind is which side of a conversation a span is.
type Kind = trace.SpanKind

// The kinds of spans.
const (
	Internal = trace.SpanKindInternal
	Server   = trace.SpanKindServer
	Client   = trace.SpanKindClient
	Producer = trace.SpanKindProducer
	Consumer = trace.SpanKindConsumer
)

// Tracer begins spans. The zero Tracer keeps none and costs nothing.
type Tracer struct{ spans trace.Tracer }

// New is the tracer that gives its spans to another.
func New(spans trace.Tracer) Tracer { return Tracer{spans} }

// On says whether anybody keeps spans.
func (t Tracer) On() bool { return t.spans != nil }

// Start begins a span under the context's one.
func (t Tracer) Start(ctx context.Context, name string, kind Kind) (context.Context, Span) {
	if t.spans == nil {
		return ctx, Span{}
	}
	ctx, span := t.spans.Start(ctx, name, trace.WithSpanKind(kind))
	return ctx, Span{span}
}

// StartUnder begins a span at a moment, under the span that c names, which may be another process's.
func (t Tracer) StartUnder(c Context, name string, kind Kind, at time.Time) Span {
	if t.spans == nil {
		return Span{}
	}
	_, span := t.spans.Start(Under(context.Background(), c), name, trace.WithSpanKind(kind), trace.WithTimestamp(at))
	return Span{span}
}

// Span is one span; the zero Span keeps nothing.
type Span struct{ span trace.Span }

// On says whether the span is kept: what costs something to say is worth saying.
func (s Span) On() bool { return s.span != nil && s.span.IsRecording() }

// Context is where the span stands.
func (s Span) Context() Context {
	if s.span == nil {
		return Context{}
	}
	return s.span.SpanContext()
}

// End ends the span.
func (s Span) End() {
	if s.span != nil {
		s.span.End()
	}
}

// Link says that the span works on what another did.
func (s Span) Link(c Context) {
	if s.span != nil {
		s.span.AddLink(trace.Link{SpanContext: c})
	}
}

// Fail says that an error ended the work. Its text is kept: it must have nothing of people.
func (s Span) Fail(err error) {
	if s.On() && err != nil {
		s.span.SetAttributes(semconv.ErrorType(err))
		s.span.SetStatus(codes.Error, err.Error())
	}
}

// Refuse says that the work ended with a code of a closed table.
func (s Span) Refuse(code string) {
	if s.On() {
		s.span.SetAttributes(semconv.ErrorTypeKey.String(code))
		s.span.SetStatus(codes.Error, code)
	}
}

// Topic says what is done with how many records of a shard's part of a topic of Kafka.
func (s Span) Topic(topic, operation string, shard, records int) {
	if !s.On() {
		return
	}
	kind := semconv.MessagingOperationTypeProcess
	if operation == Publish {
		kind = semconv.MessagingOperationTypeSend
	}
	s.span.SetAttributes(semconv.MessagingSystemKafka, kind, semconv.MessagingOperationName(operation), semconv.MessagingDestinationName(topic),
		semconv.MessagingDestinationPartitionID(strconv.Itoa(shard)), semconv.MessagingBatchMessageCount(records))
}

// Publish is the operation of whoever writes to a topic.
const Publish = "publish"

// Offset says which record of a topic was worked on.
func (s Span) Offset(offset int64) {
	if s.On() {
		s.span.SetAttributes(semconv.MessagingKafkaOffset(int(offset)))
	}
}

// Request says what was sent over HTTP, how often before, and the code that it was answered
// with, 0 = none. Whereto it does not say: a person's own site is his name.
func (s Span) Request(method string, before, status int) {
	if !s.On() {
		return
	}
	s.span.SetAttributes(semconv.HTTPRequestMethodKey.String(method))
	if before > 0 {
		s.span.SetAttributes(semconv.HTTPRequestResendCount(before))
	}
	if status > 0 {
		s.span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
}
