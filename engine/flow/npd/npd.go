package npd

import (
	_ "embed"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed npd.md
var document string

// Name is the flow's name. Its id is the executor's.
const Name = "npd"

// States.
const (
	Unbound    = "unbound"
	Requesting = "requesting"
	Waiting    = "waiting"
	Bound      = "bound"
)

// Commands, with their bodies.
const (
	Bind     = "bind"     // NpdBind
	Look     = "look"     // no body
	Observed = "observed" // NpdObserved

	INNChanged = "inn_changed" // no body
)

// What else happens.
const (
	poll          = "poll"
	nightly       = "nightly"
	giveUp        = "give_up"
	bindDone      = "bind_done"
	bindBound     = "bind_bound"
	bindRefused   = "bind_refused"
	bindUnknown   = "bind_unknown"
	pollDone      = "poll_done"
	pollRefused   = "poll_refused"
	pollUnknown   = "poll_unknown"
	checkDone     = "check_done"
	checkRefused  = "check_refused"
	checkUnknown  = "check_unknown"
	publicDone    = "public_done"
	publicRefused = "public_refused"
	publicUnknown = "public_unknown"
	changed       = "changed"
	same          = "same"
	lost          = "lost"
	rebind        = "rebind"
	granted       = "granted"
	declined      = "declined"
	pending       = "pending"
	answerLate    = "answer_late"
	tellDone      = "tell_done"
	tellRefused   = "tell_refused"
	tellUnknown   = "tell_unknown"
	yearDone      = "year_done"
	yearRefused   = "year_refused"
	yearUnknown   = "year_unknown"
)

// What is asked.
const (
	bindPartner = "bind_partner"
	askBind     = "ask_bind"
	pollBind    = "poll_bind"
	askPoll     = "ask_poll"
	check       = "check"
	askCheck    = "ask_check"
	public      = "public"
	askPublic   = "ask_public"
	tell        = "tell"
	lookYear    = "look_year"
)

var words = flow.Words{
	States: []string{Unbound, Requesting, Waiting, Bound},
	Events: []string{
		Bind, Look, Observed, INNChanged, rebind, poll, nightly, giveUp, bindDone, bindBound, bindRefused, bindUnknown, pollDone, pollRefused, pollUnknown,
		checkDone, checkRefused, checkUnknown, publicDone, publicRefused, publicUnknown, changed, same, lost, granted, declined, pending, answerLate,
		tellDone, tellRefused, tellUnknown, yearDone, yearRefused, yearUnknown,
	},
	Asks: []string{bindPartner, askBind, pollBind, askPoll, check, askCheck, public, askPublic, tell, lookYear},
}

// New gives the flow of npd.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/npd/npd.md", document, decide, words)
}

// Pause is how long a person who was asked is left alone before another request.
const Pause = 10 * time.Minute

// FactAfter is a too_often refusal's fact: when it may be asked for again, RFC 3339.
const FactAfter = "after"

// step is one decision in the making.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.NpdData
	on      string
	asks    map[string][]byte
	timers  map[string]time.Time
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{view: v, command: c, data: flow.ReadData(v, &flowv1.NpdData{}), on: c.Event, asks: map[string][]byte{}}
	if s.data.Status == "" {
		s.data.Status = Unknown
	}
	before := s.data.Status
	var refusal *fault.Refusal
	switch {
	case c.Answer != nil:
		refusal = s.answered()
	default:
		refusal = s.told()
	}
	if refusal != nil {
		return flow.Decision{}, refusal
	}
	if s.data.Status != before {
		s.asks[tell] = flow.Bytes(&flowv1.ContactTold{Book: v.Book, ExecutorId: v.ID, SelfemployedStatus: s.data.Status, At: s.data.At})
	}
	return flow.Decision{On: s.on, Data: flow.Bytes(s.data), Asks: s.asks, Timers: s.timers}, nil
}

// told takes what somebody wants, what was heard elsewhere, and timers.
func (s *step) told() *fault.Refusal {
	switch s.command.Event {
	case Bind:
		return s.bind()
	case Observed:
		return s.observed()
	case Look, poll, nightly:
		s.look()
	case INNChanged:
		s.innChanged()
	case giveUp:
		s.dropOrder()
		s.become(Declined, SourceBind, "")
	default:
		return flow.WrongState(s.view, s.command)
	}
	return nil
}

