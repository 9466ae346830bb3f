package gate

import (
	"io"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/google/uuid"

	"github.com/provodka/provodka/ledger/fault"
)

// requestIDHeader carries the request's id in and out.
const requestIDHeader = "X-Request-Id"

// writeGrace is how long an answer may be on its way when its call is over.
const writeGrace = 30 * time.Second

// Serve serves a request: it gets an id and limits, and every call that was let in a line in
// the log.
func (g *Gate) Serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	control := http.NewResponseController(w)
	c := &Call{RequestID: requestID(r.Header.Get(requestIDHeader)), Address: g.addressOf(r), program: r.UserAgent(), start: g.Now(), patience: func(d time.Duration) {
		// A caller who reads no answer holds its memory no longer. Not every writer can do it.
		_ = control.SetWriteDeadline(time.Now().Add(d + writeGrace)) // clock: of the network
	}}
	c.patience(g.cfg.MaxTimeout)
	defer g.aborted(r.Context(), c)
	w.Header().Set(requestIDHeader, c.RequestID)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch {
	case strings.HasPrefix(r.URL.Path, RestPath):
		c.method = "rest" // until the gate knows the method
	case strings.HasPrefix(r.URL.Path, ProductPath):
		c.method, c.product = "product", true
	case len(r.URL.Path) > 1:
		c.method = r.URL.Path[1:]
	}
	r = r.WithContext(withCall(r.Context(), c))
	if g.uploads[c.method] { // a body of any length, in messages that have limits of their own
		_ = control.SetReadDeadline(time.Now().Add(g.cfg.StreamTimeout)) // clock: of the network
	} else if r.Body != nil && r.Body != http.NoBody {
		r.Body = &limited{body: r.Body, left: g.cfg.MaxRequestBytes, tooLarge: func() error {
			refusal := fault.Refuse(fault.RequestTooLarge, "", "the request has more than %d bytes", g.cfg.MaxRequestBytes)
			err := ToError(refusal)
			g.answered(r.Context(), c, g.Now(), refusal, err, nil)
			return err
		}}
	}
	next.ServeHTTP(w, r)
	if c.admitted && !c.noted { // it could not be read, and no method saw it
		refusal := fault.Refuse(fault.Malformed, "", "the request cannot be read")
		g.answered(r.Context(), c, c.start, refusal, ToError(refusal), nil)
	}
}

// requestID keeps a caller's id that is fit for a log, or makes one.
func requestID(given string) string {
	if len(given) < 8 || len(given) > 64 {
		return NewID()
	}
	for i := range len(given) {
		b := given[i]
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && b != '-' && b != '_' && b != '.' {
			return NewID()
		}
	}
	return given
}

// NewID makes an id that nobody else has.
func NewID() string {
	id, err := uuid.NewV7()
	if err != nil {
		panic("api: no randomness: " + err.Error())
	}
	return id.String()
}

// limited ends a body at its limit with an error of the table, whatever protocol
// reads it. It takes the rest off the line, within bounds, so that a caller who is
// still writing can read the answer.
type limited struct {
	body     io.ReadCloser
	left     int64
	tooLarge func() error
	err      error
}

// drainTimes is how many limits more are taken off the line.
const drainTimes = 4

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.body.Read(p)
	if int64(n) <= l.left {
		l.left -= int64(n)
		return n, err
	}
	n, l.left = int(l.left), 0
	l.err = l.tooLarge()
	_, _ = io.CopyN(io.Discard, l.body, drainTimes*(8<<20)) // what was meant to be read is refused already
	return n, l.err
}

// Close implements io.Closer.
func (l *limited) Close() error { return l.body.Close() }

// HTTPServer is a server for the handler with the limits that a door to the world
// needs. It speaks HTTP/1.1 and HTTP/2, with TLS and without: gRPC needs the latter.
func HTTPServer(h http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: h, Protocols: protocols,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
}

// Options are those of every handler of ours.
func (g *Gate) Options() []connect.HandlerOption {
	return []connect.HandlerOption{
		connect.WithCodec(binaryCodec{}),
		connect.WithCodec(jsonCodec{"json"}),
		connect.WithCodec(jsonCodec{"json; charset=utf-8"}),
		connect.WithReadMaxBytes(int(g.cfg.MaxRequestBytes)),
		withInflater(g.cfg.MaxRequestBytes),
		connect.WithCompressMinBytes(1024),
		connect.WithRequestGate(g.gate),
		connect.WithInterceptors(gatekeeper{g}, g.rules, scope{}),
	}
}
