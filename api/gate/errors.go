package gate

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

//go:embed errors.md
var errorsDocument string

// Domain is the domain of every google.rpc.ErrorInfo.
const Domain = "provodka"

// answerRow says how a refusal leaves the house.
type answerRow struct {
	code  connect.Code
	after time.Duration
}

var answers = mustAnswers()

func mustAnswers() map[fault.Code]answerRow {
	rows, err := parseAnswers(errorsDocument)
	if err != nil {
		panic(err)
	}
	return rows
}

// parseAnswers gives every code of the refusals' table its row.
func parseAnswers(text string) (map[fault.Code]answerRow, error) {
	tables, err := machine.ParseTables("api/gate/errors.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Errors")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Kind", "Code", "Protocol", "Retry after", "Meaning"); err != nil {
		return nil, err
	}
	kinds, own := map[fault.Kind]answerRow{}, map[fault.Code]answerRow{}
	for _, r := range t.Rows {
		var row answerRow
		if err := row.code.UnmarshalText([]byte(r.Cell("Protocol"))); err != nil {
			return nil, r.Errorf("%w", err)
		}
		if ms := r.Cell("Retry after"); ms != "" {
			n, err := strconv.Atoi(ms)
			if err != nil {
				return nil, r.Errorf("%w", err)
			}
			row.after = time.Duration(n) * time.Millisecond
		}
		if code := r.Cell("Code"); code == "" {
			kinds[fault.Kind(r.Cell("Kind"))] = row
		} else if !fault.Known(code) || fault.Code(code).Lookup().Kind != fault.Kind(r.Cell("Kind")) {
			return nil, r.Errorf("%q is no code of kind %s", code, r.Cell("Kind"))
		} else {
			own[fault.Code(code)] = row
		}
	}
	rows := map[fault.Code]answerRow{}
	for _, info := range fault.Table() {
		row, ok := kinds[info.Kind]
		if !ok {
			return nil, fmt.Errorf("api/gate/errors.md: no row for kind %s", info.Kind)
		}
		rows[info.Code] = row
	}
	maps.Copy(rows, own)
	return rows, nil
}

// FactRetryMS is the fact of a refusal that knows when asking again can help.
const FactRetryMS = "retry_after_ms"

// ToError makes a refusal an error of the protocol.
func ToError(r *fault.Refusal) *connect.Error { return toErrors(r, nil) }

// toErrors is toError with more fields that are wrong.
func toErrors(r *fault.Refusal, more []*errdetails.BadRequest_FieldViolation) *connect.Error {
	row, info := answers[r.Code], r.Code.Lookup()
	err := connect.NewError(row.code, r)
	metadata := map[string]string{"retry": string(info.Retry), "russian": info.Russian}
	maps.Copy(metadata, r.Facts)
	metadata["field"], metadata["reason"] = r.Field, r.Reason
	attach(err, &errdetails.ErrorInfo{Reason: string(r.Code), Domain: Domain, Metadata: metadata})
	if r.Field != "" && info.Kind != fault.Denied {
		violations := more
		if len(violations) == 0 {
			violations = []*errdetails.BadRequest_FieldViolation{violation(r.Field, r.Reason, r.Code)}
		}
		attach(err, &errdetails.BadRequest{FieldViolations: violations})
	}
	if info.Retry == fault.RetrySame {
		attach(err, &errdetails.RetryInfo{RetryDelay: durationpb.New(row.after)})
	} else if ms, failed := strconv.Atoi(r.Facts[FactRetryMS]); failed == nil {
		attach(err, &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(ms) * time.Millisecond)})
	}
	return err
}

func violation(field, reason string, code fault.Code) *errdetails.BadRequest_FieldViolation {
	return &errdetails.BadRequest_FieldViolation{Field: field, Description: reason, Reason: string(code)}
}

func attach(err *connect.Error, m proto.Message) {
	detail, failed := connect.NewErrorDetail(m)
	if failed != nil {
		panic("api: an error's detail cannot be encoded: " + failed.Error()) // our own texts
	}
	err.AddDetail(detail)
}

// RefusalOf finds out what an error of a handler means to its caller; nil when it is
// an error of the program, whose words stay inside.
func RefusalOf(err error) (*fault.Refusal, []*errdetails.BadRequest_FieldViolation) {
	var (
		refusal *fault.Refusal
		invalid *protovalidate.ValidationError
	)
	switch {
	case errors.As(err, &refusal):
		if !fault.Known(string(refusal.Code)) {
			return nil, nil // without a code it says nothing
		}
		return refusal, nil
	case errors.As(err, &invalid):
		return invalidRequest(invalid)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault.Refuse(fault.Unavailable, "", "no answer was found in time; ask again with the same key"), nil
	}
	return nil, nil
}

// invalidRequest turns the violations of a message's rules into a refusal that names
// the first field. A rule whose id is a code of the refusals' table says that code.
func invalidRequest(err *protovalidate.ValidationError) (*fault.Refusal, []*errdetails.BadRequest_FieldViolation) {
	var (
		first *fault.Refusal
		all   []*errdetails.BadRequest_FieldViolation
	)
	for _, v := range err.Violations {
		code := fault.Malformed
		if id := v.Proto.GetRuleId(); fault.Known(id) {
			code = fault.Code(id)
		}
		field, reason := protovalidate.FieldPathString(v.Proto.GetField()), v.Proto.GetMessage()
		if reason == "" {
			reason = "the rule " + v.Proto.GetRuleId() + " is broken"
		}
		if first == nil {
			first = fault.Refuse(code, field, "%s", reason).With("rule", v.Proto.GetRuleId())
		}
		all = append(all, violation(field, reason, code))
	}
	if first == nil {
		first = fault.Refuse(fault.Malformed, "", "%s", err.Error())
	}
	return first, all
}

// RefusalMessage is a refusal as a part of an answer.
func RefusalMessage(r *fault.Refusal) *ledgerv1.Refusal {
	if r == nil {
		return nil
	}
	info := r.Code.Lookup()
	return &ledgerv1.Refusal{
		Code: string(r.Code), Field: r.Field, Reason: r.Reason, Facts: r.Facts,
		Retry: RetryMessage(info.Retry), Russian: info.Russian,
	}
}

// RetryMessage says whether a retry helps.
func RetryMessage(r fault.Retry) ledgerv1.Retry {
	switch r {
	case fault.RetryNever:
		return ledgerv1.Retry_RETRY_NEVER
	case fault.RetryChanged:
		return ledgerv1.Retry_RETRY_CHANGED
	case fault.RetrySame:
		return ledgerv1.Retry_RETRY_SAME
	}
	return ledgerv1.Retry_RETRY_UNSPECIFIED
}

// FileRefusal puts the place in a file under the request's field.
func FileRefusal(r *fault.Refusal) *fault.Refusal {
	if r.Field == "" {
		r.Field = "file"
	} else {
		r.Field = "file: " + r.Field
	}
	return r
}

// OrRefusal is an error, or a refusal as one.
func OrRefusal(err error, r *fault.Refusal) error {
	if err != nil {
		return err
	}
	return r
}
