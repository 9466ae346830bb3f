package lean

import (
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// AppendRecord appends the canonical bytes of a record that is nothing but an entry:
// those that the library makes when it is deterministic. ok is false, and b as it was,
// for every other record, and for one that the library would refuse.
func AppendRecord(b []byte, r *journalv1.Record) (longer []byte, ok bool) {
	if !onlyEntry(r) {
		return b, false
	}
	o := out{b: b}
	o.number(1, uint64(r.Shard))
	o.number(2, r.Seq)
	o.number(3, uint64(r.ClockUs))
	o.number(4, uint64(r.Offset))
	o.number(5, uint64(r.Operation))
	o.flag(6, r.Last)
	o.text(7, r.Command)
	o.text(8, r.Book)
	o.text(9, r.Key)
	o.bytes(10, r.RequestHash)
	o.text(11, r.Actor)
	if e := r.Entry; e != nil {
		at := o.begin(13)
		o.text(1, e.Kind)
		o.text(2, e.Day)
		o.pairs(3, e.Metadata)
		o.pairs(4, e.Links)
		o.end(at)
	}
	for _, l := range r.Legs {
		at := o.begin(14)
		o.leg(l)
		o.end(at)
	}
	if o.bad {
		return b, false
	}
	return o.b, true
}

func (o *out) leg(l *journalv1.Leg) {
	o.text(1, l.Account)
	o.text(2, l.Asset)
	o.number(3, uint64(l.Kind))
	o.text(4, l.Amount)
	o.number(5, l.Version)
	o.text(6, l.Debit)
	o.text(7, l.Credit)
	o.text(8, l.HeldDebit)
	o.text(9, l.HeldCredit)
}

// onlyEntry says whether a record has no other fields than AppendRecord writes.
func onlyEntry(r *journalv1.Record) bool {
	if r.Refusal != nil || len(r.Holds) > 0 || len(r.Accounts) > 0 || r.Move != nil || len(r.Effects) > 0 ||
		len(r.Timers) > 0 || r.External != nil || len(r.Gathers) > 0 || len(r.Rules) > 0 || r.Confirmed != nil ||
		r.Scheduled != nil || r.Approval != nil || len(r.Conditions) > 0 || !known(r) {
		return false
	}
	if e := r.Entry; e != nil && (e.Reversal != nil || e.Exchange != nil || !known(e)) {
		return false
	}
	for _, l := range r.Legs {
		if l == nil || !known(l) {
			return false
		}
	}
	return true
}
