package store_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// dice writes what a random shard might have decided.
type dice struct {
	*pen
	rt       *rapid.T
	held     []*journalv1.Hold      // that still are placed
	plans    []*journalv1.Scheduled // that still wait
	asked    []*journalv1.Approval  // that still wait
	versions map[string]uint64      // of aggregates
	effects  []*journalv1.Effect
}

func (p *pen) randomRecords(rt *rapid.T) {
	d := &dice{pen: p, rt: rt, versions: map[string]uint64{}}
	for i := range rapid.IntRange(1, 25).Draw(rt, "records") {
		p.pass(time.Duration(rapid.Int64Range(0, int64(20*time.Hour)).Draw(rt, "pass")))
		d.one(fmt.Sprintf("key-%d-%d", p.shard, i), money.New(rapid.Int64Range(1, 1_000_000).Draw(rt, "amount"), 2))
	}
}

func (d *dice) one(key string, amount money.Amount) {
	account := name("wallet", rapid.IntRange(0, 3).Draw(d.rt, "account"))
	switch rapid.IntRange(0, 11).Draw(d.rt, "what") {
	case 0, 1, 2:
		day := d.clock.AddDate(0, 0, -rapid.IntRange(0, 2).Draw(d.rt, "late")).Format("2006-01-02")
		d.post(key, day, "bank:main", account, rapid.SampledFrom([]string{"RUB", "USD"}).Draw(d.rt, "asset"), amount)
	case 3:
		d.place(key, account, amount)
	case 4:
		d.release(key, account, amount)
	case 5:
		d.move(key, account, amount)
	case 6:
		d.effect()
	case 11:
		d.approval(key, account)
	case 10:
		d.schedule(key, account, amount)
	case 7:
		d.gather(key, account)
	case 8:
		d.refuse(key, account)
	case 9:
		d.rule(key, account)
	}
}

// rule brings a rule into force, once or twice in one record's batch.
func (d *dice) rule(key, account string) {
	d.versions["rule "+account]++
	d.write(&journalv1.Record{Key: key, Rules: []*journalv1.Rule{{
		Kind: "account", Subject: account, Version: d.versions["rule "+account], Change: "freeze", Reason: "because", Author: "api-1",
		Home: rapid.Bool().Draw(d.rt, "home"), What: &journalv1.Rule_Account{Account: &journalv1.Standing{
			Status: journalv1.AccountStatus(rapid.IntRange(1, 3).Draw(d.rt, "status")), DebitsFrozen: rapid.Bool().Draw(d.rt, "frozen"),
		}},
	}}})
}

func (d *dice) place(key, account string, amount money.Amount) {
	h := &journalv1.Hold{
		PlacedSeq: d.head.Seq + 1, Account: account, Asset: "RUB", State: journalv1.HoldState_HOLD_STATE_PLACED,
		Amount: money.RUB.Format(amount), Left: money.RUB.Format(amount), ExpiresUs: d.clock.UnixMicro(),
	}
	d.held = append(d.held, h)
	d.write(&journalv1.Record{
		Key: key, Holds: []*journalv1.Hold{h},
		Legs:   []*journalv1.Leg{d.leg(account, "RUB", journalv1.LegKind_LEG_KIND_HOLD_DEBIT, amount)},
		Timers: []*journalv1.Timer{{Id: fmt.Sprint("hold-", h.GetPlacedSeq()), DueUs: d.clock.UnixMicro(), Flow: "hold", Event: "expired"}},
	})
}

// release ends a hold, or places the first.
func (d *dice) release(key, account string, amount money.Amount) {
	if len(d.held) == 0 {
		d.place(key, account, amount)
		return
	}
	h := d.held[0]
	d.held = d.held[1:]
	d.write(&journalv1.Record{
		Key: key,
		Holds: []*journalv1.Hold{{
			PlacedSeq: h.GetPlacedSeq(), Account: h.GetAccount(), Asset: "RUB", Amount: h.GetAmount(), Left: "0.00", ExpiresUs: h.GetExpiresUs(),
			State: rapid.SampledFrom([]journalv1.HoldState{2, 3, 4}).Draw(d.rt, "end"),
		}},
		Legs:   []*journalv1.Leg{d.leg(h.GetAccount(), "RUB", journalv1.LegKind_LEG_KIND_HOLD_DEBIT, money.MustParse(h.GetAmount()).Neg())},
		Timers: []*journalv1.Timer{{Id: fmt.Sprint("hold-", h.GetPlacedSeq()), Closed: true}},
	})
}

func (d *dice) move(key, account string, amount money.Amount) {
	id := fmt.Sprintf("task-%d-%d", d.shard, rapid.IntRange(0, 2).Draw(d.rt, "task"))
	d.versions[id]++
	timer := &journalv1.Timer{Id: "timer-" + id, DueUs: d.clock.UnixMicro() + 1, Flow: "task", Aggregate: id, Event: "late"}
	r := &journalv1.Record{
		Key: key,
		Move: &journalv1.Move{
			Flow: "task", Id: id, To: rapid.SampledFrom([]string{"inwork", "paying", "paid"}).Draw(d.rt, "state"),
			Version: d.versions[id], Data: []byte(key), Owner: "company-" + id, Attempts: map[string]uint32{"pay": uint32(d.versions[id])},
			Timers: []*journalv1.Timer{timer}, Section: rapid.SampledFrom([]string{"", "working", "act_awaited"}).Draw(d.rt, "section"),
		},
		Timers: []*journalv1.Timer{timer},
	}
	if rapid.Bool().Draw(d.rt, "books") {
		r.Entry = &journalv1.Entry{Kind: "settle", Day: d.clock.Add(3 * time.Hour).Format("2006-01-02")}
		r.Legs = []*journalv1.Leg{
			d.leg("bank:main", "RUB", journalv1.LegKind_LEG_KIND_DEBIT, amount),
			d.leg(account, "RUB", journalv1.LegKind_LEG_KIND_CREDIT, amount),
		}
	}
	d.write(r)
}

