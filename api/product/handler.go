package product

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"connectrpc.com/connect"
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/provodka/provodka/api/rest"
	"github.com/provodka/provodka/ledger/fault"
)

// keyHeader carries the idempotency key in and out.
const keyHeader = "Idempotency-Key"

// Caller is who asks: a company by its key.
type Caller struct {
	Book, Company string
	Personal      bool // may see personal data
}

// Config is what a handler is made of.
type Config struct {
	// Next serves the Connect paths of the methods.
	Next http.Handler
	// Caller says whose key a request carries.
	Caller func(*http.Request) (Caller, *fault.Refusal)
	// Refused notes a refusal that no method saw, and says its status of HTTP.
	Refused func(*http.Request, *fault.Refusal) int
}

// Handler serves the paths of product.md.
type Handler struct {
	cfg Config
	mux *http.ServeMux
}

// New makes a handler. A table that does not fit the program is an error.
func New(cfg Config) (*Handler, error) {
	routes, err := parse(document)
	if err != nil {
		return nil, err
	}
	h := &Handler{cfg: cfg, mux: http.NewServeMux()}
	for _, r := range routes {
		h.mux.HandleFunc(r.verb+" "+r.path, func(w http.ResponseWriter, req *http.Request) { h.serve(r, w, req) })
	}
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if _, pattern := h.mux.Handler(req); pattern != "" {
		h.mux.ServeHTTP(w, req)
		return
	}
	if verbs := rest.Verbs(h.mux, req); len(verbs) > 0 {
		w.Header().Set("Allow", strings.Join(verbs, ", "))
		r := fault.Refuse(fault.Malformed, "", "%s is not for this path", req.Method)
		h.cfg.Refused(req, r)
		send(w, http.StatusMethodNotAllowed, refused(r, nil))
		return
	}
	h.refuse(w, req, fault.Refuse(fault.NotFound, "", "there is no path %s", req.URL.Path), nil)
}

func (h *Handler) serve(r *route, w http.ResponseWriter, req *http.Request) {
	who, refusal := h.cfg.Caller(req)
	if refusal != nil {
		h.refuse(w, req, refusal, nil)
		return
	}
	if kind := req.Header.Get("Content-Type"); written(r.verb) && kind != "" && !strings.HasPrefix(kind, "application/json") {
		refusal := fault.Refuse(fault.Malformed, "Content-Type", "%q is not application/json", kind)
		h.cfg.Refused(req, refusal)
		send(w, http.StatusUnsupportedMediaType, refused(refusal, map[string][]string{"Content-Type": {"ожидается application/json"}}))
		return
	}
	a := &asked{Caller: who, route: r, id: req.PathValue("id"), raw: map[string]json.RawMessage{}, texts: map[string]string{}, lists: map[string][]string{}}
	if r.verb != http.MethodGet {
		if refusal := a.readKey(w, req); refusal != nil {
			h.refuse(w, req, refusal, map[string][]string{keyHeader: {"ключ: видимые знаки ASCII, вместе с именем компании не более 100"}})
			return
		}
	}
	refusal, err := a.read(req)
	var over *connect.Error
	switch {
	case errors.As(err, &over): // the limit's own refusal, noted already
		send(w, http.StatusRequestEntityTooLarge, refused(fault.Refuse(fault.RequestTooLarge, "", "%s", over.Message()), nil))
		return
	case err != nil:
		refusal = fault.Refuse(fault.Malformed, "", "the body broke off")
	}
	if refusal != nil {
		h.refuse(w, req, refusal, words(refusal.Field, refusal.Code.Lookup().Russian))
		return
	}
	message := r.call.request(a)
	if a.wrong.first != nil {
		h.refuse(w, req, a.wrong.first, a.wrong.words)
		return
	}
	raw, err := protojson.Marshal(message)
	if err != nil {
		h.refuse(w, req, fault.Refuse(fault.Malformed, "", "a text is not UTF-8"), nil)
		return
	}
	h.ask(r, w, req, raw)
}

