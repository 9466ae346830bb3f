package audit

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// scheduled checks an entry of a later day, and takes what it holds or gives back out of
// what the record's holds must account for.
func (c *check) scheduled() error {
	m := c.r.GetScheduled()
	if m == nil {
		return nil
	}
	name := "scheduled entry " + strconv.Itoa(c.s.number) + "." + uintText(m.GetSeq())
	old := c.s.planned[m.GetSeq()]
	sign, err := 1, error(nil)
	switch {
	case old != nil:
		sign, err = -1, c.ended(name, old, m)
		delete(c.s.planned, m.GetSeq())
	case c.a.past != nil && m.GetSeq() != c.r.GetSeq(): // before a follower began, or forgotten
		sign = -1
	default:
		err = c.waits(name, m)
		c.s.planned[m.GetSeq()] = m
	}
	if err != nil {
		return err
	}
	for _, h := range book.Reserve(ledger.ScheduledLegs(m)) {
		st := c.s.stripes.get(stripeKey{c.r.GetBook(), h.Account, h.Asset.Code})
		if st == nil || st.seq != c.r.GetSeq() {
			return c.differ("the legs of "+name, "a leg that holds or gives back "+h.Asset.Format(h.Amount)+" of "+h.Account, "none")
		}
		if sign < 0 {
			h.Amount = h.Amount.Neg()
		}
		st.held = st.held.Sub(h.Amount)
	}
	return nil
}

// waits checks an entry that was scheduled.
func (c *check) waits(name string, m *journalv1.Scheduled) error {
	if m.GetSeq() != c.r.GetSeq() {
		return c.differ("the record that made "+name, "a record that scheduled it, and an entry that waits", "none")
	}
	day, err := time.ParseInLocation(time.DateOnly, m.GetEntry().GetDay(), c.a.calendar.zone)
	switch {
	case m.GetState() != journalv1.ScheduledState_SCHEDULED_STATE_WAITING || c.r.GetEntry() != nil:
		return c.differ("the state of "+name, "waiting, and nothing posted", m.GetState().String())
	case err != nil || day.UnixMicro() != m.GetDueUs() || m.GetDueUs() <= c.r.GetClockUs():
		return c.differ("when "+name+" is due", "the beginning of its day, after "+clockText(c.r.GetClockUs()), m.GetEntry().GetDay()+" at "+clockText(m.GetDueUs()))
	}
	for i, l := range m.GetLegs() {
		asset, ok := money.LookupAsset(l.GetAsset())
		_, refusal := book.ParseName("account", l.GetAccount())
		if !ok || refusal != nil {
			return c.differ("leg "+strconv.Itoa(i)+" of "+name, "an account and an asset", l.GetAccount()+" "+l.GetAsset())
		}
		if _, ok := exactAmount(asset, l.GetAmount()); !ok {
			return c.differ("leg "+strconv.Itoa(i)+" of "+name, "a decimal with "+strconv.Itoa(int(asset.Scale))+" places", l.GetAmount())
		}
	}
	if refusal := book.CheckEntry(m.GetEntry().GetKind(), ledger.ScheduledLegs(m)); refusal != nil {
		return c.differ("the legs of "+name, "debits equal to credits, purposes kept apart", refusal.Error())
	}
	return nil
}

// ended checks that what was scheduled was posted as it was, on its day, or was not
// posted at all.
func (c *check) ended(name string, old, m *journalv1.Scheduled) error {
	same := proto.CloneOf(m)
	same.State, same.Refusal = old.GetState(), nil
	switch {
	case !proto.Equal(same, old):
		return c.differ("what "+name+" is", "what was scheduled", "something else")
	case m.GetState() == journalv1.ScheduledState_SCHEDULED_STATE_CANCELLED:
	case m.GetDueUs() > c.r.GetClockUs():
		return c.differ("when "+name+" came to its end", "not before "+clockText(m.GetDueUs()), clockText(c.r.GetClockUs()))
	}
	switch m.GetState() {
	case journalv1.ScheduledState_SCHEDULED_STATE_POSTED:
		return c.postedAsPlanned(name, m)
	case journalv1.ScheduledState_SCHEDULED_STATE_CANCELLED, journalv1.ScheduledState_SCHEDULED_STATE_FAILED:
		failed := m.GetState() == journalv1.ScheduledState_SCHEDULED_STATE_FAILED
		if c.r.GetEntry() != nil || failed != (m.GetRefusal().GetCode() != "") {
			return c.differ("the end of "+name, "nothing posted, and a reason if it failed", "an entry, or another reason")
		}
		return nil
	}
	return c.differ("the state of "+name, "posted, cancelled or failed", m.GetState().String())
}

func (c *check) postedAsPlanned(name string, m *journalv1.Scheduled) error {
	e := c.r.GetEntry()
	if e.GetDay() != m.GetEntry().GetDay() || e.GetKind() != m.GetEntry().GetKind() {
		return c.differ("the entry of "+name, m.GetEntry().GetKind()+" of "+m.GetEntry().GetDay(), e.GetKind()+" of "+e.GetDay())
	}
	var posted []*journalv1.Leg
	for _, l := range c.r.GetLegs() {
		if k := book.Kind(l.GetKind()); k == book.Debit || k == book.Credit {
			posted = append(posted, l)
		}
	}
	if len(posted) != len(m.GetLegs()) {
		return c.differ("the legs of "+name, strconv.Itoa(len(m.GetLegs())), strconv.Itoa(len(posted)))
	}
	for i, l := range m.GetLegs() {
		p := posted[i]
		if p.GetAccount() != l.GetAccount() || p.GetAsset() != l.GetAsset() || p.GetKind() != l.GetKind() || p.GetAmount() != l.GetAmount() {
			return c.differ("leg "+strconv.Itoa(i)+" of "+name, l.GetAccount()+" "+l.GetAmount(), p.GetAccount()+" "+p.GetAmount())
		}
	}
	return nil
}
