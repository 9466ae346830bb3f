package world

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/feed"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Verbs of the port "feed".
const (
	verbLeavers = "leavers"
	verbChanges = "changes"
)

// FeedReader finds the people of the tax service's lists.
type FeedReader interface {
	// Holders finds who has or had an INN, by INN.
	Holders(ctx context.Context, book string, inns ...string) (map[string][]private.Holder, error)
	// Rename writes an executor's data and requisites with another INN, and says under which
	// versions they stand, 0 = no requisites. The same again is the same versions.
	Rename(ctx context.Context, book string, h private.Holder, inn, day string) (profile, requisites uint32, err error)
}

// feeds are the tax service's lists behind the engine's shape.
type feeds struct {
	service port.NPD
	read    FeedReader
	submit  Submit
	now     func() time.Time
}

// FromFeed serves the port "feed": verbs leavers and changes (FeedAsk) read a page of a list
// and tell those of its people who are executors of the book, each by a key that the item
// gives: a page read twice tells nobody twice. Its answer has counts alone.
func FromFeed(service port.NPD, read FeedReader, submit Submit, now func() time.Time) port.Port {
	return &feeds{service, read, submit, now}
}

// Send implements port.Port.
func (f *feeds) Send(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.FeedAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	var said *flowv1.FeedAnswer
	var wrong *port.Answer
	switch ask.Verb {
	case verbLeavers:
		said, wrong = f.leavers(ctx, ask, &body)
	case verbChanges:
		said, wrong = f.changes(ctx, &body)
	default:
		return unknownVerb(ask)
	}
	if wrong != nil {
		return *wrong
	}
	return port.Answer{Result: port.Done, Status: fmt.Sprintf("%d told", said.GetPeople()), Event: ask.Attempt, Body: string(flow.Bytes(said))}
}

// Find implements port.Port.
func (f *feeds) Find(ctx context.Context, ask port.Ask) port.Answer { return f.Send(ctx, ask) }

// Memory implements port.Port.
func (f *feeds) Memory() time.Duration { return ownMemory }

// leavers reads a page of those who took the binding back.
func (f *feeds) leavers(ctx context.Context, ask port.Ask, body *flowv1.FeedAsk) (*flowv1.FeedAnswer, *port.Answer) {
	from, errFrom := time.Parse(time.RFC3339, body.GetFrom())
	to, errTo := time.Parse(time.RFC3339, body.GetTo())
	if errFrom != nil || errTo != nil {
		return nil, unsent(fault.Refuse(fault.Malformed, "from", "a window is two moments"))
	}
	list, more, a := f.service.Leavers(ctx, from, to, int(body.GetOffset()), int(body.GetLimit()))
	if a.Result != port.Done {
		return nil, noList(a)
	}
	inns := make([]string, len(list))
	for i, l := range list {
		inns[i] = l.INN
	}
	holders, err := f.read.Holders(ctx, body.GetBook(), inns...)
	if err != nil {
		return nil, unread("people of the list")
	}
	said := &flowv1.FeedAnswer{More: more && len(list) > 0, Next: body.GetOffset() + int64(len(list))}
	r := engine.Request{Book: body.GetBook(), Actor: actorEffect}
	for _, l := range list {
		at := "undated." + ask.Attempt
		if !l.At.IsZero() {
			at = fmt.Sprint(l.At.Unix())
		}
		for _, h := range holders[l.INN] {
			r.Operations = append(r.Operations, instruct(npd.Name, h.ID, npd.Observed, "feed:left:"+h.ID+":"+at,
				&flowv1.NpdObserved{Source: npd.SourceFeed, Standing: &flowv1.NpdStanding{Registered: true}}))
			said.People++
		}
	}
	if late := f.tell(ctx, r); late != "" {
		return nil, notTold(late)
	}
	return said, nil
}

// changes reads a page of changed INN: in their order, because one may follow from another.
func (f *feeds) changes(ctx context.Context, body *flowv1.FeedAsk) (*flowv1.FeedAnswer, *port.Answer) {
	list, next, a := f.service.INNChanges(ctx, body.GetOffset(), int(body.GetLimit()))
	if a.Result != port.Done {
		return nil, noList(a)
	}
	said := &flowv1.FeedAnswer{More: len(list) > 0 && next > body.GetOffset(), Next: next}
	ours, err := f.ours(ctx, body.GetBook(), list)
	if err != nil {
		return nil, unread("people of the list")
	}
	for _, c := range list {
		if !ours[c.Previous] {
			continue
		}
		became, err := f.changed(ctx, body.GetBook(), c)
		if err != nil {
			return nil, unread("person of the list")
		}
		if became.late != "" {
			return nil, notTold(became.late)
		}
		if became.person {
			said.People++
		}
		if became.conflict {
			said.Conflicts++
		}
	}
	return said, nil
}