// bind asks the person for permissions, unless that hangs already or is not needed.
func (s *step) bind() *fault.Refusal {
	var b flowv1.NpdBind
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	asked := slices.Clone(b.GetPermissions())
	if len(asked) == 0 {
		asked = Permissions()
	}
	slices.Sort(asked)
	for _, p := range asked {
		if !known(p) {
			return fault.Refuse(fault.Malformed, "permissions", "there is no permission %.64q", p)
		}
	}
	switch s.view.State {
	case Requesting:
		return nil
	case Bound:
		if s.data.Status == Validated { // asking for more would put at risk what is given
			return fault.Refuse(fault.WrongState, "event", "the person lets us register income").With("state", s.view.State)
		}
	case Waiting:
		if after := flow.Moment(s.data.AskedAt).Add(Pause); s.view.Clock.Before(after) {
			return fault.Refuse(fault.TooOften, "event", "the person may be asked again at %s", flow.Text(after)).With(FactAfter, flow.Text(after))
		}
	}
	s.dropOrder()
	s.asks[bindPartner] = flow.Bytes(&flowv1.NpdAsk{Book: s.view.Book, ExecutorId: s.view.ID, Permissions: slices.Compact(asked), ByPhone: b.GetByPhone()})
	return nil
}

// look asks what the state lets us ask. What is being asked may be answered with what was
// true before that which whoever looks knows of: it is asked again afterwards.
func (s *step) look() {
	s.data.Again = s.askOpen() && s.command.Event == Look || s.data.Again
	s.ask()
	if s.view.State == Bound && s.command.Event == nightly {
		s.night()
	}
}

// askOpen says whether what the state lets us ask is being asked.
func (s *step) askOpen() bool {
	switch s.view.State {
	case Requesting:
		return false
	case Waiting:
		return s.data.Polling != 0
	case Bound:
		return s.data.Checking != 0
	}
	return s.data.Looking != 0
}

// ask asks what the state lets us ask, unless it is being asked.
func (s *step) ask() {
	switch s.view.State {
	case Requesting: // the request comes first
	case Waiting:
		s.poll()
	case Bound:
		s.check()
	default:
		s.public()
	}
}

// askAgain asks anew after an answer that leaves the person where he was, when somebody
// wanted to know meanwhile.
func (s *step) askAgain() {
	if s.data.Again {
		s.data.Again = false
		s.ask()
	}
}

// innChanged asks under the new INN for what was allowed under the old one. Whoever is bound
// under it already is not asked again: the service says so.
func (s *step) innChanged() {
	s.data.InnChangedAt = flow.Text(s.view.Clock)
	s.forgetPhone()
	switch {
	case s.view.State == Requesting:
		s.data.Rebind = true
	case s.view.State != Unbound || s.data.WasValidated:
		s.bindAgain()
	}
}

// bindAgain makes the request anew, for what the person allows, or for all.
func (s *step) bindAgain() {
	asked := s.data.GetPermissions()
	if len(asked) == 0 {
		asked = Permissions()
	}
	s.on, s.data.Rebind = rebind, false
	s.dropOrder()
	s.asks[bindPartner] = flow.Bytes(&flowv1.NpdAsk{Book: s.view.Book, ExecutorId: s.view.ID, Permissions: asked})
}

// dropOrder forgets the request, and who wanted to know what became of it.
func (s *step) dropOrder() {
	s.data.Order, s.data.Again = "", false
}

// night waits for the person's next moment of the nights.
func (s *step) night() {
	s.timers = map[string]time.Time{nightly: flow.Night(s.view.ID, s.view.Clock)}
}

// poll asks what became of the request.
func (s *step) poll() {
	if s.data.Polling == 0 {
		s.data.Polling = s.view.Attempts[pollBind] + 1
		s.asks[pollBind] = s.about(s.data.Order)
	}
}

