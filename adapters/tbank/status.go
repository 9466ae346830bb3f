package tbank

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/call"
	"github.com/provodka/provodka/ledger/fault"
)

// Questions that the bank answers.
type question string

const (
	pay    question = "POST pay"
	status question = "GET payment"
)

// row says what one word of the bank means.
type row struct {
	asked  question
	http   int    // HTTP status
	word   string // status of a payment, "" when the HTTP status alone decides
	result port.Result
	code   fault.Code // of a refusal
	means  string
}

// inProgress is the bank's word for "accepted, not executed yet".
const inProgress = "IN_PROGRESS"

// table is all that we understand. What is not here is Unknown, kept raw.
var table = []row{
	{pay, http.StatusOK, "", port.Unknown, "", "accepted: ask for the status"},
	{pay, http.StatusCreated, "", port.Unknown, "", "accepted: ask for the status"},
	{pay, http.StatusAccepted, "", port.Unknown, "", "accepted: ask for the status"},
	{pay, http.StatusBadRequest, "", port.Refused, fault.PayoutRefused, "the request is wrong; the bank's words say how"},
	{pay, http.StatusUnprocessableEntity, "", port.Refused, fault.PayoutRefused, "limits, funds, requisites: the bank will not pay this; which, its error code says, by the configuration ?"},
	{pay, http.StatusUnauthorized, "", port.Unknown, "", "our token: not the payment's fault"},
	{pay, http.StatusForbidden, "", port.Unknown, "", "our rights: not the payment's fault"},
	{pay, http.StatusTooManyRequests, "", port.Unknown, "", "too fast: ask again"},

	{status, http.StatusOK, inProgress, port.Unknown, "", "accepted, not executed yet"},
	{status, http.StatusOK, "EXECUTED", port.Done, "", "the money left"},
	{status, http.StatusOK, "FAILED", port.Refused, fault.PayoutRefused, "final; errorMessage says why"},
	{status, http.StatusOK, "CANCELLED", port.Refused, fault.PayoutRefused, "final; cancelled at the bank"},
	{status, http.StatusNotFound, "", port.NotFound, "", "the bank has never heard of the id ?"},
	{status, http.StatusUnauthorized, "", port.Unknown, "", "our token"},
	{status, http.StatusForbidden, "", port.Unknown, "", "our rights"},
	{status, http.StatusTooManyRequests, "", port.Unknown, "", "too fast: ask again"},
}

// understand turns an exchange into an answer by the table.
func understand(asked question, reply call.Reply, err error) port.Answer {
	if err != nil {
		return port.Unclear(bound(err.Error()))
	}
	if reply.Status/100 == 2 && asked == status {
		var m statusMessage
		if json.Unmarshal(reply.Body, &m) != nil || m.Status == "" {
			return port.Unclear(fmt.Sprintf("http %d without a status", reply.Status))
		}
		return answer(asked, reply.Status, m.Status, m.ErrorMessage, bound(m.Status))
	}
	words, theirs := parseError(reply.Body)
	a := answer(asked, reply.Status, "", words.ErrorMessage, bound(cmp.Or(words.ErrorCode, fmt.Sprintf("http %d", reply.Status))))
	if !theirs && (a.Result == port.Refused || a.Result == port.NotFound) {
		// Something between us and the bank answered: it does not speak for the bank.
		return port.Unclear(fmt.Sprintf("http %d without the bank's words", reply.Status))
	}
	return a
}

// answer looks the table up.
func answer(asked question, code int, word, reason, raw string) port.Answer {
	for _, r := range table {
		if r.asked == asked && r.http == code && r.word == word {
			return port.Answer{Result: r.result, Status: raw, Code: r.code, Reason: reason}
		}
	}
	return port.Answer{Result: port.Unknown, Status: raw, Reason: reason}
}

// accepted says whether POST was taken: the bank has the payment now.
func accepted(reply call.Reply, err error) bool { return err == nil && reply.Status/100 == 2 }
