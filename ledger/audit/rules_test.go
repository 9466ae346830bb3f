package audit_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/journal"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// auditStanding audits the books of Standing after change had its way with every record.
func auditStanding(t *testing.T, change func(shard int, r *journalv1.Record)) error {
	t.Helper()
	return auditChanged(t, audittest.Standing(), change)
}

// auditChanged audits books after change had its way with every record, each shard sealed
// anew.
func auditChanged(t *testing.T, w *audittest.World, change func(shard int, r *journalv1.Record)) error {
	t.Helper()
	a := audit.New(audit.Options{})
	for _, n := range w.Shards() {
		var head journal.Head
		for _, s := range w.Records(n) {
			r := proto.CloneOf(s.Record)
			change(n, r)
			prev := head.Hash
			sealed, err := head.Seal(uint32(n), r)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Add(n, event(sealed, sealed.Raw, prev)); err != nil {
				return err
			}
		}
	}
	return a.Finish()
}

// onRule changes rules of a kind of change on one shard.
func onRule(shard int, word string, change func(*journalv1.Rule)) func(int, *journalv1.Record) {
	return func(n int, r *journalv1.Record) {
		for _, m := range r.GetRules() {
			if n == shard && m.GetChange() == word {
				change(m)
			}
		}
		if m := r.GetConfirmed().GetRule(); n == shard && m.GetChange() == word {
			change(m)
		}
	}
}

const (
	waiting   = journalv1.ApprovalState_APPROVAL_STATE_WAITING
	approved  = journalv1.ApprovalState_APPROVAL_STATE_APPROVED
	refused   = journalv1.ApprovalState_APPROVAL_STATE_REFUSED
	withdrawn = journalv1.ApprovalState_APPROVAL_STATE_WITHDRAWN
	expired   = journalv1.ApprovalState_APPROVAL_STATE_EXPIRED
)

// onApproval changes what two people decide in the records that left it in a state.
func onApproval(state journalv1.ApprovalState, change func(*journalv1.Record, *journalv1.Approval)) func(int, *journalv1.Record) {
	return func(_ int, r *journalv1.Record) {
		if m := r.GetApproval(); m.GetState() == state {
			change(r, m)
		}
	}
}

