package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// as submits an operation of another key.
func (p *process) as(actor string, o engine.Operation, dryRun ...bool) engine.Outcome {
	p.world.t.Helper()
	ctx, cancel := context.WithTimeout(p.world.t.Context(), 20*time.Second)
	defer cancel()
	return p.Submit(ctx, engine.Request{Book: "main", Actor: actor, Operations: []engine.Operation{o}, DryRun: len(dryRun) > 0})[0]
}

// asked asks by anna for a change that another must approve.
func (p *process) asked(o engine.Operation, wait time.Duration) *journalv1.Record {
	p.world.t.Helper()
	out := p.as("anna", engine.Operation{Operation: &commandv1.Operation{Key: "ask " + o.GetKey(), What: &commandv1.Operation_Ask{
		Ask: &commandv1.Ask{ExpiresMs: wait.Milliseconds(), What: &commandv1.Ask_Change{Change: o.GetChange()}},
	}}})
	if out.Refusal != nil {
		p.world.t.Fatalf("%s: %v", o.GetKey(), out.Refusal)
	}
	return out.Record
}

// verdict decides what a record asked for.
func verdict(key string, asked *journalv1.Record, approve bool) engine.Operation {
	return engine.Operation{Operation: &commandv1.Operation{Key: key, What: &commandv1.Operation_Verdict{Verdict: &commandv1.Verdict{
		Shard: asked.GetShard(), AskedSeq: asked.GetSeq(), Approve: approve, Reason: "decided by " + key,
	}}}}
}

func (p *process) refusedFor(actor string, code fault.Code, o engine.Operation) {
	p.world.t.Helper()
	if out := p.as(actor, o); out.Refusal == nil || out.Refusal.Code != code {
		p.world.t.Errorf("%s by %s: %v, want %s", o.GetKey(), actor, out.Refusal, code)
	}
}

// approvals counts what two people decide, by state.
func (p *process) approvals() map[journalv1.ApprovalState]int {
	p.world.t.Helper()
	n := map[journalv1.ApprovalState]int{}
	for state := journalv1.ApprovalState(1); state <= 5; state++ {
		rows, err := p.db.Approvals(p.world.t.Context(), store.ApprovalPage{Book: "main", State: state, After: store.RecordID{Shard: -1}, Limit: 100})
		if err != nil {
			p.world.t.Fatal(err)
		}
		if len(rows) > 0 {
			n[state] = len(rows)
		}
	}
	return n
}

// TestTwoPeopleDecide: what anna asks for holds nowhere until another key approves it,
// and then on every shard; every other end leaves things as they were.
func TestTwoPeopleDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	x, far := "wallet:"+w.owner("x", 0), "wallet:"+w.owner("y", 1)
	p.must(open(x), open(far), topUp("t1", far, "10.00"), closing("c1", x))
	p.events(0)
	p.stop()
	older := w.copyDB()
	p = w.start("two")

	again := p.asked(reopen("again", x), time.Hour)
	p.refused(fault.AccountClosed, pay("p1", far, x, "1.00"))
	p.refusedFor("anna", fault.OwnRequest, verdict("v1", again, true))
	p.stop() // what waits is read back
	p = w.start("three")
	p.refusedFor("boris", fault.NotFound, verdict("v2", &journalv1.Record{Shard: again.GetShard(), Seq: again.GetSeq() - 1}, true))
	if o := p.as("boris", verdict("dry", again, true), true); o.Refusal != nil || len(o.Record.GetRules()) != 1 {
		t.Errorf("dry run: %v %v", o.Record, o.Refusal)
	}
	p.refused(fault.AccountClosed, pay("p2", far, x, "1.00"))
	done := p.as("boris", verdict("v3", again, true))
	r := done.Record.GetConfirmed().GetRule()
	if done.Refusal != nil || r.GetAuthor() != "anna" || r.GetReason() != "ordered by again" ||
		r.GetApproved().GetBy() != "boris" || r.GetApproved().GetReason() != "decided by v3" || len(done.Record.GetConfirmed().GetAt()) != 2 {
		t.Fatalf("%v %v", done.Record, done.Refusal)
	}
	if o := p.as("boris", verdict("v3", again, true)); !o.Replayed || o.Record.GetSeq() != done.Record.GetSeq() {
		t.Errorf("the same again: %v", o)
	}
	p.must(pay("p3", far, x, "1.00"))
	p.refusedFor("clara", fault.WrongState, verdict("v4", again, true))

	// Every other end.
	frozen := p.asked(freeze("f1", x), time.Hour)
	if o := p.as("anna", verdict("v5", frozen, false)); o.Record.GetApproval().GetState() != journalv1.ApprovalState_APPROVAL_STATE_WITHDRAWN {
		t.Errorf("%v %v", o.Record, o.Refusal)
	}
	p.refusedFor("boris", fault.WrongState, verdict("v6", frozen, true))
	frozen = p.asked(freeze("f2", x), time.Hour)
	if o := p.as("boris", verdict("v7", frozen, false)); o.Record.GetApproval().GetState() != journalv1.ApprovalState_APPROVAL_STATE_REFUSED {
		t.Errorf("%v %v", o.Record, o.Refusal)
	}
	late := p.asked(freeze("f3", x), time.Millisecond)
	p.until("its time is over", func() bool { return p.approvals()[journalv1.ApprovalState_APPROVAL_STATE_EXPIRED] == 1 })
	p.refusedFor("boris", fault.WrongState, verdict("v8", late, true))

	// What both have seen must still be so; and money may stand against what was approved.
	frozen = p.asked(freeze("f4", x), time.Hour)
	p.must(freeze("f5", x))
	p.must(unfreeze("u5", x))
	p.refusedFor("boris", fault.WrongState, verdict("v9", frozen, true))
	shut := p.asked(closing("c2", x), time.Hour)
	p.refusedFor("boris", fault.AccountNotEmpty, verdict("v10", shut, true))
	p.refusedFor("boris", fault.WrongState, verdict("v11", shut, true))
	both := []engine.Operation{verdict("v12", frozen, true), pay("p4", far, x, "1.00")}
	for i := range both {
		both[i].Group = 1
	}
	for _, o := range p.submit(both...) {
		if o.Refusal == nil || o.Refusal.Code != fault.Malformed {
			t.Errorf("in a group: %v", o.Refusal)
		}
	}

	want := map[journalv1.ApprovalState]int{1: 1, 2: 2, 3: 1, 4: 1, 5: 1}
	if diff := cmp.Diff(want, p.approvals()); diff != "" {
		t.Error(diff)
	}
	p.until("all messages between shards have arrived", p.calm)
	p.audited()
	p.stop()
	w.sameHeads(1, 8000)

	w.dsn = older // folds all of it in
	p = w.start("four")
	p.refusedFor("boris", fault.WrongState, verdict("v13", frozen, true))
	if diff := cmp.Diff(want, p.approvals()); diff != "" {
		t.Errorf("after the fold: %s", diff)
	}
}

