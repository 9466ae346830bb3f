package task

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Bounds of an offer.
const (
	MaxCircle    = 1000 // executors that an offer names
	maxOfferDays = 366
	maxRefused   = 8 // refusals of the executors' years that an offer remembers
)

// Short names of the generated words.
const (
	toCircle = flowv1.OfferTo_OFFER_TO_CIRCLE
	toKnown  = flowv1.OfferTo_OFFER_TO_KNOWN
	toAll    = flowv1.OfferTo_OFFER_TO_ALL
)

// offer offers a draft without an executor, or offers it to others than before.
func (s *step) offer() *fault.Refusal {
	if s.view.State != Draft {
		return nil // the table has no row: wrong_state
	}
	if refusal := s.holding(); refusal != nil {
		return refusal
	}
	if s.data.ExecutorId != "" {
		return fault.Refuse(fault.WrongState, "executor_id", "the task has an executor").
			With("state", s.view.State).With("event", s.command.Event)
	}
	var b flowv1.TaskOfferTo
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	circle := slices.Sorted(slices.Values(b.ExecutorIds))
	switch n := len(slices.Compact(circle)); {
	case b.To != toCircle && b.To != toKnown && b.To != toAll:
		return fault.Refuse(fault.Malformed, "to", "to whom must be said")
	case b.To != toCircle && n > 0:
		return fault.Refuse(fault.Malformed, "executor_ids", "only a circle names its executors")
	case b.To == toCircle && (n == 0 || n > MaxCircle || n < len(circle)):
		return fault.Refuse(fault.Malformed, "executor_ids", "a circle is 1 to %d executors, each once", MaxCircle)
	}
	for _, id := range circle {
		if refusal := flow.CheckID("executor_ids", id); refusal != nil {
			return refusal
		}
	}
	if b.ExpiresAt != "" {
		at, err := time.Parse(time.RFC3339, b.ExpiresAt)
		if err != nil || !at.After(s.view.Clock) || at.After(s.view.Clock.AddDate(0, 0, maxOfferDays)) {
			return fault.Refuse(fault.Malformed, "expires_at", "%.64q is no moment of the next %d days", b.ExpiresAt, maxOfferDays)
		}
		b.ExpiresAt = flow.Text(at)
	}
	s.data.Offer = &flowv1.TaskOffer{To: b.To, Circle: circle, Kind: s.data.Kind, OfferedAt: s.now(), ExpiresAt: b.ExpiresAt}
	s.data.Error = nil
	return nil
}

// accept gives the task to the executor who is first, and signs for him. Whoever comes
// later hears that it is taken; who does not fit hears why, and the offer stands.
func (s *step) accept() *fault.Refusal {
	var b flowv1.TaskAccept
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("executor_id", b.ExecutorId); refusal != nil {
		return refusal
	}
	over := s.view.State == Canceled || s.view.State == Deleted
	if d := s.data; d.ExecutorId != "" && d.ExecutorId != b.ExecutorId && !over {
		return fault.Refuse(fault.OfferTaken, "executor_id", "somebody else was faster").With("state", s.view.State)
	}
	if s.view.State != Draft {
		return nil // the table has no row: wrong_state
	}
	if b.Terms == 0 {
		return fault.Refuse(fault.Malformed, "terms", "which terms are accepted must be said")
	}
	if s.data.Offer == nil && s.data.ExecutorId == b.ExecutorId { // chosen by the company
		return s.consent(b.Terms, Sign, signHeld)
	}
	if refusal := s.holding(); refusal != nil {
		return refusal
	}
	if !s.offeredTo(b.ExecutorId, b.Known) {
		return notOffered(b.ExecutorId)
	}
	s.data.Offer.Kind = s.data.Kind
	if refusal := s.take(b.ExecutorId, b.Executor, b.Tariff); refusal != nil {
		return refusal
	}
	if code := s.blocked(b.Executor); code != "" {
		return fault.Refuse(fault.Code(code), "executor_id", "the executor lacks what a payment needs")
	}
	if refusal := s.consent(b.Terms, Accept, acceptHeld); refusal != nil {
		return refusal
	}
	if s.on == Accept {
		s.data.Offer = nil
	}
	return nil
}

// consent is the executor's signature under terms that he saw; 0 is whatever they are.
func (s *step) consent(terms uint32, on, held string) *fault.Refusal {
	if refusal := s.holding(); refusal != nil {
		return refusal
	}
	if now := Terms(s.data); s.view.State == Draft && terms != 0 && terms != now {
		return s.otherTerms(now, terms)
	}
	s.data.ExecutorSignedAt, s.on = s.now(), on
	if s.view.State == Draft && s.capped() {
		s.hold(held)
	}
	return nil
}

// offeredTo says whether an executor may accept now.
func (s *step) offeredTo(executor string, known bool) bool {
	o := s.data.Offer
	if o == nil || o.Expired || o.ExpiresAt != "" && !s.view.Clock.Before(flow.Moment(o.ExpiresAt)) {
		return false
	}
	switch o.To {
	case toCircle:
		_, in := slices.BinarySearch(o.Circle, executor)
		return in
	case toKnown:
		return known
	}
	return o.To == toAll
}

