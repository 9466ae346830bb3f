package engine

import (
	"encoding/json"

	"github.com/provodka/provodka/ledger/stripe"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// The keys of rows that are not named by an account, a command or a message.
const (
	rowMark     = "mark"
	rowHome     = "home"
	rowCounters = "counters"
	rowChange   = "change " // with the kind of the rule that all shards are to confirm
)

// counters are the rules' own numbers.
type counters struct{ Number, Round uint64 }

// parkedRow is a parked operation with what the rules know of it.
type parkedRow struct {
	Parked *parked
	Wait   stripe.Wait
}

// rows writes the changes of the rules as rows of the record.
func (h *happening) rows(c stripe.Changes) []*journalv1.Gather {
	var out []*journalv1.Gather
	account := func(a stripe.Account, key string, body []byte) {
		out = append(out, &journalv1.Gather{State: journalv1.GatherState_GATHER_STATE_ACCOUNT, Account: string(a), Key: key, Body: body})
	}
	for _, w := range c.Waits {
		out = append(out, &journalv1.Gather{State: journalv1.GatherState_GATHER_STATE_PARKED, Key: string(w.ID),
			Body: encode(parkedRow{h.d.parked[w.ID], w})})
	}
	for _, id := range c.WaitsGone {
		out = append(out, &journalv1.Gather{State: journalv1.GatherState_GATHER_STATE_DECIDED, Key: string(id)})
	}
	for _, m := range c.Marks {
		account(m.Account, rowMark, encode(m))
	}
	for _, a := range c.MarksGone {
		account(a, rowMark, nil)
	}
	for _, home := range c.Homes {
		account(home.Account, rowHome, encode(home))
	}
	for _, a := range c.HomesGone {
		account(a, rowHome, nil)
	}
	for _, l := range c.Links {
		out = append(out, &journalv1.Gather{State: journalv1.GatherState_GATHER_STATE_APPLIED, Peer: uint32(l.Peer), Number: l.Applied, Body: encode(l)})
	}
	account("", rowCounters, encode(counters{c.Number, c.Round}))
	return out
}

// ruleRows writes what is under way for rules of all shards.
func (h *happening) ruleRows() []*journalv1.Gather {
	var out []*journalv1.Gather
	written, gone := h.d.changes.Changes()
	for _, c := range written {
		out = append(out, &journalv1.Gather{State: journalv1.GatherState_GATHER_STATE_ACCOUNT, Account: c.Name, Key: rowChange + c.Kind, Body: encode(c)})
		if p := h.d.parked[stripe.CommandID(c.Operation)]; p != nil && p == h.now {
			out = append(out, &journalv1.Gather{State: journalv1.GatherState_GATHER_STATE_PARKED, Key: c.Operation, Body: encode(parkedRow{Parked: p})})
		}
	}
	for _, s := range gone {
		out = append(out, &journalv1.Gather{State: journalv1.GatherState_GATHER_STATE_ACCOUNT, Account: s.Name, Key: rowChange + s.Kind})
	}
	for _, id := range h.unparked {
		out = append(out, &journalv1.Gather{State: journalv1.GatherState_GATHER_STATE_DECIDED, Key: string(id)})
	}
	return out
}

// encode writes a value of the gathering rules; the order of fields is that of
// the type, so the same value has the same bytes.
func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("engine: encode gathering: " + err.Error())
	}
	return raw
}