// ours are the INN of a page that somebody of the book has or had, or has by an earlier change
// of the page: the list is of the whole country, and read up in one set.
func (f *feeds) ours(ctx context.Context, book string, list []port.INNChange) (map[string]bool, error) {
	inns := make([]string, 0, 2*len(list))
	for _, c := range list {
		inns = append(inns, c.Previous, c.INN)
	}
	slices.Sort(inns)
	holders, err := f.read.Holders(ctx, book, slices.Compact(inns)...)
	if err != nil {
		return nil, err
	}
	ours := map[string]bool{}
	for inn, who := range holders {
		ours[inn] = len(who) > 0
	}
	for _, c := range list {
		ours[c.INN] = ours[c.INN] || ours[c.Previous]
	}
	return ours, nil
}

// became is what a changed INN was for a book.
type became struct {
	person, conflict bool
	late             string // a code under which the same may still pass
}

// changed tells the person of a changed INN, if it is one of the book.
func (f *feeds) changed(ctx context.Context, book string, c port.INNChange) (became, error) {
	holders, err := f.read.Holders(ctx, book, c.Previous, c.INN)
	if err != nil {
		return became{}, err
	}
	who, there := has(holders[c.Previous], c.Previous, "")
	if !there { // nobody of the book, or he has it already and the journal knows
		if done, ok := has(holders[c.INN], c.INN, ""); ok && private.Had(done.Profile, c.Previous) {
			return became{person: true, late: f.tell(ctx, f.request(book, rebound(done.ID, done.Data.GetInnVersion())))}, nil
		}
		return became{}, nil
	}
	if other, taken := has(holders[c.INN], c.INN, who.ID); taken && serves(other) {
		return f.taken(ctx, book, who, other), nil
	} else if taken { // he works no more, and what he earned as the same person counts
		if late := f.split(ctx, book, other.ID, who.ID, who.Data.GetInnVersion()); late != "" {
			return became{late: late}, nil
		}
	}
	profile, requisites, err := f.read.Rename(ctx, book, who, c.INN, f.now().In(flow.Moscow).Format(time.DateOnly))
	if err != nil {
		return became{late: string(fault.Unavailable)}, nil // somebody writes the person's data meanwhile, or nothing is written at all
	}
	if who.Lost {
		return became{person: true}, nil // the books know
	}
	o := f.submit(ctx, f.request(book, instruct(executor.Name, who.ID, executor.ChangeINN, innKey(who.ID, profile),
		&flowv1.ExecutorChangeInn{ProfileVersion: profile, RequisitesVersion: requisites})))[0]
	switch {
	case o.Refusal == nil:
	case o.Refusal.Code.Lookup().Retry == fault.RetrySame || strings.HasSuffix(o.Refusal.Field, "_version"): // or another writer was faster
		return became{late: string(o.Refusal.Code)}, nil
	default:
		return became{}, nil // he is being erased
	}
	if late := f.tell(ctx, f.request(book, rebound(who.ID, profile))); late != "" {
		return became{late: late}, nil
	}
	// Somebody may have been registered with the INN meanwhile.
	if holders, err = f.read.Holders(ctx, book, c.INN); err != nil {
		return became{}, err
	}
	if other, taken := has(holders[c.INN], c.INN, who.ID); taken && serves(other) {
		return f.taken(ctx, book, who, other), nil
	}
	return became{person: true}, nil
}

// taken tells a person that another executor has the INN: who is who a person decides.
func (f *feeds) taken(ctx context.Context, book string, who, other private.Holder) became {
	if late := f.split(ctx, book, who.ID, other.ID, who.Data.GetInnVersion()); late != "" {
		return became{late: late}
	}
	late := f.tell(ctx, f.request(book, instruct(executor.Name, who.ID, executor.INNTaken, "feed:taken:"+who.ID+":"+other.ID,
		&flowv1.ExecutorInnTaken{ExecutorId: other.ID})))
	return became{person: true, conflict: true, late: late}
}

