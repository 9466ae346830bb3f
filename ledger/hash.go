package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// RequestHashBytes is the length of a request's hash.
const RequestHashBytes = 16

// HashBytes is the first 16 bytes of SHA-256.
func HashBytes(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:RequestHashBytes]
}

// RequestHash binds a key to its request: the first 16 bytes of the SHA-256 over
// every field that the caller chose, in a fixed order, each led by its length.
// What the API stamps (whether an account is open) is not part of it.
func RequestHash(op *commandv1.Operation) []byte { return new(Hasher).Request(op) }

// Hasher hashes many requests without an allocation for each. Its zero value is ready.
type Hasher struct {
	text canonical
	sums []byte
}

// Request is RequestHash.
func (h *Hasher) Request(op *commandv1.Operation) []byte {
	h.text.bytes = h.text.bytes[:0]
	h.text.request(op)
	const block = 64 * RequestHashBytes
	if cap(h.sums)-len(h.sums) < RequestHashBytes {
		h.sums = make([]byte, 0, min(block, RequestHashBytes+16*len(h.sums)))
	}
	sum, from := sha256.Sum256(h.text.bytes), len(h.sums)
	h.sums = append(h.sums, sum[:RequestHashBytes]...)
	return h.sums[from:len(h.sums):len(h.sums)]
}

// request writes an operation in its canonical form. Without conditions it hashes as it
// did before there were any.
func (h *canonical) request(op *commandv1.Operation) {
	h.what(op)
	if list := op.GetConditions(); len(list) > 0 {
		h.text("conditions")
		h.number(uint64(len(list)))
		for _, c := range list {
			h.text(c.GetAccount(), c.GetAsset(), c.GetAtLeast())
			h.flag(c.GetVersion() != nil)
			h.id(c.GetVersion().GetShard(), c.GetVersion().GetVersion())
		}
	}
}

func (h *canonical) what(op *commandv1.Operation) {
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Open:
		h.text("open", what.Open.GetAccount())
	case *commandv1.Operation_Post:
		h.text("post")
		h.post(what.Post)
	case *commandv1.Operation_Place:
		p := what.Place
		h.text("place", p.GetAccount(), p.GetAsset(), p.GetAmount())
		h.number(uint64(p.GetExpiresMs()))
	case *commandv1.Operation_Settle:
		s := what.Settle
		h.text("settle", s.GetAmount(), s.GetKind(), s.GetDay())
		h.id(s.GetShard(), s.GetPlacedSeq())
		h.legs(s.GetCredits())
		h.flag(s.GetFinal())
		h.words(s.GetMetadata())
		if s.GetOverLimit() != "" { // requests without it hash as they always did
			h.text(s.GetOverLimit())
		}
	case *commandv1.Operation_SettleLate:
		s := what.SettleLate
		h.text("settle_late", s.GetAmount(), s.GetKind(), s.GetDay())
		h.id(s.GetShard(), s.GetPlacedSeq())
		h.legs(s.GetCredits())
		h.words(s.GetMetadata())
	case *commandv1.Operation_Resize:
		r := what.Resize
		h.text("resize", r.GetIncrease(), r.GetDecrease())
		h.id(r.GetShard(), r.GetPlacedSeq())
	case *commandv1.Operation_Void:
		h.text("void")
		h.id(what.Void.GetShard(), what.Void.GetPlacedSeq())
	case *commandv1.Operation_Cancel:
		h.text("cancel")
		h.id(what.Cancel.GetShard(), what.Cancel.GetScheduledSeq())
	case *commandv1.Operation_Flow:
		f := what.Flow
		h.text("flow", f.GetFlow(), f.GetId(), f.GetEvent(), string(f.GetBody()), f.GetOwner())
	case *commandv1.Operation_Change:
		c := what.Change
		h.text("change", c.GetAccount(), c.GetReason(), c.GetAsset(), c.GetLimit())
		h.number(uint64(c.GetWhat()))
		h.flag(c.GetDebits())
		h.flag(c.GetCredits())
	case *commandv1.Operation_Ask:
		h.text("ask")
		h.number(uint64(what.Ask.GetExpiresMs()))
		h.request(Guarded(what.Ask))
	case *commandv1.Operation_Verdict:
		h.text("verdict", what.Verdict.GetReason())
		h.id(what.Verdict.GetShard(), what.Verdict.GetAskedSeq())
		h.flag(what.Verdict.GetApprove())
	case *commandv1.Operation_Period:
		p := what.Period
		h.text("period", p.GetThrough(), p.GetReason(), string(p.GetSheet()))
		h.number(uint64(p.GetWhat()))
	case *commandv1.Operation_Policy:
		h.text("policy", what.Policy.GetReason())
		h.text(what.Policy.GetTwo()...)
	case *commandv1.Operation_Reverse:
		r := what.Reverse
		h.text("reverse", r.GetPart(), r.GetKind(), r.GetDay())
		h.id(r.GetShard(), r.GetSeq())
		h.flag(r.GetByLeg() != nil)
		h.legAmounts(append([]*commandv1.LegAmount{r.GetByLeg()}, r.GetLegs()...))
		h.words(r.GetMetadata())
		h.words(r.GetLinks())
	case *commandv1.Operation_Exchange:
		x := what.Exchange
		h.text("exchange", x.GetRate(), x.GetSource(), x.GetRounding(), x.GetKind(), x.GetDay())
		h.flag(x.GetInverse())
		h.number(uint64(x.GetRateUs()))
		h.flag(x.GetSpread() != nil)
		h.legs([]*commandv1.Leg{x.GetSold(), x.GetBought(), x.GetSpread()})
		h.words(x.GetMetadata())
		h.words(x.GetLinks())
	case *commandv1.Operation_Correct:
		c := what.Correct
		h.text("correct")
		h.id(c.GetShard(), c.GetSeq())
		h.post(c.GetPost())
	}
}

