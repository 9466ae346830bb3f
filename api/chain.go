package api

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
func (s *Gate) Serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	control := http.NewResponseController(w)
	c := &call{requestID: requestID(r.Header.Get(requestIDHeader)), address: s.addressOf(r), program: r.UserAgent(), start: s.Now(), patience: func(d time.Duration) {
		// A caller who reads no answer holds its memory no longer. Not every writer can do it.
		_ = control.SetWriteDeadline(time.Now().Add(d + writeGrace)) // clock: of the network
	}}
	c.patience(s.cfg.MaxTimeout)
	defer s.aborted(r.Context(), c)
	w.Header().Set(requestIDHeader, c.requestID)
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
	if s.uploads[c.method] { // a body of any length, in messages that have limits of their own
		_ = control.SetReadDeadline(time.Now().Add(s.cfg.StreamTimeout)) // clock: of the network
	} else if r.Body != nil && r.Body != http.NoBody {
		r.Body = &limited{body: r.Body, left: s.cfg.MaxRequestBytes, tooLarge: func() error {
			refusal := fault.Refuse(fault.RequestTooLarge, "", "the request has more than %d bytes", s.cfg.MaxRequestBytes)
			err := toError(refusal)
			s.answered(r.Context(), c, s.Now(), refusal, err, nil)
			return err
		}}
	}
	next.ServeHTTP(w, r)
	if c.admitted && !c.noted { // it could not be read, and no method saw it
		refusal := fault.Refuse(fault.Malformed, "", "the request cannot be read")
		s.answered(r.Context(), c, c.start, refusal, toError(refusal), nil)
	}
}

// requestID keeps a caller's id that is fit for a log, or makes one.
func requestID(given string) string {
	if len(given) < 8 || len(given) > 64 {
		return newID()
	}
	for i := range len(given) {
		b := given[i]
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && b != '-' && b != '_' && b != '.' {
			return newID()
		}
	}
	return given
}

// newID makes an id that nobody else has.
func newID() string {
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

// options are those of every handler of ours.
func (s *Gate) options() []connect.HandlerOption {
	return []connect.HandlerOption{
		connect.WithCodec(binaryCodec{}),
		connect.WithCodec(jsonCodec{"json"}),
		connect.WithCodec(jsonCodec{"json; charset=utf-8"}),
		connect.WithReadMaxBytes(int(s.cfg.MaxRequestBytes)),
		withInflater(s.cfg.MaxRequestBytes),
		connect.WithCompressMinBytes(1024),
		connect.WithRequestGate(s.gate),
		connect.WithInterceptors(gatekeeper{s}, s.rules),
	}
}