func notOffered(executor string) *fault.Refusal {
	return fault.Refuse(fault.NotOffered, "executor_id", "the task is not offered to %q", executor)
}

// decline is an executor's no: he leaves the circle, and the offer ends with the last; a
// draft that the company had chosen him for is without an executor again.
func (s *step) decline() *fault.Refusal {
	if s.view.State != Draft {
		return nil // the table has no row: wrong_state
	}
	if refusal := s.holding(); refusal != nil {
		return refusal
	}
	var b flowv1.TaskDecline
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	d, o := s.data, s.data.Offer
	switch {
	case o == nil && d.ExecutorId != "" && d.ExecutorId == b.ExecutorId:
		if s.manual() || d.WorkDone {
			return fault.Refuse(fault.WrongState, "event", "the contract was signed outside, or the work is done").
				With("state", s.view.State).With("event", s.command.Event)
		}
		s.unassign()
		d.Error = nil
		return nil
	case o == nil:
		return notOffered(b.ExecutorId)
	case o.To != toCircle:
		return fault.Refuse(fault.WrongState, "event", "an offer to everybody is passed over").
			With("state", s.view.State).With("event", s.command.Event)
	}
	i, in := slices.BinarySearch(o.Circle, b.ExecutorId)
	if !in {
		return notOffered(b.ExecutorId)
	}
	o.Circle, o.Declined = slices.Delete(o.Circle, i, i+1), o.Declined+1
	if len(o.Circle) == 0 {
		s.on, d.Offer = declineLast, nil
	}
	return nil
}

// unassign takes the executor away, and what followed from him.
func (s *step) unassign() {
	s.data.ExecutorId, s.data.Sum, s.data.ExecutorSignedAt = "", nil, ""
}

// withdraw ends an offer that nobody accepted.
func (s *step) withdraw() *fault.Refusal {
	if s.view.State != Draft {
		return nil // the table has no row: wrong_state
	}
	if refusal := s.holding(); refusal != nil {
		return refusal
	}
	if s.data.Offer == nil {
		return fault.Refuse(fault.WrongState, "event", "the task is offered to nobody").
			With("state", s.view.State).With("event", s.command.Event)
	}
	s.data.Offer = nil
	return nil
}

// expire ends an offer whose time ran out; one that somebody has just accepted ends when
// the answer of his year is a refusal.
func (s *step) expire() {
	if s.data.Phase == phaseHold {
		s.on, s.data.Offer.Expired = offerExpiredHeld, true
		return
	}
	s.data.Offer = nil
}

// reopen puts the task back on offer after the executor's year refused whoever accepted.
func (s *step) reopen() {
	d, o := s.data, s.data.Offer
	o.Refused = append(o.Refused, &flowv1.OfferRefused{ExecutorId: d.ExecutorId, Error: d.Error})
	o.Refused = o.Refused[max(0, len(o.Refused)-maxRefused):]
	s.unassign()
	d.Kind, d.Error, s.on = o.Kind, nil, holdRefusedOffer
	if o.Expired {
		d.Offer = nil
	}
}

// Audiences of an offer; an executor that a task has finds it under his id.
const (
	audienceOffer = "offer:"       // and an executor's id
	audienceKnown = "offer-known:" // and a company's id
	audienceAll   = "offer-all:"   // and a kind of employment, "" = any
)

// OfferAudiences are the audiences under which an executor finds what he may accept.
func OfferAudiences(executor string, kind flowv1.EmploymentKind, companies []string) []string {
	all := []string{audienceOffer + executor, audienceAll, audienceAll + string(kindOf(kind))}
	for _, c := range companies {
		all = append(all, audienceKnown+c)
	}
	return all
}

// audience is who finds the task beside its company.
func audience(d *flowv1.TaskData) []string {
	o := d.GetOffer()
	switch {
	case o == nil && d.GetExecutorId() != "":
		return []string{d.ExecutorId}
	case o.GetTo() == toKnown:
		return []string{audienceKnown + d.CompanyId}
	case o.GetTo() == toAll:
		return []string{audienceAll + string(kindOf(o.Kind))}
	}
	var all []string
	for _, id := range o.GetCircle() {
		all = append(all, audienceOffer+id)
	}
	return all
}

// address says in the decision who finds the task, when that changes, and when the offer
// runs out.
func (s *step) address(was *flowv1.TaskData, d *flow.Decision) {
	s.await(offerExpired, was.Offer.GetExpiresAt(), s.data.Offer.GetExpiresAt(), d)
	if was.ExecutorId == s.data.ExecutorId && proto.Equal(was.Offer, s.data.Offer) && s.on != Delete {
		return
	}
	before, now := audience(was), audience(s.data)
	if s.on == Delete {
		now = nil
	}
	if !slices.Equal(before, now) {
		d.Audience, d.Readdress = now, true
	}
}

// await sets the timer of an event whose moment has changed, or takes it back.
func (s *step) await(event, was, now string, d *flow.Decision) {
	if was == now {
		return
	}
	if d.Timers == nil {
		d.Timers = map[string]time.Time{}
	}
	d.Timers[event] = time.Time{}
	if now != "" {
		d.Timers[event] = flow.Moment(now)
	}
}