// check asks how the person stands.
func (s *step) check() {
	if s.data.Checking == 0 {
		s.data.Checking = s.view.Attempts[check] + 1
		s.asks[check] = s.about("")
	}
}

// public asks the list that knows who is on NPD.
func (s *step) public() {
	if s.data.Looking == 0 {
		s.data.Looking = s.view.Attempts[public] + 1
		s.asks[public] = s.about("")
	}
}

func (s *step) about(order string) []byte {
	return flow.Bytes(&flowv1.NpdAsk{Book: s.view.Book, ExecutorId: s.view.ID, Order: order})
}

// observed hears what was learned elsewhere. Of somebody who is bound it is only a reason
// to ask: it may be older than the binding.
func (s *step) observed() *fault.Refusal {
	var b flowv1.NpdObserved
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if b.GetStanding() == nil || b.GetSource() != SourcePayment && b.GetSource() != SourceFeed {
		return fault.Refuse(fault.Malformed, "standing", "what was observed, and where, must be said")
	}
	switch s.view.State {
	case Bound:
		s.data.Again = s.data.Again || s.askOpen() // what is being asked may be older than what was observed
		s.check()
	case Requesting, Waiting:
	default:
		before := s.data.Status
		if status := s.unboundStatus(b.GetStanding()); status != before {
			s.become(status, b.GetSource(), b.GetStanding().GetCode())
			if s.view.State == Unbound {
				s.on = changed
			}
		}
	}
	return nil
}

// unboundStatus is what a standing says of somebody who is not bound as far as we know.
func (s *step) unboundStatus(st *flowv1.NpdStanding) string {
	switch {
	case !st.GetRegistered():
		return NotRegistered
	case s.data.WasValidated || st.GetBound():
		return Revoked // by the observation no income may be registered
	}
	return s.data.Status
}

// answered takes the world's answers. One to an older question changes nothing.
func (s *step) answered() *fault.Refusal {
	c, d := s.command, s.data
	ours := func(state, ask string, open *uint32) bool {
		current := open == nil || *open == c.Number
		if current && open != nil && (c.Answer.Result == port.Done || c.Answer.Result == port.Refused) {
			*open = 0
		}
		return current && s.view.State == state && c.Number == s.view.Attempts[ask]
	}
	late := func() *fault.Refusal { s.on = answerLate; return nil }
	switch c.Event {
	case bindDone, bindRefused, bindUnknown:
		if !ours(Requesting, bindPartner, nil) {
			return late()
		}
		return s.bindAnswered()
	case pollDone, pollRefused, pollUnknown:
		if !ours(Waiting, pollBind, &d.Polling) {
			return late()
		}
		return s.pollAnswered()
	case checkDone, checkRefused, checkUnknown:
		if !ours(Bound, check, &d.Checking) || c.Number <= d.ChecksBefore {
			return late()
		}
		return s.checkAnswered()
	case publicDone, publicRefused, publicUnknown:
		if !ours(Unbound, public, &d.Looking) {
			return late()
		}
		s.publicAnswered()
		return nil
	case tellDone, tellRefused, tellUnknown, yearDone, yearRefused, yearUnknown:
		return late()
	}
	return flow.WrongState(s.view, c)
}

// answer reads the answer's body.
func (s *step) answer() (*flowv1.NpdAnswer, *fault.Refusal) {
	a := new(flowv1.NpdAnswer)
	if err := proto.Unmarshal([]byte(s.command.Answer.Body), a); err != nil {
		return nil, fault.Refuse(fault.Malformed, "body", "the body of an answer is no NpdAnswer")
	}
	return a, nil
}

// bindAnswered: the person has the request, is bound already, or cannot be asked.
func (s *step) bindAnswered() *fault.Refusal {
	a, refusal := s.answer()
	if refusal != nil {
		return refusal
	}
	switch {
	case s.command.Event == bindUnknown:
		s.asks[askBind] = nil
	case s.data.Rebind: // what was said is about the old INN, perhaps
		s.bindAgain()
	case s.command.Event == bindRefused:
		if st := a.GetStanding(); st != nil && !st.GetRegistered() {
			s.become(NotRegistered, SourceBind, st.GetCode())
		}
	case a.GetStanding() != nil:
		s.on = bindBound
		s.bound(a.GetStanding(), SourceBind)
	default:
		s.data.Order, s.data.AskedAt = a.GetOrder(), flow.Text(s.view.Clock)
		s.become(Requested, SourceBind, "")
		s.poll()
	}
	return nil
}

