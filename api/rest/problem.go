package rest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/fault"
)

// Problem is an error as RFC 9457 writes it, with the refusal's own members.
type Problem struct {
	// Type names the refusal: "urn:provodka:refusal:insufficient_funds".
	Type string `json:"type"`
	// Title is the refusal's sentence, the same for every case.
	Title string `json:"title"`
	// TitleRU is the same in Russian, for people.
	TitleRU string `json:"title_ru,omitempty"`
	// Status is the answer's HTTP status.
	Status int `json:"status"`
	// Detail says what decided this case, with its numbers.
	Detail string `json:"detail,omitempty"`
	// Code of the refusals' table.
	Code string `json:"code"`
	// Field of the request that is wrong.
	Field string `json:"field,omitempty"`
	// Retry says whether asking again can help: never, changed, same.
	Retry string `json:"retry,omitempty"`
	// RetryAfterMS is when to ask again, milliseconds.
	RetryAfterMS int64 `json:"retry_after_ms,omitempty"`
	// Facts are the numbers that decided it, by name.
	Facts map[string]string `json:"facts,omitempty"`
	// Errors lists every field that is wrong, when there are several.
	Errors []FieldProblem `json:"errors,omitempty"`
}

// FieldProblem is one field that is wrong.
type FieldProblem struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

const problemType = "urn:provodka:refusal:"

// connectError is the JSON that the Connect protocol writes for an error.
type connectError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"details"`
}

// ReadProblem turns a Connect error into a problem.
func ReadProblem(status int, body []byte) Problem {
	var e connectError
	if json.Unmarshal(body, &e) != nil || e.Code == "" {
		e.Code = "internal"
	}
	p := Problem{Type: "about:blank", Title: e.Message, Status: status, Code: e.Code}
	for _, d := range e.Details {
		raw, err := base64.RawStdEncoding.DecodeString(d.Value)
		if err != nil {
			continue
		}
		switch d.Type {
		case "google.rpc.ErrorInfo":
			p.info(raw)
		case "google.rpc.BadRequest":
			p.fields(raw)
		case "google.rpc.RetryInfo":
			p.retry(raw)
		}
	}
	return p
}

func (p *Problem) info(raw []byte) {
	m := new(errdetails.ErrorInfo)
	if proto.Unmarshal(raw, m) != nil {
		return
	}
	p.Code, p.Type = m.GetReason(), problemType+m.GetReason()
	if fault.Known(m.GetReason()) {
		info := fault.Code(m.GetReason()).Lookup()
		p.Title, p.TitleRU = info.English, info.Russian
	}
	facts := m.GetMetadata()
	p.Field, p.Detail, p.Retry = facts["field"], facts["reason"], facts["retry"]
	for _, own := range []string{"field", "reason", "retry", "russian"} {
		delete(facts, own)
	}
	p.Facts = facts
}

func (p *Problem) fields(raw []byte) {
	m := new(errdetails.BadRequest)
	if proto.Unmarshal(raw, m) != nil || len(m.GetFieldViolations()) < 2 {
		return
	}
	for _, v := range m.GetFieldViolations() {
		p.Errors = append(p.Errors, FieldProblem{Field: v.GetField(), Detail: v.GetDescription(), Code: v.GetReason()})
	}
}

func (p *Problem) retry(raw []byte) {
	m := new(errdetails.RetryInfo)
	if proto.Unmarshal(raw, m) == nil {
		p.RetryAfterMS = m.GetRetryDelay().AsDuration().Milliseconds()
	}
}

// write sends the problem.
func (p *Problem) write(w http.ResponseWriter) {
	raw, err := json.Marshal(p)
	if err != nil {
		panic("rest: a problem is no JSON: " + err.Error()) // texts and numbers only
	}
	p.SetRetry(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(raw) // a caller who is gone reads nothing
}

// SetRetry says when to ask again in Retry-After: whole seconds, rounded up.
func (p *Problem) SetRetry(header http.Header) {
	if p.Retry == string(fault.RetrySame) {
		header.Set("Retry-After", strconv.FormatInt((p.RetryAfterMS+999)/1000, 10))
	}
}

// writeProblem refuses what never reached a method.
func writeProblem(w http.ResponseWriter, status int, r *fault.Refusal) {
	info := r.Code.Lookup()
	p := Problem{
		Type: problemType + string(r.Code), Title: info.English, TitleRU: info.Russian, Status: status,
		Detail: r.Reason, Code: string(r.Code), Field: r.Field, Retry: string(info.Retry), Facts: r.Facts,
	}
	p.write(w)
}

// writeError answers an error of the body: what stands in it is refused, it is more
// than the limit, or the caller broke off.
func writeError(w http.ResponseWriter, err error) {
	var refusal *fault.Refusal
	var over *connect.Error
	switch {
	case errors.As(err, &refusal):
		writeProblem(w, http.StatusBadRequest, refusal)
	case errors.As(err, &over):
		writeProblem(w, http.StatusRequestEntityTooLarge, fault.Refuse(fault.RequestTooLarge, "", "%s", over.Message()))
	default:
		writeProblem(w, http.StatusBadRequest, fault.Refuse(fault.Malformed, "", "the body broke off"))
	}
}
