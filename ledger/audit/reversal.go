package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// remember keeps a digest of the record's entry, by which a reversal's word about it is
// checked; 0 when it cannot be reversed.
func (c *check) remember() error {
	r, e := c.r, c.r.GetEntry()
	digest := uint64(0)
	if e != nil && r.GetMove() == nil && e.GetKind() != "transit" {
		h := c.a.digest.begin(r.GetBook(), e.GetKind())
		for i, l := range r.GetLegs() {
			if k := book.Kind(l.GetKind()); i >= int(e.GetReversal().GetPostings()) && (k == book.Debit || k == book.Credit) {
				h.leg(uint32(i), l.GetAccount(), l.GetAsset(), k == book.Debit, l.GetAmount())
			}
		}
		digest = h.sum()
	}
	c.s.entries = append(c.s.entries, digest)
	return nil
}

// entryDigest is over what a reversal says of the entry that it gives back.
type entryDigest struct {
	bytes []byte
	legs  int
}

// begin starts afresh, in the memory of the one before.
func (h *entryDigest) begin(bookName, kind string) *entryDigest {
	h.bytes, h.legs = h.bytes[:0], 0
	h.text(bookName)
	h.text(kind)
	return h
}

func (h *entryDigest) text(s string) {
	h.bytes = append(binary.AppendUvarint(h.bytes, uint64(len(s))), s...)
}

func (h *entryDigest) leg(index uint32, account, asset string, debit bool, amount string) {
	h.legs++
	h.bytes = binary.AppendUvarint(h.bytes, uint64(index))
	h.text(account)
	h.text(asset)
	h.text(strconv.FormatBool(debit))
	h.text(amount)
}

// sum is never 0 when there is a leg.
func (h *entryDigest) sum() uint64 {
	if h.legs == 0 {
		return 0
	}
	sum := sha256.Sum256(h.bytes)
	return binary.BigEndian.Uint64(sum[:8]) | 1
}

// reversal checks what a record says of the entry that it gives back, and that its first
// postings are exactly that; it answers those behind them.
func (c *check) reversal(r *journalv1.Reversal, changes []book.Change) ([]book.Change, error) {
	name := recordName(c.s.number, r.GetSeq())
	before, given, err := c.givenBack(name, r)
	if err != nil {
		return nil, err
	}
	n := int(r.GetPostings())
	if n == 0 || n != len(given) || n > len(changes) {
		return nil, c.differ("the legs that give "+name+" back", strconv.Itoa(len(given)), strconv.Itoa(n)+" of "+strconv.Itoa(len(changes)))
	}
	for i, g := range given {
		b := changes[i]
		if b.Account != g.Account || b.Asset.Code != g.Asset.Code || b.Kind+g.Kind != book.Debit+book.Credit || !b.Amount.Equal(g.Amount) {
			return nil, c.differ("leg "+strconv.Itoa(i)+", which gives "+name+" back",
				g.Asset.Format(g.Amount)+" of "+g.Account, b.Asset.Format(b.Amount)+" of "+b.Account)
		}
	}
	if refusal := book.CheckEntry(r.GetKind(), given); refusal != nil {
		return nil, c.differ("what is given back of "+name, "debits equal to credits", refusal.Error())
	}
	if id, link := strconv.Itoa(c.s.number)+"."+uintText(r.GetSeq()), c.r.GetEntry().GetLinks()["reverses"]; link != id {
		return nil, c.differ("the link to what is given back", id, link)
	}
	c.s.reversed[r.GetSeq()] = before
	return changes[n:], nil
}

// givenBack reads what a record says of the entry that it gives back: what is given back
// of each leg after it, and the part of the entry that is given back by it.
func (c *check) givenBack(name string, r *journalv1.Reversal) ([]money.Amount, []book.Change, error) {
	digest := c.a.digest.begin(c.r.GetBook(), r.GetKind())
	before, after := c.s.reversed[r.GetSeq()], make([]money.Amount, len(r.GetLegs()))
	var given []book.Change
	for i, l := range r.GetLegs() {
		digest.leg(l.GetLeg(), l.GetAccount(), l.GetAsset(), l.GetDebit(), l.GetAmount())
		st := c.s.stripes.get(stripeKey{c.r.GetBook(), l.GetAccount(), l.GetAsset()})
		if st == nil {
			return nil, nil, c.differ("leg "+strconv.Itoa(i)+" of "+name, "an account that the shard has", l.GetAccount()+" "+l.GetAsset())
		}
		whole, ok := exactAmount(st.asset, l.GetAmount())
		reversed, okReversed := exactAmount(st.asset, l.GetReversed())
		if !ok || !okReversed {
			return nil, nil, c.differ("leg "+strconv.Itoa(i)+" of "+name, "exact amounts", l.GetAmount()+" and "+l.GetReversed())
		}
		part := reversed
		if i < len(before) {
			part = reversed.Sub(before[i])
		}
		if part.Sign() < 0 || reversed.Cmp(whole) > 0 {
			return nil, nil, c.differ("what is given back of leg "+strconv.Itoa(i)+" of "+name,
				"at most "+l.GetAmount()+" and not less than before", l.GetReversed())
		}
		after[i] = reversed
		if part.IsZero() {
			continue
		}
		kind := book.Credit
		if l.GetDebit() {
			kind = book.Debit
		}
		given = append(given, book.Change{Account: l.GetAccount(), Type: *st.kind, Asset: st.asset, Kind: kind, Amount: part})
	}
	found := uint64(0)
	if seq := r.GetSeq(); seq > 0 && seq <= uint64(len(c.s.entries)) {
		found = c.s.entries[seq-1]
	}
	if found == 0 || found != digest.sum() {
		return nil, nil, c.differ("what the record says of "+name, "the entry that stands there and may be reversed", "another, or none")
	}
	return after, given, nil
}
