package engine

import (
	"context"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/trace"
)

// Topics of the broker behind the installation's prefix, as spans name them.
const (
	topicCommands    = ".commands"
	topicEvents      = ".events"
	topicCheckpoints = ".checkpoints"
)

// traceHeaders are those that take the trace of ctx along; none when it is not sampled.
func traceHeaders(ctx context.Context) (headers []port.Header) {
	if !trace.Sampled(ctx) {
		return nil
	}
	trace.Send(ctx, func(name, value string) { headers = append(headers, port.Header{Key: name, Value: []byte(value)}) })
	return headers
}

// traceOf reads the trace that a record came with, nil when it is not sampled.
func (w *writer) traceOf(headers []port.Header) *trace.Context {
	if len(headers) == 0 || !w.cfg.Tracer.On() {
		return nil
	}
	c := w.cfg.Tracer.Received(func(name string) string {
		for _, h := range headers {
			if h.Key == name {
				return string(h.Value)
			}
		}
		return ""
	})
	if !c.IsSampled() {
		return nil
	}
	return &c
}

// traced is what the sampled commands of a batch left: where each ended in the journal, and
// under which traces its effects were opened, by attempt.
type traced struct {
	points []trace.Point
	opened map[string]trace.Context
}

// traceCommit leaves a span for every sampled command of a committed batch, from the
// moment the batch was begun to its commit. What waited for money of other shards has one of
// its own when it is decided.
func (w *writer) traceCommit(b *batch) (t traced) {
	if !w.cfg.Tracer.On() {
		return t
	}
	for _, c := range b.commands {
		for from := 0; from < len(c.results); {
			under, to := c.under(from), from+1
			for to < len(c.results) && c.under(to) == under {
				to++
			}
			if under != nil {
				w.traceResults(&t, b, c, *under, c.results[from:to])
			}
			from = to
		}
	}
	return t
}

// under is the trace of the command that a result is of.
func (c *decided) under(result int) *trace.Context {
	if whose := c.results[result].whose; whose != nil {
		return whose.trace
	}
	return c.trace
}

// traceResults leaves a span for results of one command.
func (w *writer) traceResults(t *traced, b *batch, c *decided, under trace.Context, results []*result) {
	span := w.cfg.Tracer.StartUnder(under, "decide and commit", trace.Consumer, b.began)
	defer span.End()
	command := c.command.GetId()
	if whose := results[0].whose; whose != nil {
		command = whose.command
	}
	span.Topic(w.cfg.Topics+topicCommands, "decide", int(w.shard), len(results))
	span.Offset(c.offset)
	span.Shard(int(w.shard))
	span.Command(command)
	span.Count("batch", b.operations)
	var first, last uint64
	for _, r := range results {
		if r.refusal != nil {
			span.Refuse(string(r.refusal.Code))
		}
		if r.pending {
			span.Mark("waits", true)
		}
		seq := r.sealed.Record.GetSeq()
		if seq == 0 {
			continue // answered before, or by nothing that is written
		}
		if first == 0 {
			first = seq
		}
		last = seq
		for _, e := range r.sealed.Record.GetEffects() {
			if t.opened == nil {
				t.opened = map[string]trace.Context{}
			}
			t.opened[e.GetAttempt()] = span.Context()
		}
	}
	if last > 0 {
		span.Records(int(w.shard), first, last)
		t.points = append(t.points, trace.Point{Seq: last, Trace: span.Context()})
	}
}

// traceCall begins the span of a call to the world.
func (e *Engine) traceCall(ctx context.Context, shard int, j *job, sends bool) (context.Context, trace.Span) {
	if !e.cfg.Tracer.On() {
		return ctx, trace.Span{}
	}
	ctx, span := e.cfg.Tracer.Start(trace.Under(ctx, j.trace), j.effect.GetPort()+"."+j.effect.GetVerb(), trace.Client)
	span.Shard(shard)
	span.Text("attempt", j.effect.GetAttempt())
	span.Text("flow", j.effect.GetFlow())
	span.Text("aggregate", j.effect.GetId())
	span.Mark("sends", sends)
	return ctx, span
}

// traceAnswer ends the span of a call to the world with what it answered.
func traceAnswer(span trace.Span, ans port.Answer) {
	span.Text("result", string(ans.Result))
	if ans.Result != port.Done {
		span.Refuse(string(ans.Result))
	}
	span.End()
}
