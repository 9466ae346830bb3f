package gate

import (
	"context"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// scope gives the idempotency keys of a company's people the company's name, as the
// product's API does for its programs. Keys are of the whole book: without it the people of
// one company could take keys that another, or the house, is going to use.
type scope struct{}

// WrapUnary implements connect.Interceptor.
func (scope) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		scoped(ctx, req.Any())
		return next(ctx, req)
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (scope) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return next(ctx, scopedConn{conn, ctx})
	}
}

// WrapStreamingClient implements connect.Interceptor; we call nobody.
func (scope) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// scopedConn reads a stream's messages as single ones are read.
type scopedConn struct {
	connect.StreamingHandlerConn
	ctx context.Context
}

// Receive implements connect.StreamingHandlerConn.
func (c scopedConn) Receive(into any) error {
	err := c.StreamingHandlerConn.Receive(into)
	if err == nil {
		scoped(c.ctx, into)
	}
	return err
}

// scoped changes the keys of a request that its rules have accepted.
func scoped(ctx context.Context, request any) {
	who := CallOf(ctx).Who
	if m, ok := request.(proto.Message); ok && who.Session != nil && who.Owner != "" {
		scopeKeys(m.ProtoReflect(), "user:"+who.Owner+":", depthOfOwner)
	}
}

func scopeKeys(m protoreflect.Message, prefix string, depth int) {
	if depth == 0 {
		return
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Name() == "key" && f.Kind() == protoreflect.StringKind && !f.IsList():
			m.Set(f, protoreflect.ValueOfString(prefix+v.String()))
		case f.Kind() != protoreflect.MessageKind || f.IsMap() || !strings.HasPrefix(string(f.Message().FullName()), "provodka."):
		case f.IsList():
			for i := range v.List().Len() {
				scopeKeys(v.List().Get(i).Message(), prefix, depth-1)
			}
		default:
			scopeKeys(v.Message(), prefix, depth-1)
		}
		return true
	})
}
