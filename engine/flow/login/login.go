package login

import (
	_ "embed"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/secret"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed login.md
var document string

// Name is the flow's name. Its id is the executor's.
const Name = "login"

// States.
const (
	Waiting = "waiting"
	Locked  = "locked"
	Open    = "open"
)

// Commands, with their bodies.
const (
	Ask         = "ask"          // LoginAsk
	Confirm     = "confirm"      // LoginCode
	Wrong       = "wrong"        // LoginCode
	EndSessions = "end_sessions" // no body
)

// What else happens, and what is asked.
const (
	askLast     = "ask_last"
	wrongLast   = "wrong_last"
	abandon     = "abandon"
	unlock      = "unlock"
	sent        = "sent"
	unsent      = "unsent"
	sendUnknown = "send_unknown"
	answerLate  = "answer_late"
	sendCode    = "send_code"
)

// Purpose is what the codes are derived of, and the text that brings them.
const Purpose = "executor_code"

// Codes is how many codes there are between two that were right.
const Codes = 5

// Life is how long a code lives, Pause how long the next one has to wait.
const (
	Life  = 10 * time.Minute
	Pause = time.Minute
)

var rule = secret.Rule{Field: "code", Life: Life, Pause: Pause, Tries: 5}

var words = flow.Words{
	States: []string{Waiting, Locked, Open},
	Events: []string{Ask, Confirm, Wrong, EndSessions, askLast, wrongLast, abandon, unlock, sent, unsent, sendUnknown, answerLate},
	Asks:   []string{sendCode},
}

// New gives the flow of login.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/login/login.md", document, decide, words)
}

// SessionsFrom is the moment before which sessions are over.
func SessionsFrom(d *flowv1.LoginData) time.Time {
	return flow.Moment(d.GetSessionsFrom())
}

// Living says whether a code of a number would be taken now, were it the right one.
func Living(d *flowv1.LoginData, number uint32, now time.Time) bool {
	return rule.Living(d.GetCode(), number, now) == nil
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	d := flow.ReadData(v, &flowv1.LoginData{})
	out := flow.Decision{On: c.Event, Asks: map[string][]byte{}}
	var refusal *fault.Refusal
	switch c.Event {
	case Ask:
		refusal = ask(v, c, d, &out)
	case Confirm, Wrong:
		refusal = entered(v, c, d, &out)
	case abandon, unlock:
		d.Code, d.Codes = secret.Rest(d.Code), 0
	case EndSessions:
		// Behind all that have begun: the log's moments are of whole milliseconds.
		d.SessionsFrom = flow.Text(v.Clock.Add(time.Millisecond))
	case sent, unsent, sendUnknown:
		if v.State != Waiting || c.Number != v.Attempts[sendCode] {
			out.On = answerLate
		}
	default:
		refusal = flow.WrongState(v, c)
	}
	if refusal != nil {
		return flow.Decision{}, refusal
	}
	out.Data = flow.Bytes(d)
	return out, nil
}

// ask issues a code, or lets the person rest.
func ask(v flow.View, c flow.Command, d *flowv1.LoginData, out *flow.Decision) *fault.Refusal {
	var b flowv1.LoginAsk
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if refusal := rule.Paused(d.Code, v.Clock); refusal != nil {
		return refusal
	}
	if d.Codes >= Codes {
		out.On, d.Code = askLast, secret.Rest(d.Code)
		return nil
	}
	d.Code, d.Codes = secret.Next(d.Code, v.Clock), d.Codes+1
	out.Asks[sendCode] = flow.Bytes(&flowv1.NotifyAsk{
		Book: v.Book, Purpose: Purpose, To: "executor", Id: v.ID, Version: b.ProfileVersion, About: v.ID, Number: d.Code.Number, Until: flow.Text(rule.Until(d.Code)),
	})
	return nil
}

// entered takes a code that the API has compared.
func entered(v flow.View, c flow.Command, d *flowv1.LoginData, out *flow.Decision) *fault.Refusal {
	var b flowv1.LoginCode
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if c.Event == Confirm {
		if refusal := rule.Living(d.Code, b.GetNumber(), v.Clock); refusal != nil {
			return refusal
		}
		d.Code, d.Codes = secret.Rest(d.Code), 0
		return nil
	}
	last, refusal := rule.Wrong(d.Code, b.GetNumber(), v.Clock)
	if refusal != nil {
		return refusal
	}
	if last && d.Codes >= Codes {
		out.On, d.Code = wrongLast, secret.Rest(d.Code)
	}
	return nil
}
