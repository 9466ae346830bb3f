package secret

import (
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// FactAfter is a too_often refusal's fact: when it may be asked for again, RFC 3339.
const FactAfter = "after"

// Rule is what holds for one kind of secret.
type Rule struct {
	Field string        // what refusals call it: "code" or "link"
	Life  time.Duration // how long one lives
	Pause time.Duration // between two
	Tries uint32        // wrong entries that one takes; 0 = they are not counted
}

// Next is the next one: the one before is dead, and its number never comes again.
func Next(before *flowv1.Issued, clock time.Time) *flowv1.Issued {
	return &flowv1.Issued{Number: before.GetNumber() + 1, At: flow.Text(clock)}
}

// Rest kills the one that is out. Numbers go on after it.
func Rest(out *flowv1.Issued) *flowv1.Issued { return &flowv1.Issued{Number: out.GetNumber()} }

// Paused refuses the next one while it comes too soon after the one before.
func (r Rule) Paused(before *flowv1.Issued, clock time.Time) *fault.Refusal {
	if before.GetAt() == "" {
		return nil
	}
	if after := flow.Moment(before.At).Add(r.Pause); clock.Before(after) {
		return fault.Refuse(fault.TooOften, "event", "the next one may be asked for at %s", after.Format(time.RFC3339)).
			With(FactAfter, after.Format(time.RFC3339))
	}
	return nil
}

// Living refuses a number that is not the newest, is too old, or has no tries left.
func (r Rule) Living(out *flowv1.Issued, number uint32, clock time.Time) *fault.Refusal {
	switch {
	case number == 0:
		return fault.Refuse(fault.Malformed, "number", "which %s was compared is not said", r.Field)
	case out.GetAt() == "" || number != out.Number:
		return fault.Refuse(fault.CodeExpired, r.Field, "a newer %s was issued, or none lives", r.Field)
	case !clock.Before(r.Until(out)):
		return fault.Refuse(fault.CodeExpired, r.Field, "the %s lived until %s", r.Field, r.Until(out).Format(time.RFC3339))
	case r.Tries > 0 && out.Wrong >= r.Tries:
		return fault.Refuse(fault.CodeExpired, r.Field, "all %d tries of the %s are used", r.Tries, r.Field)
	}
	return nil
}

// Wrong counts a wrong entry of one that lives, and says whether it was the last try.
// One that is dead already costs nothing more.
func (r Rule) Wrong(out *flowv1.Issued, number uint32, clock time.Time) (last bool, _ *fault.Refusal) {
	if refusal := r.Living(out, number, clock); refusal != nil {
		return false, refusal
	}
	out.Wrong++
	return r.Tries > 0 && out.Wrong >= r.Tries, nil
}

// Until is the moment when one that is out dies.
func (r Rule) Until(out *flowv1.Issued) time.Time { return flow.Moment(out.GetAt()).Add(r.Life) }
