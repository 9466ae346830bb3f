package ledger

import (
	"strconv"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
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

func settle(v View, s *commandv1.Settle, now Now) (*Draft, *fault.Refusal, *book.Short) {
	h, t, refusal := hold(v, s.GetPlacedSeq())
	if refusal != nil {
		return nil, refusal, nil
	}
	amount := h.Left
	if s.GetAmount() != "" {
		if amount, refusal = positive("amount", h.Asset, s.GetAmount()); refusal != nil {
			return nil, refusal, nil
		}
	}
	credits, refusal := changes(nil, "credits", s.GetCredits())
	if refusal != nil {
		return nil, refusal, nil
	}
	if refusal := checkWords(s.GetKind(), s.GetDay()); refusal != nil {
		return nil, refusal, nil
	}
	if refusal := notAhead(&journalv1.Entry{Day: s.GetDay()}, now); refusal != nil {
		return nil, refusal, nil
	}
	if refusal := checkMetadata(s.GetMetadata()); refusal != nil {
		return nil, refusal, nil
	}
	all, after, refusal := book.Settle(h, t, s.GetKind(), amount, credits, s.GetFinal())
	if refusal != nil {
		return nil, refusal, nil
	}
	applied, refusal, short := apply(v, all, nil)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	d := draft(applied, &journalv1.Entry{
		Kind: s.GetKind(), Day: orDay(s.GetDay(), now), Metadata: s.GetMetadata(),
		Links: map[string]string{LinkSettles: strconv.FormatUint(h.Seq, 10)},
	})
	d.hold(after)
	return d, nil, nil
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

// hold adds a hold to the draft; a hold that is over closes its expiry timer.
func (d *Draft) hold(h book.Hold) {
	d.Holds = append(d.Holds, h)
	d.Record.Holds = append(d.Record.Holds, &journalv1.Hold{
		PlacedSeq: h.Seq, Account: h.Account, Asset: h.Asset.Code, State: journalv1.HoldState(h.State),
		Amount: h.Asset.Format(h.Amount), Left: h.Asset.Format(h.Left), ExpiresUs: h.ExpiresUS,
	})
	if h.State != book.Placed && h.ExpiresUS != 0 {
		d.Record.Timers = append(d.Record.Timers, expiry(h, true))
	}
}

func expiry(h book.Hold, closed bool) *journalv1.Timer {
	seq := strconv.FormatUint(h.Seq, 10)
	return &journalv1.Timer{Id: "hold." + seq, DueUs: h.ExpiresUS, Flow: HoldFlow, Aggregate: seq, Event: "expire", Closed: closed}
}
