package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/trace"
)

// gatekeeper is the outermost interceptor, of single answers and of streams: deadline,
// panics, errors of the table, log and metrics; then what the codecs found wrong, and
// foreign books.
type gatekeeper struct{ *Gate }

// WrapUnary implements connect.Interceptor.
func (g gatekeeper) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (answer connect.AnyResponse, err error) {
		limit := g.cfg.MaxTimeout
		if _, ok := ctx.Deadline(); !ok {
			limit = g.cfg.Timeout
		}
		err = g.observe(ctx, limit, req.Header(), func(ctx context.Context) error {
			if err := g.Readable(ctx, req.Any()); err != nil {
				return err
			}
			answer, err = next(ctx, req)
			return err
		})
		if err != nil {
			return nil, err
		}
		return answer, nil
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (g gatekeeper) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		if patience := CallOf(ctx).patience; patience != nil {
			patience(g.cfg.StreamTimeout)
		}
		return g.observe(ctx, g.cfg.StreamTimeout, conn.RequestHeader(), func(ctx context.Context) error {
			return next(ctx, readableConn{conn, g, ctx})
		})
	}
}

// WrapStreamingClient implements connect.Interceptor; we call nobody.
func (g gatekeeper) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// readableConn reads a stream's messages as single ones are read.
type readableConn struct {
	connect.StreamingHandlerConn
	gate gatekeeper
	ctx  context.Context
}

// Receive implements connect.StreamingHandlerConn.
func (c readableConn) Receive(into any) error {
	if err := c.StreamingHandlerConn.Receive(into); err != nil {
		return err
	}
	return c.gate.Readable(c.ctx, into)
}

// observe serves a call; the error it gives back is of the protocol.
func (g *Gate) observe(ctx context.Context, limit time.Duration, headers http.Header, serve func(context.Context) error) error {
	c, start := CallOf(ctx), g.Now()
	g.metrics.inFlight.Inc()
	defer g.metrics.inFlight.Dec()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ctx, span := g.trace(ctx, c, headers)
	defer span.End()
	err := g.recovered(ctx, c, serve)
	if err == nil {
		g.answered(ctx, c, start, nil, nil, nil)
		return nil
	}
	refusal, fields := RefusalOf(err)
	if refusal == nil {
		refusal = fault.Refuse(fault.Internal, "", "the service failed; the request id is %s", c.RequestID)
	} else {
		err = nil // the refusal says it
	}
	out := toErrors(refusal, fields)
	attach(out, &errdetails.RequestInfo{RequestId: c.RequestID})
	span.Refuse(string(refusal.Code))
	g.answered(ctx, c, start, refusal, out, err)
	return out
}

// trace begins the span of a call, within its caller's trace if he has one. A span
// says who and what, never what was asked.
func (g *Gate) trace(ctx context.Context, c *Call, headers http.Header) (context.Context, trace.Span) {
	ctx, span := g.Tracer.Start(g.Tracer.Receive(ctx, headers.Get), c.method, trace.Server)
	span.Text("request_id", c.RequestID)
	span.Text("api_key", c.Who.ID)
	span.Text("book", c.Who.Book)
	return ctx, span
}

// ErrPanicked is what a call that panicked ends with.
var ErrPanicked = errors.New("panicked")

// recovered serves the call and turns a panic into an error.
func (g *Gate) recovered(ctx context.Context, c *Call, serve func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			g.panicked(ctx, c, p)
			err = ErrPanicked
		}
	}()
	return serve(ctx)
}

// Recovered does a part of the call that nobody else watches: a panic there ends the part alone.
func (g *Gate) Recovered(ctx context.Context, serve func(context.Context) error) error {
	return g.recovered(ctx, CallOf(ctx), serve)
}

// aborted ends the connection of a request that panicked outside of a call, without the
// server's own words about it.
func (g *Gate) aborted(ctx context.Context, c *Call) {
	if p := recover(); p != nil {
		if p != http.ErrAbortHandler { //nolint:errorlint // it is thrown, not returned
			g.panicked(ctx, c, p)
		}
		panic(http.ErrAbortHandler)
	}
}

// panicked notes a panic. Its text may hold what the request held: the stack alone is
// logged.
func (g *Gate) panicked(ctx context.Context, c *Call, p any) {
	g.metrics.panics.WithLabelValues(c.method).Inc()
	g.Logger.ErrorContext(ctx, "a call panicked", "request_id", c.RequestID, "method", c.method,
		"panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
}

// booked is a request that names a book.
type booked interface{ GetBook() string }

// Readable answers what the codecs found wrong, and foreign books.
func (g *Gate) Readable(ctx context.Context, request any) error {
	m, ok := request.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is no message", request)
	}
	if refusal := refused(m); refusal != nil {
		return refusal
	}
	if b, ok := m.(booked); ok {
		if refusal := checkBook(CallOf(ctx).Who, b.GetBook()); refusal != nil {
			return refusal
		}
	}
	c := CallOf(ctx)
	if refusal := checkOwner(c.Who, m.ProtoReflect(), "", depthOfOwner); refusal != nil {
		return refusal
	}
	if !g.reads[c.method] { // a key of the house may be looked up
		if refusal := checkKeys(c.Who, m.ProtoReflect(), "", depthOfOwner); refusal != nil {
			return refusal
		}
	}
	return nil
}

// answered writes one line and counts. inside is an error of the program.
func (g *Gate) answered(ctx context.Context, c *Call, start time.Time, refusal *fault.Refusal, out *connect.Error, inside error) {
	took := g.Now().Sub(start)
	c.noted = true
	code := "ok"
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("request_id", c.RequestID), slog.String("method", c.method),
		slog.String("api_key", c.Who.ID), slog.String("book", c.Who.Book), slog.Duration("took", took),
	}
	if out != nil {
		code = out.Code().String()
		// Only the code and the field: a reason may repeat what the caller wrote.
		attrs = append(attrs, slog.String("reason", string(refusal.Code)), slog.String("field", refusal.Field))
		g.metrics.refusals.WithLabelValues(c.method, string(refusal.Code)).Inc()
	}
	if inside != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("error", inside))
	}
	if len(c.commands) > 0 {
		attrs = append(attrs, slog.Any("command", c.commands))
	}
	for _, part := range c.parts {
		g.metrics.refusals.WithLabelValues(c.method, string(part)).Inc()
	}
	g.metrics.requests.WithLabelValues(c.method, code).Inc()
	g.metrics.seconds.WithLabelValues(c.method).Observe(took.Seconds())
	g.Logger.LogAttrs(ctx, level, "rpc", append(attrs, slog.String("code", code))...)
}
