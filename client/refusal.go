package client

import (
	"errors"
	"maps"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// Retry says whether asking again can help.
type Retry string

// The answers to "can a retry help?".
const (
	RetryNever   Retry = "never"   // the same request will be refused again
	RetryChanged Retry = "changed" // after the books changed, with a new key
	RetrySame    Retry = "same"    // the same request with the same key
)

// Refusal is a refusal of a request, or of a part of one, that its caller can act on.
type Refusal struct {
	Code    string            // of the closed table: "insufficient_funds"
	Field   string            // path of the request's field; "" when it is about no field
	Reason  string            // English, with the numbers that decided it
	Russian string            // the code's words for people
	Retry   Retry             // whether asking again can help
	Facts   map[string]string // the numbers by name
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return r.Code + ": " + r.Reason
	}
	return r.Code + ": " + r.Field + ": " + r.Reason
}

// CodeOf is the code of the refusal in an error, one of the constants of package fault;
// "" when the error is none, or no refusal.
//
//	switch client.CodeOf(err) {
//	case fault.InsufficientFunds: …
func CodeOf(err error) fault.Code {
	var r *Refusal
	if !errors.As(err, &r) {
		return ""
	}
	return fault.Code(r.Code)
}

// RefusalOf makes a refusal of a part of an answer usable where Go wants an error;
// nil of nil.
func RefusalOf(r *ledgerv1.Refusal) *Refusal {
	if r == nil {
		return nil
	}
	words := map[ledgerv1.Retry]Retry{
		ledgerv1.Retry_RETRY_NEVER: RetryNever, ledgerv1.Retry_RETRY_CHANGED: RetryChanged, ledgerv1.Retry_RETRY_SAME: RetrySame,
	}
	return &Refusal{
		Code: r.GetCode(), Field: r.GetField(), Reason: r.GetReason(), Russian: r.GetRussian(), Retry: words[r.GetRetry()], Facts: r.GetFacts(),
	}
}

// failure is an error of the protocol together with the refusal that it carries.
type failure struct {
	refusal *Refusal
	cause   *connect.Error
}

// Error implements error.
func (f *failure) Error() string { return f.refusal.Error() }

// Unwrap gives both to errors.As and errors.Is.
func (f *failure) Unwrap() []error { return []error{f.refusal, f.cause} }

// domain is the ErrorInfo domain of the server's refusals.
const domain = "provodka"

// understand makes an error of the protocol a refusal, where it is one, and tells
// how long the server asks to wait; false when asking again cannot help.
func understand(err error) (wait time.Duration, again bool, out error) {
	var ce *connect.Error
	if !errors.As(err, &ce) {
		return 0, false, err
	}
	var refusal *Refusal
	for _, d := range ce.Details() {
		value, failed := d.Value()
		if failed != nil {
			continue
		}
		switch v := value.(type) {
		case *errdetails.ErrorInfo:
			if v.GetDomain() == domain {
				refusal = fromInfo(v)
			}
		case *errdetails.RetryInfo:
			wait, again = v.GetRetryDelay().AsDuration(), true
		}
	}
	if refusal != nil {
		return wait, again, &failure{refusal, ce}
	}
	// Nobody of ours answered: a connection that broke, a proxy. Keys make it safe.
	return 0, ce.Code() == connect.CodeUnavailable, err
}

func fromInfo(info *errdetails.ErrorInfo) *Refusal {
	facts := maps.Clone(info.GetMetadata())
	r := &Refusal{
		Code: info.GetReason(), Field: facts["field"], Reason: facts["reason"], Russian: facts["russian"], Retry: Retry(facts["retry"]),
	}
	for _, name := range []string{"field", "reason", "russian", "retry"} {
		delete(facts, name)
	}
	r.Facts = facts
	return r
}