// pollAnswered: the person said yes, no, or nothing yet.
func (s *step) pollAnswered() *fault.Refusal {
	a, refusal := s.answer()
	switch {
	case refusal != nil:
		return refusal
	case s.command.Event == pollUnknown:
		s.asks[askPoll] = nil
	case a.GetOrder() != s.data.Order:
		s.on = answerLate // about a request that was made anew
	case s.command.Event == pollRefused:
		s.on = declined
		s.dropOrder()
		s.become(Declined, SourceBind, s.command.Answer.Status)
	case a.GetStanding() == nil:
		s.on = pending
		s.askAgain()
	default:
		s.on = granted
		s.dropOrder()
		s.bound(a.GetStanding(), SourceBind)
	}
	return nil
}

// bound notes how a person stands who is bound from here on.
func (s *step) bound(st *flowv1.NpdStanding, source string) {
	s.data.ChecksBefore = s.view.Attempts[check]
	s.night()
	s.stands(st, source)
}

// stands notes what the service said of somebody who is bound.
func (s *step) stands(st *flowv1.NpdStanding, source string) {
	status := Revoked
	switch {
	case !st.GetRegistered():
		status = NotRegistered
	case st.GetBound() && sufficient(st.GetPermissions()):
		status = Validated
	}
	s.data.Permissions = slices.Sorted(slices.Values(st.GetPermissions()))
	if st.GetPhone() != flowv1.PhoneMatch_PHONE_MATCH_UNSPECIFIED {
		s.data.Phone, s.data.PhoneVersion = st.GetPhone(), st.GetPhoneVersion()
	}
	if st.GetRegistered() && st.GetBound() && slices.Contains(st.GetPermissions(), incomeSummary) {
		s.asks[lookYear] = flow.Bytes(&flowv1.TaxpayerLook{Book: s.view.Book, ExecutorId: s.view.ID})
	}
	s.become(status, source, st.GetCode())
}

// forgetPhone: what the service said of the phone was of another INN, or of somebody bound to us.
// A number that is given up gets another owner.
func (s *step) forgetPhone() {
	s.data.Phone, s.data.PhoneVersion = flowv1.PhoneMatch_PHONE_MATCH_UNSPECIFIED, 0
}

// checkAnswered: the service has said how a bound person stands.
func (s *step) checkAnswered() *fault.Refusal {
	a, refusal := s.answer()
	before := s.data.Status
	switch {
	case refusal != nil:
		return refusal
	case s.command.Event == checkUnknown:
		s.asks[askCheck] = nil
	case s.command.Event == checkRefused || a.GetStanding() == nil: // nobody is known under the id any more
		s.on, s.data.Permissions, s.data.Again = lost, nil, false
		s.forgetPhone()
		s.become(Unknown, SourceCheck, s.command.Answer.Status)
	default:
		s.stands(a.GetStanding(), SourceCheck)
		switch {
		case a.GetStanding().GetRegistered() && !a.GetStanding().GetBound():
			s.on, s.data.Again = lost, false
			s.forgetPhone()
		case s.data.Status != before:
			s.on = changed
		default:
			s.on = same
		}
		s.askAgain()
	}
	return nil
}

// publicAnswered: the public list knows who is on NPD, and nothing of bindings.
func (s *step) publicAnswered() {
	s.on = same
	status := s.data.Status
	switch s.command.Event {
	case publicUnknown:
		s.on, s.asks[askPublic] = publicUnknown, nil
		return
	case publicRefused:
		if s.command.Answer.Status == port.NotSent {
			return // nobody was asked: that is no "no"
		}
		status = NotRegistered
	case publicDone:
		if status == Unknown || status == NotRegistered {
			status = Registered
		}
	}
	if status != s.data.Status {
		s.on = changed
	}
	s.become(status, SourcePublic, s.command.Answer.Status)
	s.askAgain()
}