// TestForgedRules: each forgery is sealed with the right hashes; only what the rules
// mean gives it away.
func TestForgedRules(t *testing.T) {
	t.Parallel()
	if err := auditStanding(t, func(int, *journalv1.Record) {}); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	for _, forgery := range []struct {
		name   string
		expect string
		change func(int, *journalv1.Record)
	}{
		{"a leg against a freeze", "standing of leg 1", onRule(0, "freeze", func(m *journalv1.Rule) { m.GetAccount().CreditsFrozen = true })},
		{"a leg beyond the limit", "what is available", onRule(0, "limit", func(m *journalv1.Rule) { m.GetAccount().Limits[0].Amount = "39.99" })},
		{"a limit that is not at home", "that is confirmed", func(n int, r *journalv1.Record) {
			for _, m := range r.GetRules() {
				m.Home = m.Home && m.GetChange() != "limit"
			}
		}},
		{"closed unasked", "status before closing", onRule(1, "closing", func(m *journalv1.Rule) { m.GetAccount().Status = journalv1.AccountStatus_ACCOUNT_STATUS_OPEN })},
		{"a leg after closing", "standing of leg 0", func(n int, r *journalv1.Record) {
			shut := func(m *journalv1.Rule) { m.GetAccount().Status = journalv1.AccountStatus_ACCOUNT_STATUS_CLOSED }
			onRule(1, "reopen", shut)(n, r)
			if m := r.GetApproval(); m != nil {
				shut(m.GetRule())
			}
		}},
		{"a version left out", "version of the rule", onRule(1, "unfreeze", func(m *journalv1.Rule) { m.Version++ })},
		{"nobody's rule", "a reason and an author", onRule(0, "unfreeze", func(m *journalv1.Rule) { m.Author = "" })},
		{"another rule is confirmed", "that is confirmed", func(n int, r *journalv1.Record) {
			if c := r.GetConfirmed(); c != nil && n == 0 {
				c.Rule.Reason = "other"
			}
		}},
		{"a record that took no rule", "took the rule of wallet:company-0", func(n int, r *journalv1.Record) {
			if c := r.GetConfirmed(); c.GetRule().GetChange() == "freeze" {
				c.At[1].Seq--
			}
		}},
		{"a shard was not asked", "the shards that hold the rule", func(n int, r *journalv1.Record) {
			if c := r.GetConfirmed(); c != nil {
				c.At = c.At[:1]
			}
		}},
		{"approved by who asked", "who decided approval", onApproval(approved, func(r *journalv1.Record, m *journalv1.Approval) { m.DecidedBy = "api-1" })},
		{"another is approved than was asked for", "what approval", onApproval(approved, func(r *journalv1.Record, m *journalv1.Approval) { m.Rule.Reason = "other" })},
		{"asked for in another's name", "who asked for approval", onApproval(waiting, func(r *journalv1.Record, m *journalv1.Approval) { m.Rule.Author = "api-2" })},
		{"approved too late", "who decided approval", onApproval(expired, func(r *journalv1.Record, m *journalv1.Approval) {
			m.State, m.DecidedBy, m.Reason = approved, "api-2", "late"
		})},
		{"expired too early", "when approval", onApproval(waiting, func(r *journalv1.Record, m *journalv1.Approval) { m.DueUs = r.GetClockUs() })},
		{"refused by who asked", "who decided approval", onApproval(withdrawn, func(r *journalv1.Record, m *journalv1.Approval) { m.State = refused })},
		{"nobody was asked", "the record that made approval", onApproval(approved, func(r *journalv1.Record, m *journalv1.Approval) { m.Seq = 1 })},
		{"a rule is approved that nobody asked for", "the rule of expense:old", onRule(1, "reopen", func(m *journalv1.Rule) { m.Approved.Seq++ })},
		{"in force without what was approved", "the rule of expense:old", onRule(1, "reopen", func(m *journalv1.Rule) { m.Approved = nil })},
		{"approved by another than the record says", "who approved the rule", func(n int, r *journalv1.Record) {
			if r.GetConfirmed().GetRule().GetApproved() != nil {
				r.Actor = "api-3"
			}
		}},
	} {
		t.Run(forgery.name, func(t *testing.T) {
			t.Parallel()
			err := auditStanding(t, forgery.change)
			if !isDifference(err) || !strings.Contains(err.Error(), forgery.expect) {
				t.Errorf("expected a difference about %q, got: %v", forgery.expect, err)
			}
		})
	}
}

