package rustore

import (
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// row says what one word of the service means.
type row struct {
	status string
	result port.Result
	fault  fault.Code // of a refusal
	means  string
}

// taken is our word for an answer without an error.
const taken = "OK"

// table is all that we understand. What is not here is Unknown, kept raw.
var table = []row{
	{taken, port.Done, "", "taken for the device"},
	{"NOT_FOUND", port.Refused, fault.NoticeRefused, "no device has the token: the application was removed, or the token replaced"},
	{"UNREGISTERED", port.Refused, fault.NoticeRefused, "the same, in Firebase's words"},
	{"INVALID_ARGUMENT", port.Unknown, "", "our request, or the token: not said which"},
	{"INTERNAL", port.Unknown, "", "an error of the service"},
	{"TOO_MANY_REQUESTS", port.Unknown, "", "too many messages"},
	{"PERMISSION_DENIED", port.Unknown, "", "our service token"},
}

// understand looks a word up.
func understand(status string) port.Answer {
	for _, r := range table {
		if r.status != status {
			continue
		}
		a := port.Answer{Result: r.result, Status: status, Code: r.fault}
		if r.fault != "" {
			a.Reason = r.fault.Lookup().Russian
		}
		return a
	}
	return port.Unclear("a word that is not in the table")
}
