package books

import (
	"fmt"
	"strings"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// eachAccount names the accounts whose being open is stamped.
func eachAccount(op *ledgerv1.Operation, each func(string)) {
	switch what := op.GetWhat().(type) {
	case *ledgerv1.Operation_Entry:
		eachLeg(what.Entry.GetLegs(), each)
	case *ledgerv1.Operation_Hold:
		each(what.Hold.GetAccount())
	case *ledgerv1.Operation_Settle:
		eachLeg(what.Settle.GetCredits(), each)
	case *ledgerv1.Operation_SettleLate:
		eachLeg(what.SettleLate.GetCredits(), each)
	case *ledgerv1.Operation_Exchange:
		eachLeg([]*ledgerv1.NewLeg{what.Exchange.GetSold(), what.Exchange.GetBought(), what.Exchange.GetSpread()}, each)
	case *ledgerv1.Operation_Correct:
		eachLeg(what.Correct.GetEntry().GetLegs(), each)
	}
}

func eachLeg(legs []*ledgerv1.NewLeg, each func(string)) {
	for _, l := range legs {
		each(l.GetAccount())
	}
}

// translate turns an operation of the API into one of the command log.
func translate(op *ledgerv1.Operation, entries *entries, open openNames) (engine.Operation, *fault.Refusal) {
	out, refusal := what(op, entries, open)
	for _, c := range op.GetConditions() {
		m := &journalv1.Condition{Account: c.GetAccount(), Asset: c.GetAsset()}
		if v := c.GetVersion(); v != nil {
			m.What = &journalv1.Condition_Version{Version: &journalv1.StripeVersion{Shard: v.GetShard(), Version: v.GetVersion()}}
		} else {
			m.What = &journalv1.Condition_AtLeast{AtLeast: c.GetAvailable()}
		}
		out.Conditions = append(out.Conditions, m)
	}
	return out, refusal
}

// what is an operation without its conditions.
func what(op *ledgerv1.Operation, entries *entries, open openNames) (engine.Operation, *fault.Refusal) {
	if e := op.GetEntry(); e != nil {
		return engine.Operation{Operation: entries.next(op, e, open)}, nil
	}
	out := engine.Operation{Operation: &commandv1.Operation{Key: op.GetKey(), Group: op.GetGroup()}}
	switch what := op.GetWhat().(type) {
	case *ledgerv1.Operation_Hold:
		h := what.Hold
		out.What = &commandv1.Operation_Place{Place: &commandv1.Place{
			Account: h.GetAccount(), Asset: h.GetAsset(), Amount: h.GetAmount(), ExpiresMs: h.GetExpiresMs(), Open: open.is(h.GetAccount()),
		}}
	case *ledgerv1.Operation_Settle:
		st := what.Settle
		id, refusal := gate.ParseRecordID("settle.hold_id", st.GetHoldId())
		if refusal != nil {
			return out, refusal
		}
		out.What = &commandv1.Operation_Settle{Settle: &commandv1.Settle{
			Shard: uint32(id.Shard), PlacedSeq: id.Seq, Amount: st.GetAmount(), Credits: legs(st.GetCredits(), open), Kind: st.GetKind(),
			Day: st.GetDay(), Final: st.GetFinal(), Metadata: st.GetMetadata(),
			OverLimit: st.GetOverLimit(),
		}}
	case *ledgerv1.Operation_SettleLate:
		st := what.SettleLate
		id, refusal := gate.ParseRecordID("settle_late.hold_id", st.GetHoldId())
		if refusal != nil {
			return out, refusal
		}
		out.What = &commandv1.Operation_SettleLate{SettleLate: &commandv1.SettleLate{
			Shard: uint32(id.Shard), PlacedSeq: id.Seq, Amount: st.GetAmount(), Credits: legs(st.GetCredits(), open), Kind: st.GetKind(),
			Day: st.GetDay(), Metadata: st.GetMetadata(),
		}}
	case *ledgerv1.Operation_Resize:
		id, refusal := gate.ParseRecordID("resize.hold_id", what.Resize.GetHoldId())
		if refusal != nil {
			return out, refusal
		}
		out.What = &commandv1.Operation_Resize{Resize: &commandv1.Resize{
			Shard: uint32(id.Shard), PlacedSeq: id.Seq, Increase: what.Resize.GetIncrease(), Decrease: what.Resize.GetDecrease(),
		}}
	case *ledgerv1.Operation_Cancel:
		id, refusal := gate.ParseRecordID("cancel.scheduled_id", what.Cancel.GetScheduledId())
		if refusal != nil {
			return out, refusal
		}
		out.What = &commandv1.Operation_Cancel{Cancel: &commandv1.Cancel{Shard: uint32(id.Shard), ScheduledSeq: id.Seq}}
	case *ledgerv1.Operation_Void:
		id, refusal := gate.ParseRecordID("void.hold_id", what.Void.GetHoldId())
		if refusal != nil {
			return out, refusal
		}
		out.What = &commandv1.Operation_Void{Void: &commandv1.Void{Shard: uint32(id.Shard), PlacedSeq: id.Seq}}
	case *ledgerv1.Operation_Exchange:
		out.What = &commandv1.Operation_Exchange{Exchange: exchange(what.Exchange, open)}
	case *ledgerv1.Operation_Reverse:
		r, refusal := reverse(what.Reverse)
		if refusal != nil {
			return out, refusal
		}
		out.What = &commandv1.Operation_Reverse{Reverse: r}
	case *ledgerv1.Operation_Correct:
		id, refusal := gate.ParseRecordID("correct.entry_id", what.Correct.GetEntryId())
		if refusal != nil {
			return out, refusal
		}
		out.What = &commandv1.Operation_Correct{Correct: &commandv1.Correct{
			Shard: uint32(id.Shard), Seq: id.Seq, Post: newPost(what.Correct.GetEntry(), open),
		}}
	}
	return out, nil
}

func newPost(e *ledgerv1.NewEntry, open openNames) *commandv1.Post {
	return &commandv1.Post{
		Kind: e.GetKind(), Day: e.GetDay(), Legs: legs(e.GetLegs(), open), Metadata: e.GetMetadata(), Links: e.GetLinks(),
	}
}

func reverse(r *ledgerv1.ReverseEntry) (*commandv1.Reverse, *fault.Refusal) {
	id, refusal := gate.ParseRecordID("reverse.entry_id", r.GetEntryId())
	if refusal != nil {
		return nil, refusal
	}
	out := &commandv1.Reverse{
		Shard: uint32(id.Shard), Seq: id.Seq, Part: r.GetPart(),
		Kind: r.GetKind(), Day: r.GetDay(), Metadata: r.GetMetadata(), Links: r.GetLinks(),
	}
	if l := r.GetByLeg(); l != nil {
		out.ByLeg = &commandv1.LegAmount{Leg: l.GetLeg(), Amount: l.GetAmount()}
	}
	for _, l := range r.GetByAmounts().GetLegs() {
		out.Legs = append(out.Legs, &commandv1.LegAmount{Leg: l.GetLeg(), Amount: l.GetAmount()})
	}
	return out, nil
}

func legs(in []*ledgerv1.NewLeg, open openNames) []*commandv1.Leg {
	out := make([]*commandv1.Leg, len(in))
	block := make([]commandv1.Leg, len(in)) // one allocation for all legs
	for i, l := range in {
		c := &block[i]
		c.Account, c.Asset, c.Amount = l.GetAccount(), l.GetAsset(), l.GetAmount()
		c.Debit, c.Open = l.GetSide() == ledgerv1.Side_SIDE_DEBIT, open.is(l.GetAccount())
		out[i] = c
	}
	return out
}

// fieldOf is a field of the command log's operation as the request calls it.
func fieldOf(op *ledgerv1.Operation, r *fault.Refusal) string {
	field := r.Field
	if field == "" || field == "key" || strings.HasPrefix(field, "conditions") {
		return field
	}
	switch what := op.GetWhat().(type) {
	case *ledgerv1.Operation_Entry:
		return "entry." + legField(what.Entry, field, r)
	case *ledgerv1.Operation_Hold:
		return "hold." + field
	case *ledgerv1.Operation_Settle:
		return "settle." + holdField(field)
	case *ledgerv1.Operation_SettleLate:
		return "settle_late." + holdField(field)
	case *ledgerv1.Operation_Resize:
		return "resize." + holdField(field)
	case *ledgerv1.Operation_Cancel:
		if field == "scheduled" {
			field = "scheduled_id"
		}
		return "cancel." + field
	case *ledgerv1.Operation_Void:
		return "void." + holdField(field)
	case *ledgerv1.Operation_Exchange:
		return "exchange." + exchangeField(what.Exchange, field, r)
	case *ledgerv1.Operation_Reverse:
		switch {
		case field == "entry", field == "account", field == "amount":
			field = "entry_id"
		case strings.HasPrefix(field, "legs"):
			field = "by_amounts." + field
		}
		return "reverse." + field
	case *ledgerv1.Operation_Correct:
		if field == "entry" {
			field = "entry_id"
		} else if field == "account" {
			field = "entry." + legField(what.Correct.GetEntry(), field, r)
		}
		return "correct." + field
	}
	return field
}

// holdField is a field of an operation on a hold as the request calls it: the books speak
// of the hold, and of its account where money is short.
func holdField(field string) string {
	if field == "hold" || field == "account" {
		return "hold_id"
	}
	return field
}

// legField names the leg of an entry where the books speak of an account.
func legField(e *ledgerv1.NewEntry, field string, r *fault.Refusal) string {
	if field != "account" {
		return field
	}
	for i, l := range e.GetLegs() {
		if l.GetAccount() == r.Facts["account"] {
			return fmt.Sprintf("legs[%d].account", i)
		}
	}
	return field
}
