package smsru

import (
	"strconv"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// Questions that the service answers.
type question string

const (
	send   question = "send"
	status question = "status"
)

// row says what one code of the service means.
type row struct {
	asked  question
	code   int
	result port.Result
	fault  fault.Code // of a refusal
	means  string
}

// table is all that we understand. What is not here is Unknown, kept raw.
var table = []row{
	{send, 100, port.Done, "", "taken"},
	{send, 231, port.Done, "", "the same text went to the number within a minute: this message, sent before"},
	{send, 232, port.Done, "", "the same text went to the number within a day: this message, sent before"},
	{send, 150, port.Refused, fault.NoticeRefused, "no route to the number"},
	{send, 202, port.Refused, fault.NoticeRefused, "the number is wrong, or has no route"},
	{send, 207, port.Refused, fault.NoticeRefused, "nothing may be sent to the number"},
	{send, 209, port.Refused, fault.NoticeRefused, "the number is in our stop list"},
	{send, 214, port.Refused, fault.NoticeRefused, "the number is abroad"},
	{send, 215, port.Refused, fault.NoticeRefused, "the number asked not to be written to"},
	{send, 230, port.Refused, fault.TooOften, "the day's limit of messages to the number"},
	{send, 233, port.Refused, fault.TooOften, "too many codes to the number in a short time"},
	{send, 200, port.Unknown, "", "our api_id"},
	{send, 201, port.Unknown, "", "our account has no money"},
	{send, 204, port.Unknown, "", "our sender's name"},
	{send, 206, port.Unknown, "", "our day's limit"},
	{send, 220, port.Unknown, "", "not available now"},
	{send, 300, port.Unknown, "", "our token"},
	{send, 301, port.Unknown, "", "our login"},
	{send, 302, port.Unknown, "", "our account is not confirmed"},
	{send, 500, port.Unknown, "", "an error of the service"},

	{status, 103, port.Done, "", "delivered"},
	{status, 110, port.Done, "", "read"},
	{status, 104, port.Refused, fault.NoticeRefused, "not delivered: its time is over"},
	{status, 105, port.Refused, fault.NoticeRefused, "not delivered: removed by the operator"},
	{status, 106, port.Refused, fault.NoticeRefused, "not delivered: the phone failed"},
	{status, 107, port.Refused, fault.NoticeRefused, "not delivered: nobody says why"},
	{status, 108, port.Refused, fault.NoticeRefused, "not delivered: refused"},
	{status, 150, port.Refused, fault.NoticeRefused, "not delivered: no route"},
}

// understand looks a code up.
func understand(asked question, code int) port.Answer {
	raw := strconv.Itoa(code)
	for _, r := range table {
		if r.asked != asked || r.code != code {
			continue
		}
		a := port.Answer{Result: r.result, Status: raw, Code: r.fault}
		if r.fault != "" {
			a.Reason = r.fault.Lookup().Russian
		}
		return a
	}
	return port.Unclear(raw)
}
