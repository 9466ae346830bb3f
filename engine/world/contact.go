package world

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/contact"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbTell is the verb of the port "contact".
const verbTell = "tell"

// Bounds of telling: companies that know one person, and of one request.
const (
	mostCompanies   = 10_000
	companiesAtOnce = 500
)

// mostRechecked bounds the payments of one person that are looked at again at once; the
// others wait for the pauses of their table.
const mostRechecked = 500

// Finder finds the companies that know somebody, and what was found by his name.
type Finder interface {
	// Audience lists a page of aggregates that a name finds.
	Audience(ctx context.Context, page store.AudiencePage) ([]store.AggregateRow, []store.Seen, error)
	// AudienceOwners lists owners whose aggregates of a flow a name finds.
	AudienceOwners(ctx context.Context, book, flow, name string, limit int) ([]string, error)
}

// contacts reaches the companies that know a person.
type contacts struct {
	submit Submit
	find   Finder
}

// FromContact serves the port "contact": verb tell (ContactTold) tells every company that
// knows the person, through a task or otherwise, and, when income may be registered from
// now on, the payments to the person that stopped. Attempt and company are the command's key,
// so telling again tells nobody twice.
func FromContact(submit Submit, find Finder) port.Port { return &contacts{submit, find} }

// Send implements port.Port.
func (c *contacts) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbTell {
		return unknownVerb(ask)
	}
	var body flowv1.ContactTold
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	told := map[string]bool{}
	for _, flowName := range []string{contact.Name, task.Name} {
		owners, err := c.find.AudienceOwners(ctx, body.GetBook(), flowName, body.GetExecutorId(), mostCompanies)
		if err != nil {
			return *unread("companies that know the person")
		}
		var fresh []string
		for _, o := range owners {
			if !told[o] {
				fresh, told[o] = append(fresh, o), true
			}
		}
		for len(fresh) > 0 {
			n := min(len(fresh), companiesAtOnce)
			if late := c.tell(ctx, ask, &body, fresh[:n]); late != "" {
				return port.Unclear("not told: " + late)
			}
			fresh = fresh[n:]
		}
	}
	if body.GetSelfemployedStatus() == npd.Validated {
		if late := c.recheck(ctx, ask, &body); late != "" {
			return port.Unclear("not told: " + late)
		}
	}
	return port.Answer{Result: port.Done, Status: fmt.Sprintf("%d told", len(told)), Event: ask.Attempt}
}

// recheck tells the payments to a person that stopped, or are being made, that the cause may be gone. What the
// search does not know yet is tried after the pause of its table; a refusal says that no
// pause helps, or that the task has moved on.
func (c *contacts) recheck(ctx context.Context, ask port.Ask, body *flowv1.ContactTold) (late string) {
	rows, _, err := c.find.Audience(ctx, store.AudiencePage{
		Book: body.GetBook(), Flow: task.Name, Names: []string{body.GetExecutorId()}, States: []string{task.Error, task.Paying}, Limit: mostRechecked,
	})
	if err != nil {
		return "stopped payments cannot be read"
	}
	if len(rows) == 0 {
		return ""
	}
	r := engine.Request{Book: body.GetBook(), Actor: actorEffect}
	for _, row := range rows {
		r.Operations = append(r.Operations, engine.Operation{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt + ":recheck:" + row.Key.ID,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: task.Name, Id: row.Key.ID, Event: task.Recheck, Owner: row.Owner,
			}},
		}})
	}
	for _, o := range c.submit(ctx, r) {
		if o.Refusal != nil && o.Refusal.Code.Lookup().Retry == fault.RetrySame {
			return string(o.Refusal.Code)
		}
	}
	return ""
}

// tell tells some companies; late is a code under which the same key may still pass.
func (c *contacts) tell(ctx context.Context, ask port.Ask, body *flowv1.ContactTold, companies []string) (late string) {
	r := engine.Request{Book: body.GetBook(), Actor: actorEffect}
	for _, company := range companies {
		r.Operations = append(r.Operations, engine.Operation{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt + ":" + company,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: contact.Name, Id: contact.ID(body.GetExecutorId(), company), Event: contact.Told, Body: ask.Body, Owner: company,
			}},
		}})
	}
	for _, o := range c.submit(ctx, r) {
		if o.Refusal != nil && o.Refusal.Code.Lookup().Retry == fault.RetrySame {
			return string(o.Refusal.Code)
		}
	}
	return ""
}

// Find implements port.Port.
func (c *contacts) Find(ctx context.Context, ask port.Ask) port.Answer { return c.Send(ctx, ask) }

// Memory implements port.Port.
func (c *contacts) Memory() time.Duration { return ownMemory }
