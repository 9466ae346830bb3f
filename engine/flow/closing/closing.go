package closing

import (
	_ "embed"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed closing.md
var document string

const file = "engine/flow/closing/closing.md"

// Name is the flow's name. The aggregate's id and owner are the company's.
const Name = "closing"

// States.
const (
	Waiting = "waiting"
	Drawing = "drawing"
)

// Commands, with their bodies.
const (
	Open = "open" // ClosingOpen
	Look = "look" // ClosingLook
)

// Answers, timers, and rows that Decide chooses; closing.md says what each means.
const (
	monthOver     = "month_over"
	nothingClosed = "nothing_closed"
	drawIssued    = "draw_issued"
	drawDone      = "draw_done"
	drawRefused   = "draw_refused"
	drawUnknown   = "draw_unknown"
	late          = "late"
	answerLate    = "answer_late"
)

// Asks.
const (
	draw    = "draw"
	askDraw = "ask_draw"
)

// Says of a document that was issued.
const SaysIssued = "closing.issued"

var words = flow.Words{
	States: []string{Waiting, Drawing},
	Events: []string{Open, Look, monthOver, nothingClosed, drawIssued, drawDone, drawRefused, drawUnknown, late, answerLate},
	Asks:   []string{draw, askDraw},
}

// New gives the flow of closing.md. A table that does not fit the program stops it.
func New() *flow.Flow { return flow.MustParse(Name, file, document, decide, words) }

// lookMonths is how many closed months a look goes over when nobody says otherwise.
const lookMonths = 12

// lookDay is the day of the month on which the month before is closed: its last day's
// statement is here, and the 5th is not over.
const lookDay = 3

// moscow is three hours ahead, always.
const moscow = 3 * time.Hour

// step is one decision in the making.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.ClosingData
	on      string
	asks    map[string][]byte
	timers  map[string]time.Time
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{
		view: v, command: c, data: flow.ReadData(v, &flowv1.ClosingData{}), on: c.Event,
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
		return s.open()
	case monthOver:
		return s.look("")
	case Look:
		if s.view.State != Waiting {
			return flow.WrongState(s.view, s.command)
		}
		var b flowv1.ClosingLook
		if refusal := flow.ReadBody(s.command, &b); refusal != nil {
			return refusal
		}
		return s.look(b.FromMonth)
	case drawDone, drawRefused, drawUnknown:
		s.answered()
	case late:
	}
	return nil
}

// open begins the documents of a company; told again, it says nothing.
func (s *step) open() *fault.Refusal {
	if s.data.FromMonth != "" {
		return nil
	}
	var b flowv1.ClosingOpen
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if _, refusal := parseMonth("from_month", b.FromMonth); refusal != nil {
		return refusal
	}
	s.data.FromMonth = b.FromMonth
	s.timers[monthOver] = s.first()
	return nil
}

// first is the moment of the first look: when a month of the company is over, soon.
func (s *step) first() time.Time {
	month, refusal := parseMonth("from_month", After(s.data.FromMonth))
	if refusal != nil {
		panic("closing: " + refusal.Reason) // it was checked
	}
	if closed := third(month, 0); s.view.Clock.Before(closed) {
		return flow.Night(s.view.ID, closed.Add(-time.Nanosecond))
	}
	return soonest(s.view.ID, s.view.Clock)
}

// look begins to go over the closed months, those from one on: whoever names one before the
// company's first has its documents begin there.
func (s *step) look(from string) *fault.Refusal {
	today, err := time.Parse(time.DateOnly, s.view.Day)
	if err != nil {
		panic("closing: a view's day: " + err.Error())
	}
	first := today.AddDate(0, 0, 1-today.Day())
	to := first.AddDate(0, -1, 0).Format(monthForm)
	if from == "" {
		from = first.AddDate(0, -lookMonths, 0).Format(monthForm)
	} else if _, refusal := parseMonth("from_month", from); refusal != nil {
		return refusal
	} else {
		s.data.FromMonth = min(from, s.data.FromMonth)
	}
	from = max(from, s.data.FromMonth)
	if from > to {
		s.on, s.data.ErrorCode = nothingClosed, ""
		s.timers[monthOver] = nextMonth(s.view.ID, s.view.Clock)
		return nil
	}
	s.data.LookFrom, s.data.LookTo, s.data.LookDay, s.data.ErrorCode = from, to, s.view.Day, ""
	s.data.LookDocuments = uint32(len(s.data.Documents))
	s.ask()
	return nil
}

