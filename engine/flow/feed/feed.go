package feed

import (
	_ "embed"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed feed.md
var document string

// Name is the flow's name.
const Name = "feed"

// ID is the id and the owner of a book's only aggregate.
const ID = "npd"

// States.
const (
	Waiting = "waiting"
	Leavers = "leavers"
	Changes = "changes"
)

// Commands, with their bodies.
const (
	Open = "open" // no body
	Look = "look" // FeedLook
)

// Answers, timers, and rows that Decide chooses; feed.md says what each means.
const (
	nightly        = "nightly"
	late           = "late"
	leaversMore    = "leavers_more"
	leaversDone    = "leavers_done"
	leaversRefused = "leavers_refused"
	leaversUnknown = "leavers_unknown"
	changesMore    = "changes_more"
	changesDone    = "changes_done"
	changesRefused = "changes_refused"
	changesUnknown = "changes_unknown"
	answerLate     = "answer_late"
)

// Asks.
const (
	readLeavers = "read_leavers"
	askLeavers  = "ask_leavers"
	readChanges = "read_changes"
	askChanges  = "ask_changes"
)

var words = flow.Words{
	States: []string{Waiting, Leavers, Changes},
	Events: []string{
		Open, Look, nightly, late, leaversMore, leaversDone, leaversRefused, leaversUnknown, changesMore, changesDone, changesRefused, changesUnknown, answerLate,
	},
	Asks: []string{readLeavers, askLeavers, readChanges, askChanges},
}

// New gives the flow of feed.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/feed/feed.md", document, decide, words)
}

// Bounds of the lists.
const (
	pageSize = 100
	overlap  = time.Hour           // how late somebody may come onto the list
	first    = 24 * time.Hour      // how far back a new book looks: nobody of it was bound before
	longest  = 90 * 24 * time.Hour // and a reading from the start
)

// step is one decision in the making.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.FeedData
	on      string
	asks    map[string][]byte
	timers  map[string]time.Time
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{
		view: v, command: c, data: flow.ReadData(v, &flowv1.FeedData{}), on: c.Event,
		asks: map[string][]byte{}, timers: map[string]time.Time{},
	}
	if refusal := s.run(); refusal != nil {
		return flow.Decision{}, refusal
	}
	return flow.Decision{On: s.on, Data: flow.Bytes(s.data), Asks: s.asks, Timers: s.timers}, nil
}

func (s *step) run() *fault.Refusal {
	switch s.command.Event {
	case Open:
		if s.data.From == "" {
			s.data.From = flow.Text(s.view.Clock.Add(-first))
			s.end()
		}
	case Look:
		var b flowv1.FeedLook
		if refusal := flow.ReadBody(s.command, &b); refusal != nil {
			return refusal
		}
		s.look(b.FromStart)
	case nightly:
		s.begin()
	case leaversDone, leaversRefused, leaversUnknown:
		return s.answered(Leavers, readLeavers, askLeavers, s.leavers)
	case changesDone, changesRefused, changesUnknown:
		return s.answered(Changes, readChanges, askChanges, s.changes)
	case late:
	default:
		return flow.WrongState(s.view, s.command)
	}
	return nil
}

// look reads the lists now; while they are read, again as soon as that has ended: what is
// read now may be behind what whoever looks knows of.
func (s *step) look(fromStart bool) {
	s.data.Restart = s.data.Restart || fromStart
	if s.view.State == Waiting {
		s.begin()
		return
	}
	s.data.Again = s.data.Again || !fromStart
}

// begin reads the first page of those who left.
func (s *step) begin() {
	d := s.data
	d.Again = false
	if d.Restart {
		d.From, d.InnOffset, d.Restart = flow.Text(s.view.Clock.Add(-longest)), 0, false
	}
	d.To, d.Offset, d.Leavers, d.Changes, d.Conflicts = flow.Text(s.view.Clock), 0, 0, 0, 0
	s.askLeavers()
}

// end waits for the next night, or for no time at all.
func (s *step) end() {
	if s.data.Restart || s.data.Again {
		s.timers[nightly] = s.view.Clock
		return
	}
	s.timers[nightly] = flow.Night(s.view.Book+"/"+Name, s.view.Clock)
}

func (s *step) askLeavers() {
	s.asks[readLeavers] = flow.Bytes(&flowv1.FeedAsk{Book: s.view.Book, From: s.data.From, To: s.data.To, Offset: s.data.Offset, Limit: pageSize})
}

func (s *step) askChanges() {
	s.asks[readChanges] = flow.Bytes(&flowv1.FeedAsk{Book: s.view.Book, Offset: s.data.InnOffset, Limit: pageSize})
}

// answered: a page has come, or not. One that the service does not give ends the night; what it
// did not say is asked again; an answer about another page than the open one says nothing.
func (s *step) answered(state, ask, again string, page func(*flowv1.FeedAnswer)) *fault.Refusal {
	if s.view.State != state || s.command.Number != s.view.Attempts[ask] {
		s.on = answerLate
		return nil
	}
	switch s.command.Answer.Result {
	case port.Done:
		a := new(flowv1.FeedAnswer)
		if err := proto.Unmarshal([]byte(s.command.Answer.Body), a); err != nil {
			return fault.Refuse(fault.Malformed, "body", "the body of an answer is no FeedAnswer")
		}
		page(a)
	case port.Refused:
		s.end()
	default:
		s.asks[again] = nil
	}
	return nil
}

// leavers: a page of those who left is done with.
func (s *step) leavers(a *flowv1.FeedAnswer) {
	d := s.data
	d.Leavers += a.GetPeople()
	if a.GetMore() && a.GetNext() > d.Offset {
		s.on, d.Offset = leaversMore, a.GetNext()
		s.askLeavers()
		return
	}
	d.From, d.Offset = flow.Text(flow.Moment(d.To).Add(-overlap)), 0
	s.askChanges()
}

// changes: a page of changed INN is done with. A page without anything new is the end.
func (s *step) changes(a *flowv1.FeedAnswer) {
	d := s.data
	d.Changes += a.GetPeople()
	d.Conflicts += a.GetConflicts()
	if a.GetMore() && a.GetNext() > d.InnOffset {
		d.InnOffset = a.GetNext()
		s.on = changesMore
		s.askChanges()
		return
	}
	d.InnOffset, d.ReadAt = max(d.InnOffset, a.GetNext()), flow.Text(s.view.Clock)
	s.end()
}
