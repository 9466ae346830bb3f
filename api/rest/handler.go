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
	if verbs := Verbs(h.mux, req); len(verbs) > 0 {
		w.Header().Set("Allow", strings.Join(verbs, ", "))
		writeProblem(w, http.StatusMethodNotAllowed, fault.Refuse(fault.Malformed, "", "%s is not for this path", req.Method))
		return
	}
	writeProblem(w, http.StatusNotFound, fault.Refuse(fault.NotFound, "", "there is no path %s", req.URL.Path))
}

// Verbs are those by which a mux serves the request's path.
func Verbs(mux *http.ServeMux, req *http.Request) []string {
	var verbs []string
	for _, verb := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := req.Clone(req.Context())
		other.Method = verb
		if _, pattern := mux.Handler(other); pattern != "" {
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
	asked := &translation{route: r, req: req}
	answer := Call(h.next, req, methodPath(r.Method), asked)
	if asked.err != nil {
		writeError(w, asked.err)
		return
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	if answer.Status != http.StatusOK {
		p := ReadProblem(answer.Status, answer.Body)
		p.write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer.Body)))
	if _, err := w.Write(answer.Body); err != nil {
		return // the caller is gone
	}
}

// translation is the method's JSON request. The caller's body is read when the Connect
// handler asks for it, which is after it has seen whose key it is.
type translation struct {
	route   *Route
	req     *http.Request
	message *bytes.Reader
	err     error // of the body, or a *fault.Refusal of what stands in it
}

// Read implements io.Reader.
func (t *translation) Read(p []byte) (int, error) {
	if t.err == nil && t.message == nil {
		t.message, t.err = t.read()
	}
	if t.err != nil {
		return 0, t.err
	}
	return t.message.Read(p)
}

func (t *translation) read() (*bytes.Reader, error) {
	body, err := io.ReadAll(t.req.Body)
	if err != nil {
		return nil, err
	}
	message, refusal := t.route.message(t.req, body)
	if refusal != nil {
		return nil, refusal
	}
	return bytes.NewReader(message), nil
}

func methodPath(m protoreflect.MethodDescriptor) string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// Answer is what a Connect handler answered: JSON, or the JSON of an error.
type Answer struct {
	Status int
	Header http.Header // without those of the body
	Body   []byte
}

// Call asks a Connect handler inside the process: the message is the method's JSON
// request, everything else is the outer request's.
func Call(next http.Handler, req *http.Request, path string, message io.Reader) Answer {
	call := req.Clone(req.Context())
	call.Method = http.MethodPost
	call.URL.Path = path
	call.URL.RawPath, call.URL.RawQuery = "", ""
	call.Body, call.ContentLength = io.NopCloser(message), -1 // not known before it is read
	call.Header.Set("Content-Type", "application/json")
	for _, name := range []string{"Accept-Encoding", "Content-Encoding", "Content-Length", "Transfer-Encoding"} {
		call.Header.Del(name)
	}
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(answer, call)
	answer.header.Del("Content-Type")
	answer.header.Del("Content-Length")
	return Answer{Status: answer.status, Header: answer.header, Body: answer.body.Bytes()}
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
