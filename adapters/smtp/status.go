package smtp

import (
	"errors"
	"fmt"
	"net/textproto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// step is how far a message came.
type step string

// The steps, in order.
const (
	dial  step = "dial"
	greet step = "greet"
	crypt step = "starttls"
	auth  step = "auth"
	from  step = "mail"
	rcpt  step = "rcpt"
	data  step = "data"
)

// table is every reply that is final. What is not here is Unknown: earlier steps are about
// us, a temporary reply may pass.
var table = []struct {
	at    step
	code  int
	means string
}{
	{rcpt, 501, "the address is written wrongly"},
	{rcpt, 550, "there is no such mailbox"},
	{rcpt, 551, "the mailbox is elsewhere"},
	{rcpt, 552, "the mailbox is full"},
	{rcpt, 553, "the address is not allowed"},
	{rcpt, 556, "the domain takes no mail"},
	{data, 550, "the message is not taken"},
	{data, 552, "the message is too large for the mailbox"},
	{data, 554, "the message is not taken"},
}

// understand turns the end of an exchange into an answer.
func understand(at step, err error) port.Answer {
	if err == nil {
		return port.Answer{Result: port.Done, Status: "data 250"}
	}
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return port.Unclear(string(at) + ": no answer")
	}
	status := fmt.Sprintf("%s %d", at, reply.Code)
	for _, r := range table {
		if r.at == at && r.code == reply.Code {
			return port.Answer{Result: port.Refused, Status: status, Code: fault.NoticeRefused, Reason: fault.NoticeRefused.Lookup().Russian}
		}
	}
	return port.Unclear(status)
}
