package trace

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// What spans say beyond OpenTelemetry's own names.
const (
	shardKey   = attribute.Key("provodka.shard")
	commandKey = attribute.Key("provodka.command")
	firstKey   = attribute.Key("provodka.seq.first")
	lastKey    = attribute.Key("provodka.seq.last")
)

// Shard says which shard the work was for.
func (s Span) Shard(shard int) {
	if s.On() {
		s.span.SetAttributes(shardKey.Int(shard))
	}
}

// Command says which command of the log it was for.
func (s Span) Command(id string) {
	if s.On() {
		s.span.SetAttributes(commandKey.String(id))
	}
}

// Records says which records of the shard's journal were worked on: from first to last.
func (s Span) Records(shard int, first, last uint64) {
	if s.On() {
		s.span.SetAttributes(shardKey.Int(shard), firstKey.Int64(int64(first)), lastKey.Int64(int64(last)))
	}
}

// Appended says that a command was appended to a shard's log.
func (s Span) Appended(shard int, command string) {
	if s.On() {
		s.span.AddEvent("append", trace.WithAttributes(shardKey.Int(shard), commandKey.String(command)))
	}
}

// Text says a word: an id, a code or a name of the house, never anything of people.
func (s Span) Text(name, value string) {
	if s.On() {
		s.span.SetAttributes(attribute.String("provodka."+name, value))
	}
}

// Count says a number.
func (s Span) Count(name string, n int) {
	if s.On() {
		s.span.SetAttributes(attribute.Int("provodka."+name, n))
	}
}

// Mark says yes or no.
func (s Span) Mark(name string, yes bool) {
	if s.On() {
		s.span.SetAttributes(attribute.Bool("provodka."+name, yes))
	}
}