// GroupHash binds the keys of an atomic group to the whole of it.
func GroupHash(group []*commandv1.Operation) []byte {
	var space [canonicalBytes]byte
	h := canonical{space[:0]}
	for _, op := range group {
		h.text(op.GetKey(), string(RequestHash(op)))
	}
	return h.sum()
}

// canonicalBytes is how long the canonical form of a usual request is, at most.
const canonicalBytes = 256

// canonical gathers the canonical form. Hashing it in one piece takes a third of what
// hashing its many small parts does.
type canonical struct{ bytes []byte }

func (c *canonical) sum() []byte { return HashBytes(c.bytes) }

func (c *canonical) number(n uint64) { c.bytes = binary.BigEndian.AppendUint64(c.bytes, n) }

// id is the id of an entry or a hold.
func (c *canonical) id(shard uint32, seq uint64) {
	c.number(uint64(shard))
	c.number(seq)
}

func (c *canonical) post(p *commandv1.Post) {
	c.text(p.GetKind(), p.GetDay())
	c.legs(p.GetLegs())
	c.words(p.GetMetadata())
	c.words(p.GetLinks())
}

func (c *canonical) legAmounts(list []*commandv1.LegAmount) {
	c.number(uint64(len(list)))
	for _, l := range list {
		c.number(uint64(l.GetLeg()))
		c.text(l.GetAmount())
	}
}

func (c *canonical) flag(f bool) {
	if f {
		c.number(1)
	} else {
		c.number(0)
	}
}

func (c *canonical) text(texts ...string) {
	for _, t := range texts {
		c.number(uint64(len(t)))
		c.bytes = append(c.bytes, t...)
	}
}

func (c *canonical) legs(legs []*commandv1.Leg) {
	c.number(uint64(len(legs)))
	for _, l := range legs {
		c.text(l.GetAccount(), l.GetAsset(), l.GetAmount())
		c.flag(l.GetDebit())
	}
}

func (c *canonical) words(m map[string]string) {
	c.number(uint64(len(m)))
	if len(m) == 0 {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		c.text(k, m[k])
	}
}
