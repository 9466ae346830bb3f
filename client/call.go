package client

import (
	"context"
	"errors"
	"io"
	"math/rand/v2" // clock: pauses between attempts, nothing that is decided
	"time"

	"connectrpc.com/connect"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// caller is the interceptor that makes a call: fills in, sends, sends again.
type caller struct {
	settings
	authorization string
}

// WrapUnary implements connect.Interceptor.
func (c *caller) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		req.Header().Set("Authorization", c.authorization)
		if m, ok := req.Any().(proto.Message); ok {
			if err := c.complete(m.ProtoReflect()); err != nil {
				return nil, err
			}
		}
		return c.send(ctx, req, next)
	}
}

// WrapStreamingClient implements connect.Interceptor. A stream is not asked for again:
// what has come of it is with the caller already.
func (c *caller) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		conn.RequestHeader().Set("Authorization", c.authorization)
		return stream{conn, c}
	}
}

// stream fills in what is sent and understands how it ends.
type stream struct {
	connect.StreamingClientConn
	caller *caller
}

// Send implements connect.StreamingClientConn.
func (s stream) Send(message any) error {
	if m, ok := message.(proto.Message); ok {
		if err := s.caller.complete(m.ProtoReflect()); err != nil {
			return err
		}
	}
	return s.StreamingClientConn.Send(message)
}

// Receive implements connect.StreamingClientConn.
func (s stream) Receive(message any) error {
	err := s.StreamingClientConn.Receive(message)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	_, _, err = understand(err)
	return err
}

// WrapStreamingHandler implements connect.Interceptor; it serves nobody.
func (c *caller) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// complete fills in the book and the keys that the caller left empty.
func (c *caller) complete(m protoreflect.Message) error {
	if f := textField(m, "book"); f != nil && c.book != "" && m.Get(f).String() == "" {
		m.Set(f, protoreflect.ValueOfString(c.book))
	}
	if err := fillKey(m); err != nil {
		return err
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Message() == nil || !m.Has(f) {
			continue
		}
		if !f.IsList() {
			if f.ContainingOneof() != nil { // what is asked for has the key
				if err := fillKey(m.Mutable(f).Message()); err != nil {
					return err
				}
			}
			continue
		}
		for list, j := m.Mutable(f).List(), 0; j < list.Len(); j++ {
			if err := fillKey(list.Get(j).Message()); err != nil {
				return err
			}
		}
	}
	return nil
}

// fillKey makes the idempotency key of a message that has none.
func fillKey(m protoreflect.Message) error {
	f := textField(m, "key")
	if f == nil || m.Get(f).String() != "" {
		return nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	m.Set(f, protoreflect.ValueOfString(id.String()))
	return nil
}

// textField is a field of the name that is a text and no choice of several; a key of
// a question (GetEntry) is one of several.
func textField(m protoreflect.Message, name protoreflect.Name) protoreflect.FieldDescriptor {
	f := m.Descriptor().Fields().ByName(name)
	if f == nil || f.Kind() != protoreflect.StringKind || f.IsList() || f.ContainingOneof() != nil {
		return nil
	}
	return f
}

// send sends the request until it is answered for good.
func (c *caller) send(ctx context.Context, req connect.AnyRequest, next connect.UnaryFunc) (connect.AnyResponse, error) {
	var kept connect.AnyResponse
	for attempt, pause := 1, c.first; ; attempt, pause = attempt+1, min(2*pause, c.longest) {
		answer, err := next(ctx, req)
		wait, again := time.Duration(0), false
		if err != nil {
			wait, again, err = understand(err)
		} else {
			answer, again = merge(kept, answer), busy(answer)
			kept = answer
		}
		if !again || attempt >= c.attempts {
			return answer, err
		}
		// Callers who were turned away together do not come back together.
		if !sleep(ctx, max(wait, pause)+rand.N(pause/2+1)) {
			return answer, err
		}
	}
}

// busy says whether a part of a batch may be done by asking again with its key.
func busy(answer connect.AnyResponse) bool {
	post, ok := answer.Any().(*ledgerv1.PostResponse)
	if !ok {
		return false
	}
	for _, r := range post.GetResults() {
		if r.GetRefusal().GetRetry() == ledgerv1.Retry_RETRY_SAME {
			return true
		}
	}
	return false
}

// merge keeps the first answer of every part that had one.
func merge(kept, answer connect.AnyResponse) connect.AnyResponse {
	if kept == nil {
		return answer
	}
	before, ok := kept.Any().(*ledgerv1.PostResponse)
	now, same := answer.Any().(*ledgerv1.PostResponse)
	if !ok || !same || len(before.GetResults()) != len(now.GetResults()) {
		return answer
	}
	for i, r := range before.GetResults() {
		if r.GetRefusal().GetRetry() != ledgerv1.Retry_RETRY_SAME {
			now.Results[i] = r
		}
	}
	return answer
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