// readKey takes the idempotency key, or makes one, and answers it.
func (a *asked) readKey(w http.ResponseWriter, req *http.Request) *fault.Refusal {
	key := req.Header.Get(keyHeader)
	if key == "" {
		id, err := uuid.NewV7()
		if err != nil {
			panic("product: no randomness: " + err.Error())
		}
		key = id.String()
	}
	a.key = "api:" + a.Company + ":" + key // another company's key is another key
	if len(a.key) > 100 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fault.Refuse(fault.Malformed, keyHeader, "the key is visible ASCII, at most 100 bytes with the company's name")
	}
	w.Header().Set(keyHeader, key)
	return nil
}

// ask calls the method and hands its answer on.
func (h *Handler) ask(r *route, w http.ResponseWriter, req *http.Request, message []byte) {
	answer := rest.Call(h.cfg.Next, req, r.call.procedure, bytes.NewReader(message))
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	if answer.Status != http.StatusOK {
		h.problem(r, w, rest.ReadProblem(answer.Status, answer.Body))
		return
	}
	shown, err := r.call.answer(answer.Body)
	if err != nil {
		h.refuse(w, req, fault.Refuse(fault.Internal, "", "the answer cannot be shown"), nil)
		return
	}
	if f, ok := shown.(file); ok {
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Content-Disposition", `inline; filename="`+f.name+`"`)
		h.Set("Content-Length", strconv.Itoa(len(f.bytes)))
		h.Set("Cache-Control", "no-store")
		_, _ = w.Write(f.bytes) // a caller who is gone reads nothing
		return
	}
	send(w, http.StatusOK, shown)
}

// problemAnswer is an error.
type problemAnswer struct {
	Code    string              `json:"code"`
	Message string              `json:"message"`
	Detail  string              `json:"detail"`
	Errors  map[string][]string `json:"errors"`
	Retry   string              `json:"retry"`
	Facts   map[string]string   `json:"facts,omitempty"`
}

// problem hands on the refusal of a method, its fields by their names here.
func (h *Handler) problem(r *route, w http.ResponseWriter, p rest.Problem) {
	out := problemAnswer{Code: p.Code, Message: cmp.Or(p.TitleRU, p.Title), Detail: p.Detail, Errors: map[string][]string{}, Retry: p.Retry, Facts: p.Facts}
	delete(out.Facts, "rule") // of the message, not of the document
	fields := p.Errors
	if len(fields) == 0 && p.Field != "" {
		fields = []rest.FieldProblem{{Field: p.Field, Code: p.Code}}
	}
	for _, f := range fields {
		name := fieldOf(f.Field)
		out.Errors[name] = append(out.Errors[name], r.words(name, f.Code))
	}
	p.SetRetry(w.Header())
	send(w, p.Status, out)
}

// words says what is wrong with a field: how it is written, when that is it, or the
// refusal's own sentence.
func (r *route) words(name, code string) string {
	if !fault.Known(code) {
		return code
	}
	info, f := fault.Code(code).Lookup(), r.field(name)
	switch {
	case f == nil || info.Kind != fault.Invalid:
		return info.Russian
	case info.Code == fault.Malformed || info.Code == fault.AmountInvalid:
		return f.words
	}
	return info.Russian + ": " + f.words
}

// words are those of one field; none of no field.
func words(field, text string) map[string][]string {
	if field == "" {
		return nil
	}
	return map[string][]string{field: {text}}
}

// refuse answers what no method saw.
func (h *Handler) refuse(w http.ResponseWriter, req *http.Request, r *fault.Refusal, fields map[string][]string) {
	if fields == nil {
		fields = words(r.Field, r.Code.Lookup().Russian)
	}
	send(w, h.cfg.Refused(req, r), refused(r, fields))
}

func refused(r *fault.Refusal, fields map[string][]string) problemAnswer {
	info := r.Code.Lookup()
	if fields == nil {
		fields = map[string][]string{}
	}
	return problemAnswer{Code: string(r.Code), Message: info.Russian, Detail: r.Reason, Errors: fields, Retry: string(info.Retry), Facts: r.Facts}
}

func send(w http.ResponseWriter, status int, v any) {
	raw, err := encode(v)
	if err != nil {
		panic("product: an answer is no JSON: " + err.Error()) // what it holds was read as JSON
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw) // a caller who is gone reads nothing
}
