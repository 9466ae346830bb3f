package ledger

import (
	"strconv"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// HoldFlow is the timer's flow for the expiry of a hold.
const HoldFlow = "hold"

// MaxHoldMS bounds how long money is held when an end is named: 400 days.
const MaxHoldMS = 400 * 24 * 60 * 60 * 1000

// Expire gives back what is left of a hold whose time ran out.
func Expire(v View, seq uint64) (*Draft, *fault.Refusal, *book.Short) {
	return release(v, seq, book.Expired)
}

func place(v View, p *commandv1.Place, now Now) (*Draft, *fault.Refusal, *book.Short) {
	leg := &commandv1.Leg{Account: p.GetAccount(), Asset: p.GetAsset(), Amount: p.GetAmount(), Open: p.GetOpen()}
	c, refusal := legChange("", leg)
	if refusal != nil {
		return nil, refusal, nil
	}
	if c.Amount.Sign() <= 0 {
		return nil, fault.Refuse(fault.AmountInvalid, "amount", "%s is not positive", c.Amount), nil
	}
	if p.GetExpiresMs() < 0 || p.GetExpiresMs() > MaxHoldMS {
		return nil, fault.Refuse(fault.Malformed, "expires_ms", "%d is not between 0 and %d, which is 400 days", p.GetExpiresMs(), int64(MaxHoldMS)).
			With("most", strconv.FormatInt(MaxHoldMS, 10)), nil
	}
	h := book.Hold{Seq: now.Seq, Account: c.Account, Asset: c.Asset, State: book.Placed, Amount: c.Amount, Left: c.Amount}
	applied, refusal, short := apply(v, []book.Change{book.Place(c.Account, c.Type, c.Asset, c.Amount)}, nil)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	if p.GetExpiresMs() > 0 {
		h.ExpiresUS = now.US + p.GetExpiresMs()*1000
	}
	d := draft(applied, nil)
	d.hold(h)
	if h.ExpiresUS != 0 {
		d.Record.Timers = append(d.Record.Timers, expiry(h, false))
	}
	return d, nil, nil
}

// resize holds more or less.
func resize(v View, r *commandv1.Resize) (*Draft, *fault.Refusal, *book.Short) {
	h, t, refusal := hold(v, r.GetPlacedSeq())
	if refusal != nil {
		return nil, refusal, nil
	}
	by, refusal := resizedBy(h, r)
	if refusal != nil {
		return nil, refusal, nil
	}
	c, after, refusal := book.Resize(h, t, by)
	if refusal != nil {
		return nil, refusal, nil
	}
	applied, short := book.Apply(v, []book.Change{c}, nil)
	if by.Sign() > 0 {
		applied, refusal, short = apply(v, []book.Change{c}, nil)
	}
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	d := draft(applied, nil)
	d.hold(after)
	return d, nil, nil
}

// resizedBy is how much more is to be held; negative is less.
func resizedBy(h book.Hold, r *commandv1.Resize) (money.Amount, *fault.Refusal) {
	switch {
	case (r.GetIncrease() == "") == (r.GetDecrease() == ""):
		return money.Zero, fault.Refuse(fault.Malformed, "increase", "either an increase or a decrease is named")
	case r.GetIncrease() != "":
		return positive("increase", h.Asset, r.GetIncrease())
	}
	by, refusal := positive("decrease", h.Asset, r.GetDecrease())
	return by.Neg(), refusal
}

// settlement is what settling in time and late have in common.
type settlement interface {
	GetCredits() []*commandv1.Leg
	GetKind() string
	GetDay() string
	GetMetadata() map[string]string
}

// newSettlement reads the credits and refuses what is wrong whatever the books say.
func newSettlement(s settlement, now Now) ([]book.Change, *fault.Refusal) {
	credits, refusal := changes(nil, "credits", s.GetCredits())
	if refusal != nil {
		return nil, refusal
	}
	if refusal := checkWords(s.GetKind(), s.GetDay()); refusal != nil {
		return nil, refusal
	}
	if refusal := notAhead(&journalv1.Entry{Day: s.GetDay()}, now); refusal != nil {
		return nil, refusal
	}
	return credits, checkMetadata(s.GetMetadata())
}

// settled books a settlement.
func settled(v View, s settlement, all []book.Change, after book.Hold, now Now) (*Draft, *fault.Refusal, *book.Short) {
	if refusal := book.CheckPositions(all); refusal != nil {
		return nil, refusal, nil
	}
	if refusal := checkDay(v, orDay(s.GetDay(), now)); refusal != nil {
		return nil, refusal, nil
	}
	applied, refusal, short := apply(v, all, nil)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	d := draft(applied, &journalv1.Entry{
		Kind: s.GetKind(), Day: orDay(s.GetDay(), now), Metadata: s.GetMetadata(),
		Links: map[string]string{LinkSettles: strconv.FormatUint(after.Seq, 10)},
	})
	d.keep(after)
	return d, nil, nil
}

func settle(v View, s *commandv1.Settle, now Now) (*Draft, *fault.Refusal, *book.Short) {
	h, t, amount, over, refusal := settleAmounts(v, s)
	if refusal != nil {
		return nil, refusal, nil
	}
	credits, refusal := newSettlement(s, now)
	if refusal != nil {
		return nil, refusal, nil
	}
	all, after, refusal := book.Settle(h, t, s.GetKind(), amount, over, credits, s.GetFinal())
	if refusal != nil {
		return nil, refusal, nil
	}
	d, refusal, short := settled(v, s, all, after, now)
	if d != nil {
		d.end(after)
	}
	return d, refusal, short
}

// settleAmounts reads how much of a hold is taken, and how much more than is held may be.
func settleAmounts(v View, s *commandv1.Settle) (h book.Hold, t book.Type, amount, over money.Amount, refusal *fault.Refusal) {
	if h, t, refusal = hold(v, s.GetPlacedSeq()); refusal != nil {
		return h, t, amount, over, refusal
	}
	amount = h.Left
	if s.GetAmount() != "" {
		if amount, refusal = positive("amount", h.Asset, s.GetAmount()); refusal != nil {
			return h, t, amount, over, refusal
		}
	}
	if s.GetOverLimit() != "" {
		over, refusal = positive("over_limit", h.Asset, s.GetOverLimit())
	}
	return h, t, amount, over, refusal
}

func settleLate(v View, s *commandv1.SettleLate, now Now) (*Draft, *fault.Refusal, *book.Short) {
	h, t, refusal := hold(v, s.GetPlacedSeq())
	if refusal != nil {
		return nil, refusal, nil
	}
	amount, refusal := positive("amount", h.Asset, s.GetAmount())
	if refusal != nil {
		return nil, refusal, nil
	}
	credits, refusal := newSettlement(s, now)
	if refusal != nil {
		return nil, refusal, nil
	}
	all, after, refusal := book.SettleLate(h, t, s.GetKind(), amount, credits)
	if refusal != nil {
		return nil, refusal, nil
	}
	return settled(v, s, all, after, now)
}

// beyond gives the changes by which an operation on a hold takes available money: the
// increase, what is settled over what is held, what is settled late.
func beyond(v View, op *commandv1.Operation) []book.Change {
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Resize:
		h, t, refusal := hold(v, what.Resize.GetPlacedSeq())
		if refusal != nil || h.State != book.Placed {
			return nil
		}
		if by, refusal := resizedBy(h, what.Resize); refusal == nil && by.Sign() > 0 {
			return []book.Change{book.Place(h.Account, t, h.Asset, by)}
		}
	case *commandv1.Operation_Settle:
		h, t, amount, over, refusal := settleAmounts(v, what.Settle)
		more := amount.Sub(h.Left)
		if refusal != nil || h.State != book.Placed || more.Sign() <= 0 || more.Cmp(over) > 0 {
			return nil
		}
		return paid(h, t, more, what.Settle.GetCredits())
	case *commandv1.Operation_SettleLate:
		h, t, refusal := hold(v, what.SettleLate.GetPlacedSeq())
		if refusal != nil {
			return nil
		}
		amount, refusal := positive("amount", h.Asset, what.SettleLate.GetAmount())
		if refusal != nil || amount.Cmp(h.Late) > 0 {
			return nil
		}
		return paid(h, t, amount, what.SettleLate.GetCredits())
	}
	return nil
}