// effect opens an effect, or answers one that is open.
func (d *dice) effect() {
	if len(d.effects) == 0 || rapid.Bool().Draw(d.rt, "open") {
		e := &journalv1.Effect{
			Attempt: fmt.Sprintf("%016x%016x", d.shard, d.head.Seq+1), State: journalv1.EffectState_EFFECT_STATE_OPEN,
			Flow: "task", Id: "t", Ask: "pay", Port: "payout", Verb: "pay", Body: []byte("b"), OpenedUs: d.clock.UnixMicro(),
		}
		d.effects = append(d.effects, e)
		d.write(&journalv1.Record{Effects: []*journalv1.Effect{e}})
		return
	}
	before := d.effects[0]
	after := &journalv1.Effect{
		Attempt: before.GetAttempt(), State: journalv1.EffectState_EFFECT_STATE_IN_DOUBT, Flow: "task", Id: "t", Ask: "pay", Port: "payout",
		Verb: "pay", Body: before.GetBody(), OpenedUs: before.GetOpenedUs(), Answers: before.GetAnswers() + 1, Result: "unknown", Status: "timeout",
	}
	if rapid.Bool().Draw(d.rt, "final") {
		after.State, after.Result, after.Status = journalv1.EffectState_EFFECT_STATE_CLOSED, "done", "EXECUTED"
		d.effects = d.effects[1:]
	} else {
		d.effects[0] = after
	}
	d.write(&journalv1.Record{Effects: []*journalv1.Effect{after}})
}

func (d *dice) gather(key, account string) {
	g := &journalv1.Gather{
		State: journalv1.GatherState(rapid.IntRange(1, 5).Draw(d.rt, "gather")), Account: account,
		Key: fmt.Sprint(rapid.IntRange(0, 2).Draw(d.rt, "message")), Peer: 2, Number: d.head.Seq,
	}
	if g.State == journalv1.GatherState_GATHER_STATE_ACCOUNT {
		g.Key = ""
	}
	if rapid.Bool().Draw(d.rt, "body") {
		g.Body = []byte("body")
	}
	d.write(&journalv1.Record{Key: key, Gathers: []*journalv1.Gather{g}})
}

// refuse writes a business refusal, an external, or the opening of an account.
func (d *dice) refuse(key, account string) {
	switch rapid.IntRange(0, 2).Draw(d.rt, "refusal") {
	case 0:
		d.write(&journalv1.Record{Key: key, RequestHash: []byte("h"), Refusal: &journalv1.Refusal{Code: "insufficient_funds"}})
	case 1:
		d.write(&journalv1.Record{Key: key, External: &journalv1.External{Kind: journalv1.ExternalKind_EXTERNAL_KIND_EXPIRED}})
	case 2:
		opened := fmt.Sprintf("%s-%d-%d", account, d.shard, d.head.Seq)
		d.write(&journalv1.Record{Key: key, RequestHash: []byte("h"), Accounts: []*journalv1.Account{{Name: opened, Asset: "RUB"}}})
	}
}

// schedule plans an entry of a later day, or ends the first that waits.
func (d *dice) schedule(key, account string, amount money.Amount) {
	if len(d.plans) == 0 || rapid.Bool().Draw(d.rt, "plan") {
		plan := &journalv1.Scheduled{
			Seq: d.head.Seq + 1, State: journalv1.ScheduledState_SCHEDULED_STATE_WAITING,
			Entry: &journalv1.Entry{Kind: "transfer", Day: d.clock.AddDate(0, 0, 9).Format("2006-01-02")},
		}
		d.plans = append(d.plans, plan)
		d.write(&journalv1.Record{
			Key: key, Scheduled: plan, Legs: []*journalv1.Leg{d.leg(account, "RUB", journalv1.LegKind_LEG_KIND_HOLD_DEBIT, amount)},
		})
		return
	}
	plan := d.plans[0]
	d.plans = d.plans[1:]
	d.write(&journalv1.Record{Scheduled: &journalv1.Scheduled{
		Seq: plan.GetSeq(), State: rapid.SampledFrom([]journalv1.ScheduledState{2, 3, 4}).Draw(d.rt, "over"), Entry: plan.GetEntry(),
	}})
}

// approval asks a second person to approve something, or ends the first that waits.
func (d *dice) approval(key, account string) {
	if len(d.asked) == 0 || rapid.Bool().Draw(d.rt, "ask") {
		m := &journalv1.Approval{
			Seq: d.head.Seq + 1, State: journalv1.ApprovalState_APPROVAL_STATE_WAITING,
			Rule: &journalv1.Rule{Kind: "account", Subject: account, Version: 1, Change: "freeze"},
		}
		d.asked = append(d.asked, m)
		d.write(&journalv1.Record{Key: key, Approval: m})
		return
	}
	m := d.asked[0]
	d.asked = d.asked[1:]
	d.write(&journalv1.Record{Approval: &journalv1.Approval{
		Seq: m.GetSeq(), State: rapid.SampledFrom([]journalv1.ApprovalState{2, 3, 4, 5}).Draw(d.rt, "end"), Rule: m.GetRule(),
	}})
}
