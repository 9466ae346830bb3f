package audit

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// approval checks what two people decide: asked for once, ended once, approved by
// another than who asked. What is approved is then the next rule of its subject.
func (c *check) approval() error {
	m := c.r.GetApproval()
	if m == nil {
		return nil
	}
	name := "approval " + strconv.Itoa(c.s.number) + "." + uintText(m.GetSeq())
	old := c.s.approvals[m.GetSeq()]
	if old == nil {
		c.s.approvals[m.GetSeq()] = m
		return c.awaits(name, m)
	}
	delete(c.s.approvals, m.GetSeq())
	return c.verdict(name, old, m)
}

// awaits checks what was asked for.
func (c *check) awaits(name string, m *journalv1.Approval) error {
	switch {
	case m.GetSeq() != c.r.GetSeq():
		return c.differ("the record that made "+name, "a record that asked for it, and an approval that waits", "none")
	case m.GetState() != journalv1.ApprovalState_APPROVAL_STATE_WAITING || m.GetDecidedBy() != "" || m.GetReason() != "":
		return c.differ("the state of "+name, "waiting, and decided by nobody", m.GetState().String())
	case m.GetRule().GetAuthor() != c.r.GetActor() || m.GetRule().GetReason() == "" || m.GetRule().GetApproved() != nil:
		return c.differ("who asked for "+name, c.r.GetActor()+", and why", m.GetRule().GetAuthor())
	case m.GetDueUs() <= c.r.GetClockUs():
		return c.differ("when "+name+" expires", "after "+clockText(c.r.GetClockUs()), clockText(m.GetDueUs()))
	}
	return nil
}

// verdict checks how it ended.
func (c *check) verdict(name string, old, m *journalv1.Approval) error {
	same := proto.CloneOf(m)
	same.State, same.DecidedBy, same.Reason = old.GetState(), "", ""
	if !proto.Equal(same, old) {
		return c.differ("what "+name+" is", "what was asked for", "something else")
	}
	author, by := m.GetRule().GetAuthor(), m.GetDecidedBy()
	early := c.r.GetClockUs() < m.GetDueUs()
	ok, want := false, ""
	switch m.GetState() {
	case journalv1.ApprovalState_APPROVAL_STATE_APPROVED:
		ok, want = early && by != "" && by != author && m.GetReason() != "", "another than "+author+", with a reason, in time"
		granted := proto.CloneOf(m.GetRule())
		granted.DecidedUs = c.r.GetClockUs()
		granted.Approved = &journalv1.Approved{Seq: m.GetSeq(), By: by, Reason: m.GetReason()}
		c.s.granted[ruleKey{c.r.GetBook(), granted.GetKind(), granted.GetSubject()}] = granted
	case journalv1.ApprovalState_APPROVAL_STATE_REFUSED:
		ok, want = early && by == c.r.GetActor() && by != author && m.GetReason() != "", "another than "+author+", with a reason, in time"
	case journalv1.ApprovalState_APPROVAL_STATE_WITHDRAWN:
		ok, want = early && by == c.r.GetActor() && by == author && m.GetReason() != "", author+", with a reason, in time"
	case journalv1.ApprovalState_APPROVAL_STATE_EXPIRED:
		ok, want = !early && by == "" && m.GetReason() == "", "nobody, and not before "+clockText(m.GetDueUs())
	}
	if !ok {
		return c.differ("who decided "+name, want, fmt.Sprintf("%s by %q at %s", m.GetState(), by, clockText(c.r.GetClockUs())))
	}
	return nil
}

// approved checks a rule that took two people, at the home of its subject: it is the one
// that was approved, and what was approved comes before any other.
func (c *check) approved(what string, key ruleKey, before, m *journalv1.Rule) error {
	a := m.GetApproved()
	if a != nil && (a.GetBy() == "" || a.GetBy() == m.GetAuthor() || a.GetReason() == "") {
		return c.differ("who approved "+what, "another than "+m.GetAuthor()+", with a reason", a.GetBy())
	}
	if !m.GetHome() {
		return nil
	}
	granted := c.s.granted[key]
	delete(c.s.granted, key)
	second := m.GetChange() == ledger.Close || m.GetChange() == ledger.Keep // step of closing
	if granted == nil && (a == nil || second && proto.Equal(a, before.GetApproved())) {
		return nil
	}
	if granted == nil || !proto.Equal(granted, m) {
		return c.differ(what, "what was approved: "+fmt.Sprint(granted), fmt.Sprint(m))
	}
	return nil
}