// TestForgedPeriods: as TestForgedRules, about closed days.
func TestForgedPeriods(t *testing.T) {
	t.Parallel()
	books := func() *audittest.World {
		sheet := bytes.Repeat([]byte{7}, 32)
		return audittest.Periods([3][]byte{sheet, sheet, sheet})
	}
	if err := auditChanged(t, books(), func(int, *journalv1.Record) {}); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	onPeriod := func(word string, change func(*journalv1.Rule)) func(int, *journalv1.Record) {
		return func(n int, r *journalv1.Record) { onRule(n, word, change)(n, r) }
	}
	for _, forgery := range []struct {
		name   string
		expect string
		change func(int, *journalv1.Record)
	}{
		{"an entry of a closed day", "the entry's day", func(_ int, r *journalv1.Record) {
			if e := r.GetEntry(); e.GetDay() == "2026-03-02" {
				e.Day = "2026-02-28"
			}
		}},
		{"an entry of a day before it was opened", "the entry's day", func(_ int, r *journalv1.Record) {
			if e := r.GetEntry(); e.GetDay() == "2026-02-20" {
				e.Day = "2026-02-15"
			}
		}},
		{"a hash cut short", "the rule of book", onPeriod("sheet", func(m *journalv1.Rule) { m.GetPeriod().Sheet = []byte("short") })},
		{"a sheet of other days", "the rule of book", onPeriod("sheet", func(m *journalv1.Rule) { m.GetPeriod().Through = "2026-01-30" })},
		{"closed before its end", "the rule of book", onPeriod("close", func(m *journalv1.Rule) { m.GetPeriod().Through = "2026-03-02" })},
		{"opened by one alone", "the rule of book", func(n int, r *journalv1.Record) {
			onPeriod("reopen", func(m *journalv1.Rule) { m.Approved = nil })(n, r)
			if r.GetApproval() != nil {
				r.Approval, r.Timers = nil, nil
				r.External = &journalv1.External{Kind: journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL}
			}
		}},
		{"opened further than was approved", "the rule of book", onPeriod("reopen", func(m *journalv1.Rule) { m.GetPeriod().Through = "2026-01-01" })},
	} {
		t.Run(forgery.name, func(t *testing.T) {
			t.Parallel()
			err := auditChanged(t, books(), forgery.change)
			if !isDifference(err) || !strings.Contains(err.Error(), forgery.expect) {
				t.Errorf("expected a difference about %q, got: %v", forgery.expect, err)
			}
		})
	}
}

// TestForgedPolicies: as TestForgedRules, about what takes two people.
func TestForgedPolicies(t *testing.T) {
	t.Parallel()
	shop := "merchant:shop"
	limit := func(sum string) *commandv1.ChangeAccount {
		return &commandv1.ChangeAccount{
			Account: shop, What: commandv1.AccountChange_ACCOUNT_CHANGE_LIMIT, Asset: "RUB", Limit: sum, Reason: "договор",
		}
	}
	books := func() *audittest.World {
		w := audittest.New()
		w.Do(0, audittest.Open(shop))
		w.Do(1, audittest.Open("wallet:company-1"))
		w.Change(0, limit("10.00"))
		w.Order(1, "api-1", &commandv1.Operation{What: &commandv1.Operation_Policy{Policy: &commandv1.ChangePolicy{Two: []string{"limit"}, Reason: "два"}}})
		w.Verdict(0, w.Ask(0, limit("20.00")), "api-2", true)
		w.Order(1, "api-1", &commandv1.Operation{What: &commandv1.Operation_Policy{Policy: &commandv1.ChangePolicy{Two: []string{"limit", "reopen"}, Reason: "два"}}})
		return w
	}
	if err := auditChanged(t, books(), func(int, *journalv1.Record) {}); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	every := func(word string, change func(*journalv1.Rule)) func(int, *journalv1.Record) {
		return func(n int, r *journalv1.Record) { onRule(n, word, change)(n, r) }
	}
	for _, forgery := range []struct {
		name   string
		expect string
		change func(int, *journalv1.Record)
	}{
		{"a limit by one alone", "who approved the rule of merchant:shop", func(n int, r *journalv1.Record) {
			every("limit", func(m *journalv1.Rule) { m.Approved = nil })(n, r)
			if r.GetApproval() != nil {
				r.Approval, r.Timers = nil, nil
				r.External = &journalv1.External{Kind: journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL}
			}
		}},
		{"less by one alone", "it takes two less often", every("policy", func(m *journalv1.Rule) {
			if m.GetVersion() == 2 {
				m.GetPolicy().Two = []string{"reopen"}
			}
		})},
		{"what cannot take two", "which changes of accounts take two people", every("policy", func(m *journalv1.Rule) { m.GetPolicy().Two = []string{"freeze"} })},
	} {
		t.Run(forgery.name, func(t *testing.T) {
			t.Parallel()
			err := auditChanged(t, books(), forgery.change)
			if !isDifference(err) || !strings.Contains(err.Error(), forgery.expect) {
				t.Errorf("expected a difference about %q, got: %v", forgery.expect, err)
			}
		})
	}
}
