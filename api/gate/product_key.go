package gate

import (
	"net/http"
	"strings"

	"connectrpc.com/connect"

	"github.com/provodka/provodka/ledger/fault"
)

// Company says which company asks the product's API: a key of the house is of none.
func (g *Gate) Company(req *http.Request) (Principal, *fault.Refusal) {
	c := CallOf(req.Context())
	who, refusal := g.caller(req.Context(), c, req.Header.Get("Authorization"))
	if refusal != nil {
		return Principal{}, refusal
	}
	c.Who = who
	if who.Owner == "" || who.Session != nil {
		return Principal{}, fault.Refuse(fault.PermissionDenied, "", "%s takes keys of companies", strings.TrimSuffix(ProductPath, "/"))
	}
	return who, nil
}

// Refused notes a refusal that no method saw, as every other, and gives its HTTP status.
func (g *Gate) Refused(req *http.Request, r *fault.Refusal) int {
	err := ToError(r)
	g.answered(req.Context(), CallOf(req.Context()), g.Now(), r, err, nil)
	return statusOf(err)
}

// statusOf is the HTTP status of an error as the Connect protocol has it.
func statusOf(err *connect.Error) int {
	asked := &http.Request{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}}
	w := &statusWriter{header: http.Header{}}
	if connect.NewErrorWriter().Write(w, asked, err) != nil || w.status == 0 {
		return http.StatusInternalServerError
	}
	return w.status
}

// statusWriter keeps the status of an answer alone.
type statusWriter struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (w *statusWriter) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) { w.status = status }

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(p []byte) (int, error) { return len(p), nil }
