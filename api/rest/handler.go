package rest

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/provodka/provodka/ledger/fault"
)

// Handler serves the routes of methods by calling their Connect handlers.
type Handler struct {
	mux  *http.ServeMux
	next http.Handler
}

// New makes a handler of the methods' routes; next serves their Connect paths.
// Routes that cannot be told apart stop the program.
func New(methods []protoreflect.MethodDescriptor, next http.Handler) (*Handler, error) {
	routes, err := Routes(methods)
	if err != nil {
		return nil, err
	}
	h := &Handler{mux: http.NewServeMux(), next: next}
	for i := range routes {
		r := &routes[i]
		h.mux.HandleFunc(r.Verb+" "+r.Path, func(w http.ResponseWriter, req *http.Request) { h.serve(r, w, req) })
	}
	return h, nil
}

// ServeHTTP implements http.Handler. A path that no route has is refused as every
// other error is; one with other verbs names them in Allow.
func (h *Handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if _, pattern := h.mux.Handler(req); pattern != "" {
		h.mux.ServeHTTP(w, req)
		return
	}
	if verbs := h.verbs(req); len(verbs) > 0 {
		w.Header().Set("Allow", strings.Join(verbs, ", "))
		writeProblem(w, http.StatusMethodNotAllowed, fault.Refuse(fault.Malformed, "", "%s is not for this path", req.Method))
		return
	}
	writeProblem(w, http.StatusNotFound, fault.Refuse(fault.NotFound, "", "there is no path %s", req.URL.Path))
}

// verbs are those by which the request's path is served.
func (h *Handler) verbs(req *http.Request) []string {
	var verbs []string
	for _, verb := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := req.Clone(req.Context())
		other.Method = verb
		if _, pattern := h.mux.Handler(other); pattern != "" {
			verbs = append(verbs, verb)
		}
	}
	return verbs
}

func (h *Handler) serve(r *Route, w http.ResponseWriter, req *http.Request) {
	if kind := req.Header.Get("Content-Type"); r.Body && kind != "" && !strings.HasPrefix(kind, "application/json") {
		writeProblem(w, http.StatusUnsupportedMediaType, fault.Refuse(fault.Malformed, "Content-Type", "%q is not application/json", kind))
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		writeError(w, err)
		return
	}
	message, refusal := r.message(req, body)
	if refusal != nil {
		writeProblem(w, http.StatusBadRequest, refusal)
		return
	}
	call := req.Clone(req.Context())
	call.Method = http.MethodPost
	call.URL.Path = "/" + string(r.Method.Parent().FullName()) + "/" + string(r.Method.Name())
	call.URL.RawPath, call.URL.RawQuery = "", ""
	call.Body, call.ContentLength = io.NopCloser(bytes.NewReader(message)), int64(len(message))
	call.Header.Set("Content-Type", "application/json")
	for _, name := range []string{"Accept-Encoding", "Content-Encoding", "Content-Length", "Transfer-Encoding"} {
		call.Header.Del(name)
	}
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	h.next.ServeHTTP(answer, call)
	answer.send(w)
}

// recorder keeps the answer of the Connect handler.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *recorder) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *recorder) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *recorder) Write(p []byte) (int, error) { return a.body.Write(p) }

// send hands the answer on: as it is, or an error as a problem.
func (a *recorder) send(w http.ResponseWriter) {
	for name, values := range a.header {
		if name != "Content-Type" && name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	if a.status != http.StatusOK {
		sendProblem(w, a.status, a.body.Bytes())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	if _, err := w.Write(a.body.Bytes()); err != nil {
		return // the caller is gone
	}
}