// ask asks for the next document of the look.
func (s *step) ask() {
	body := &flowv1.ClosingAsk{
		Book: s.view.Book, CompanyId: s.view.ID, FromMonth: s.data.LookFrom, ToMonth: s.data.LookTo, Day: s.data.LookDay, Numbers: map[string]uint32{},
	}
	newest := map[string]int{}
	for _, d := range s.data.Documents {
		body.Numbers[year(d.Month)] = max(body.Numbers[year(d.Month)], d.Number+1)
		if d.Month < s.data.LookFrom || d.Month > s.data.LookTo {
			continue
		}
		if i, ok := newest[d.Month]; ok {
			body.Documents[i] = d
			continue
		}
		newest[d.Month] = len(body.Documents)
		body.Documents = append(body.Documents, d)
	}
	s.asks[draw] = flow.Bytes(body)
}

// answered takes what was drawn up.
func (s *step) answered() {
	if s.view.State != Drawing || s.command.Number != s.view.Attempts[draw] {
		s.on = answerLate
		return
	}
	switch s.command.Event {
	case drawUnknown:
	case drawRefused:
		s.failed(string(s.command.Answer.Code))
	case drawDone:
		if s.command.Answer.Body == "" {
			s.data.LookedDay = s.data.LookDay
			s.ended()
			s.timers[monthOver] = nextMonth(s.view.ID, s.view.Clock)
			return
		}
		var d flowv1.ClosingDocument
		if proto.Unmarshal([]byte(s.command.Answer.Body), &d) != nil || !s.fits(&d) {
			s.failed(string(fault.Malformed))
			return
		}
		s.on = drawIssued
		s.data.Documents = append(s.data.Documents, &d)
		s.ask()
	}
}

// failed ends a look without its end: the next night tries again.
func (s *step) failed(code string) {
	s.on, s.data.ErrorCode = drawRefused, code
	s.ended()
	s.timers[monthOver] = flow.Night(s.view.ID, s.view.Clock)
}

func (s *step) ended() {
	s.data.LookFrom, s.data.LookTo, s.data.LookDay, s.data.LookDocuments = "", "", "", 0
}

// fits says whether a document is the one whose turn it is: the first of its month with the
// next number of its year, or the next correction of the month. A look gives a month one
// document: books that move meanwhile are looked at again the next night.
func (s *step) fits(d *flowv1.ClosingDocument) bool {
	if d.Month < s.data.LookFrom || d.Month > s.data.LookTo || d.Day != s.data.LookDay || d.PdfSha256 == "" || d.CsvSha256 == "" {
		return false
	}
	for _, o := range s.data.Documents[s.data.LookDocuments:] {
		if o.Month == d.Month {
			return false
		}
	}
	last := Newest(s.data, d.Month)
	if last != nil {
		return d.Number == last.Number && d.Correction == last.Correction+1
	}
	next := uint32(1)
	for _, o := range s.data.Documents {
		if year(o.Month) == year(d.Month) {
			next = max(next, o.Number+1)
		}
	}
	return d.Number == next && d.Correction == 0
}

// Newest is the document of a month that counts; nil when there is none.
func Newest(d *flowv1.ClosingData, month string) *flowv1.ClosingDocument {
	var found *flowv1.ClosingDocument
	for _, o := range d.GetDocuments() {
		if o.GetMonth() == month {
			found = o
		}
	}
	return found
}

// monthForm is how months are written.
const monthForm = "2006-01"

// year is the year of a month.
func year(month string) string { return month[:4] }

func parseMonth(field, text string) (time.Time, *fault.Refusal) {
	at, err := time.Parse(monthForm, text)
	if err != nil || at.Format(monthForm) != text {
		return at, fault.Refuse(fault.Malformed, field, "%.20q is not a month YYYY-MM", text)
	}
	return at, nil
}

// Days are the first and the last day of a month.
func Days(field, month string) (first, last string, _ *fault.Refusal) {
	at, refusal := parseMonth(field, month)
	if refusal != nil {
		return "", "", refusal
	}
	return at.Format(time.DateOnly), at.AddDate(0, 1, -1).Format(time.DateOnly), nil
}

// After is the month after a month.
func After(month string) string {
	at, refusal := parseMonth("month", month)
	if refusal != nil {
		panic("closing: " + refusal.Reason)
	}
	return at.AddDate(0, 1, 0).Format(monthForm)
}

// third is the beginning of the 3rd of a moment's month in Moscow, months later.
func third(clock time.Time, months int) time.Time {
	at := clock.UTC().Add(moscow)
	return time.Date(at.Year(), at.Month()+time.Month(months), lookDay, 0, 0, 0, 0, time.UTC).Add(-moscow)
}

// nextMonth is a company's moment of the next 3rd.
func nextMonth(id string, clock time.Time) time.Time {
	at := flow.Night(id, third(clock, 0).Add(-time.Nanosecond))
	if !at.After(clock) {
		at = flow.Night(id, third(clock, 1).Add(-time.Nanosecond))
	}
	return at
}

// soonest is a company's next night, but not before the 3rd of the month.
func soonest(id string, clock time.Time) time.Time {
	if from := third(clock, 0); clock.Before(from) {
		return flow.Night(id, from.Add(-time.Nanosecond))
	}
	return flow.Night(id, clock)
}