func policy(key string, two ...string) engine.Operation {
	return engine.Operation{Operation: &commandv1.Operation{Key: key, What: &commandv1.Operation_Policy{
		Policy: &commandv1.ChangePolicy{Two: two, Reason: "ordered by " + key},
	}}}
}

// TestABookCanWantTwo: from the answer of the policy on, no shard thaws an account for one
// alone, also not after a restart; two do it, and two alone want fewer again.
func TestABookCanWantTwo(t *testing.T) {
	t.Parallel()
	const shards = 3
	w := newWorld(t, shards)
	p := w.start("one")
	var accounts []string
	for s := range shards {
		x := "wallet:" + w.owner("x", s)
		accounts = append(accounts, x)
		p.must(open(x), freeze("f"+x, x))
	}
	p.must(unfreeze("alone", accounts[0]))
	p.must(freeze("again", accounts[0]))
	done := p.as("anna", policy("two", "unfreeze"))
	if done.Refusal != nil || len(done.Record.GetConfirmed().GetAt()) != shards {
		t.Fatalf("%v, %v", done.Refusal, done.Record)
	}
	for i, x := range accounts {
		p.refusedFor("anna", fault.ApprovalRequired, unfreeze("early"+x, x))
		if i == 0 {
			p.stop()
			p = w.start("two")
		}
	}
	p.refusedFor("anna", fault.ApprovalRequired, policy("none"))
	for _, x := range accounts {
		asked := p.asked(unfreeze("thaw "+x, x), time.Hour)
		if out := p.as("boris", verdict("yes "+x, asked, true)); out.Refusal != nil {
			t.Errorf("%s: %v", x, out.Refusal)
		}
	}
	asked := p.as("anna", engine.Operation{Operation: &commandv1.Operation{Key: "ask none", What: &commandv1.Operation_Ask{
		Ask: &commandv1.Ask{ExpiresMs: time.Hour.Milliseconds(), What: &commandv1.Ask_Policy{Policy: policy("").GetPolicy()}},
	}}})
	if asked.Refusal != nil {
		t.Fatal(asked.Refusal)
	}
	if out := p.as("boris", verdict("no more", asked.Record, true)); out.Refusal != nil {
		t.Fatal(out.Refusal)
	}
	for _, x := range accounts {
		p.must(freeze("f2"+x, x))
		p.must(unfreeze("u2"+x, x))
	}
	p.audited()
	p.stop()
	w.sameHeads(1, 7, 8000)
}