// split shares a person's yearly caps between two executors who are one person: the one keeps
// what it has, the other has the rest. By a key of the person's INN: the same again is the same.
func (f *feeds) split(ctx context.Context, book, from, to string, version uint32) (late string) {
	key := fmt.Sprintf("feed:split:%s:%s:%d", from, to, version)
	o := f.submit(ctx, f.request(book, instruct(taxpayer.Name, from, taxpayer.Yield, key, &flowv1.TaxpayerYield{To: to})))[0]
	if o.Refusal != nil {
		return string(o.Refusal.Code)
	}
	d := new(flowv1.TaxpayerData)
	if err := proto.Unmarshal(o.Record.GetMove().GetData(), d); err != nil {
		return string(fault.Internal)
	}
	return f.tell(ctx, f.request(book, instruct(taxpayer.Name, to, taxpayer.Rest, key+":rest", &flowv1.TaxpayerRest{Of: from, Years: taxpayer.Kept(d)})))
}

// has is who of some has an INN now, but for one.
func has(list []private.Holder, inn, but string) (private.Holder, bool) {
	i := slices.IndexFunc(list, func(h private.Holder) bool { return h.Profile.GetInn() == inn && h.ID != but })
	if i < 0 {
		return private.Holder{}, false
	}
	return list[i], true
}

// serves says whether somebody may be chosen for tasks, or is looked at by support.
func serves(h private.Holder) bool {
	return h.State == executor.Registered || h.State == executor.Conflict || h.State == executor.Disputed
}

func innKey(id string, version uint32) string { return fmt.Sprintf("feed:inn:%s:%d", id, version) }

// rebound has the binding looked for under the INN of a version.
func rebound(id string, version uint32) engine.Operation {
	return instruct(npd.Name, id, npd.INNChanged, innKey(id, version)+":npd", nil)
}

// instruct is the command that tells one aggregate of a person.
func instruct(flowName, id, event, key string, body proto.Message) engine.Operation {
	c := &commandv1.Flow{Flow: flowName, Id: id, Event: event, Owner: id}
	if body != nil {
		c.Body = flow.Bytes(body)
	}
	return engine.Operation{Operation: &commandv1.Operation{Key: key, What: &commandv1.Operation_Flow{Flow: c}}}
}

func (f *feeds) request(book string, o engine.Operation) engine.Request {
	return engine.Request{Book: book, Actor: actorEffect, Operations: []engine.Operation{o}}
}

// tell submits commands; late is a code under which the same keys may still pass. Another
// refusal says that the person's own flow wants nothing of it.
func (f *feeds) tell(ctx context.Context, r engine.Request) (late string) {
	if len(r.Operations) == 0 {
		return ""
	}
	for _, o := range f.submit(ctx, r) {
		if o.Refusal != nil && o.Refusal.Code.Lookup().Retry == fault.RetrySame {
			return string(o.Refusal.Code)
		}
	}
	return ""
}

func notTold(late string) *port.Answer {
	a := port.Unclear("not told: " + late)
	return &a
}

// noList is the answer when the service gave no page; it has no words of people.
func noList(a port.Answer) *port.Answer {
	out := port.Unclear("no list: " + a.Status)
	return &out
}

// opening opens the reading of the lists for every book that the tax service is asked about.
type opening struct {
	port.Port
	submit Submit
	opened sync.Map // book
}

// Opening is the port "npd" that has the lists read of every book whose people it is asked
// about; who opened it first has.
func Opening(npd port.Port, submit Submit) port.Port { return &opening{Port: npd, submit: submit} }

// Send implements port.Port.
func (o *opening) Send(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.NpdAsk
	if err := proto.Unmarshal(ask.Body, &body); err == nil && body.GetBook() != "" {
		if _, known := o.opened.Load(body.GetBook()); !known {
			operation := instruct(feed.Name, feed.ID, feed.Open, "feed:open", nil)
			out := o.submit(ctx, engine.Request{Book: body.GetBook(), Actor: actorEffect, Operations: []engine.Operation{operation}})[0]
			if out.Refusal == nil {
				o.opened.Store(body.GetBook(), true)
			}
		}
	}
	return o.Port.Send(ctx, ask)
}

// Find implements port.Port.
func (o *opening) Find(ctx context.Context, ask port.Ask) port.Answer { return o.Send(ctx, ask) }