// paid is an amount out of the hold's account, and the legs that receive it.
func paid(h book.Hold, t book.Type, amount money.Amount, credits []*commandv1.Leg) []book.Change {
	all, refusal := changes(nil, "credits", credits)
	if refusal != nil {
		return nil
	}
	return append([]book.Change{{Account: h.Account, Type: t, Asset: h.Asset, Kind: t.Class.Lowering(), Amount: amount}}, all...)
}

func release(v View, seq uint64, to book.HoldState) (*Draft, *fault.Refusal, *book.Short) {
	h, t, refusal := hold(v, seq)
	if refusal != nil {
		return nil, refusal, nil
	}
	give, after, refusal := book.Release(h, t, to)
	if refusal != nil {
		return nil, refusal, nil
	}
	applied, short := book.Apply(v, []book.Change{give}, nil)
	if short != nil {
		return nil, nil, short
	}
	d := draft(applied, nil)
	d.hold(after)
	return d, nil, nil
}

func hold(v View, seq uint64) (book.Hold, book.Type, *fault.Refusal) {
	h, ok := v.Hold(seq)
	if !ok {
		return h, book.Type{}, fault.Refuse(fault.HoldUnknown, "hold", "record %d of the shard placed no hold", seq)
	}
	t, err := typeOf("hold", h.Account)
	return h, t, err
}

// hold adds a hold that was placed, changed or is over to the draft.
func (d *Draft) hold(h book.Hold) {
	d.keep(h)
	d.end(h)
}

// keep adds a hold to the draft.
func (d *Draft) keep(h book.Hold) {
	d.Holds = append(d.Holds, h)
	d.Record.Holds = append(d.Record.Holds, &journalv1.Hold{
		PlacedSeq: h.Seq, Account: h.Account, Asset: h.Asset.Code, State: journalv1.HoldState(h.State),
		Amount: h.Asset.Format(h.Amount), Left: h.Asset.Format(h.Left), ExpiresUs: h.ExpiresUS,
		Late: orNothing(h.Asset, h.Late), Over: orNothing(h.Asset, h.Over),
	})
}

// end closes the expiry timer of a hold that is over now.
func (d *Draft) end(h book.Hold) {
	if h.State != book.Placed && h.ExpiresUS != 0 {
		d.Record.Timers = append(d.Record.Timers, expiry(h, true))
	}
}

// orNothing is a sum as the journal says it, the empty text when it is zero.
func orNothing(asset money.Asset, sum money.Amount) string {
	if sum.IsZero() {
		return ""
	}
	return asset.Format(sum)
}

func expiry(h book.Hold, closed bool) *journalv1.Timer {
	seq := strconv.FormatUint(h.Seq, 10)
	return &journalv1.Timer{Id: "hold." + seq, DueUs: h.ExpiresUS, Flow: HoldFlow, Aggregate: seq, Event: "expire", Closed: closed}
}
