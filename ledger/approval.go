package ledger

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// ApprovalFlow is the timer's flow for the end of what waits for a second person.
const ApprovalFlow = "approval"

// MaxApprovalWait is how long something may wait for a second person.
const MaxApprovalWait = 31 * 24 * time.Hour

// Guarded is the operation that takes effect when what is asked for is approved: one
// that makes a rule for all shards.
func Guarded(a *commandv1.Ask) *commandv1.Operation {
	switch what := a.GetWhat().(type) {
	case *commandv1.Ask_Change:
		return &commandv1.Operation{What: &commandv1.Operation_Change{Change: what.Change}}
	case *commandv1.Ask_Period:
		return &commandv1.Operation{What: &commandv1.Operation_Period{Period: what.Period}}
	case *commandv1.Ask_Policy:
		return &commandv1.Operation{What: &commandv1.Operation_Policy{Policy: what.Policy}}
	default:
		return &commandv1.Operation{}
	}
}

// guarded drafts what is asked for as it would be made now.
func guarded(v View, a *commandv1.Ask, now Now) (*Draft, *fault.Refusal, *book.Short) {
	switch what := a.GetWhat().(type) {
	case *commandv1.Ask_Change:
		return change(v, what.Change, true, now)
	case *commandv1.Ask_Period:
		return changePeriod(v, what.Period, true, now)
	case *commandv1.Ask_Policy:
		return changePolicy(v, what.Policy, true, now)
	default:
		return nil, fault.Refuse(fault.Malformed, "what", "nothing is asked for"), nil
	}
}

// ask keeps the rule that is asked for, as it would be made now, until another key
// approves it or its time is over.
func ask(v View, a *commandv1.Ask, now Now) (*Draft, *fault.Refusal, *book.Short) {
	if ms := a.GetExpiresMs(); ms <= 0 || ms > MaxApprovalWait.Milliseconds() {
		return nil, fault.Refuse(fault.Malformed, "expires_in", "what is to be approved waits for up to %d days", MaxApprovalWait/(24*time.Hour)), nil
	}
	draft, refusal, short := guarded(v, a, now)
	if draft == nil {
		return nil, refusal, short
	}
	m := &journalv1.Approval{
		Seq: now.Seq, State: journalv1.ApprovalState_APPROVAL_STATE_WAITING, Rule: draft.Record.GetRules()[0],
		DueUs: now.US + a.GetExpiresMs()*1000,
	}
	return &Draft{Record: &journalv1.Record{Approval: m, Timers: []*journalv1.Timer{approvalTimer(m, false)}}}, nil, nil
}

// verdict decides what waits. Approved, the draft holds the rule that was asked for,
// for all shards; that rule must still be the next of its subject, so that what is
// approved is what both have seen.
func verdict(v View, d *commandv1.Verdict, now Now) (*Draft, *fault.Refusal, *book.Short) {
	m := v.Approval(d.GetAskedSeq())
	if m == nil {
		return nil, fault.Refuse(fault.NotFound, "id", "record %d of the shard asked for no approval", d.GetAskedSeq()), nil
	}
	state := m.GetState()
	if state == journalv1.ApprovalState_APPROVAL_STATE_WAITING && m.GetDueUs() <= now.US {
		state = journalv1.ApprovalState_APPROVAL_STATE_EXPIRED
	}
	if state != journalv1.ApprovalState_APPROVAL_STATE_WAITING {
		return nil, fault.Refuse(fault.WrongState, "id", "what was asked for is %s", approvalWord(state)).With("state", approvalWord(state)), nil
	}
	reason, refusal := reasonOf(d.GetReason())
	if refusal != nil {
		return nil, refusal, nil
	}
	asked := m.GetRule()
	own := asked.GetAuthor() == now.Actor
	after := proto.CloneOf(m)
	after.DecidedBy, after.Reason = now.Actor, reason
	record := &journalv1.Record{Approval: after, Timers: []*journalv1.Timer{approvalTimer(m, true)}}
	switch {
	case d.GetApprove() && own:
		return nil, fault.Refuse(fault.OwnRequest, "id", "%s asked for it and cannot approve it", now.Actor).With("author", now.Actor), nil
	case d.GetApprove():
		held := v.Rule(asked.GetKind(), asked.GetSubject())
		if held.GetVersion()+1 != asked.GetVersion() {
			return nil, fault.Refuse(fault.WrongState, "id", "%s was changed after it was asked for: ask again", asked.GetSubject()).
				With("state", "outdated"), nil
		}
		after.State = journalv1.ApprovalState_APPROVAL_STATE_APPROVED
		r := proto.CloneOf(asked)
		r.DecidedUs, r.Approved = now.US, &journalv1.Approved{Seq: m.GetSeq(), By: now.Actor, Reason: reason}
		record.Rules = []*journalv1.Rule{r}
	case own:
		after.State = journalv1.ApprovalState_APPROVAL_STATE_WITHDRAWN
	default:
		after.State = journalv1.ApprovalState_APPROVAL_STATE_REFUSED
	}
	return &Draft{Record: record}, nil, nil
}

// ExpireApproval gives up what nobody decided in time. Nil when it waits no more.
func ExpireApproval(v View, seq uint64) *Draft {
	m := v.Approval(seq)
	if m.GetState() != journalv1.ApprovalState_APPROVAL_STATE_WAITING {
		return nil
	}
	after := proto.CloneOf(m)
	after.State = journalv1.ApprovalState_APPROVAL_STATE_EXPIRED
	return &Draft{Record: &journalv1.Record{Approval: after, Timers: []*journalv1.Timer{approvalTimer(m, true)}}}
}

func approvalTimer(m *journalv1.Approval, closed bool) *journalv1.Timer {
	seq := strconv.FormatUint(m.GetSeq(), 10)
	return &journalv1.Timer{
		Id: ApprovalFlow + "." + seq, DueUs: m.GetDueUs(), Flow: ApprovalFlow, Aggregate: seq, Event: "expire", Closed: closed,
	}
}

func approvalWord(s journalv1.ApprovalState) string {
	switch s {
	case journalv1.ApprovalState_APPROVAL_STATE_APPROVED:
		return "approved"
	case journalv1.ApprovalState_APPROVAL_STATE_REFUSED:
		return "refused"
	case journalv1.ApprovalState_APPROVAL_STATE_WITHDRAWN:
		return "withdrawn"
	case journalv1.ApprovalState_APPROVAL_STATE_EXPIRED:
		return "expired"
	default:
		return "waiting"
	}
}

// reasonOf reads the words of why, which nobody may leave out.
func reasonOf(text string) (string, *fault.Refusal) {
	reason := strings.TrimSpace(text)
	if n := utf8.RuneCountInString(reason); n == 0 || n > maxReason {
		return "", fault.Refuse(fault.Malformed, "reason", "a change says why in 1 to %d characters, not %d", maxReason, n)
	}
	return reason, nil
}
