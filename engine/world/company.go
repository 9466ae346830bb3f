package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Submit hands operations to the engine and waits for their outcomes.
type Submit func(ctx context.Context, req engine.Request) []engine.Outcome

// Verbs of the port "company".
const (
	verbDeposit = "deposit"
	verbOpen    = "open"
)

// actorEffect is who asks when an effect reaches another aggregate.
const actorEffect = engine.ActorEffect

// CompanyOpener makes a company's details of what its registration knows.
type CompanyOpener interface {
	// OpenedBy says which registration opened a company; false when there is none.
	OpenedBy(ctx context.Context, book, company string) (registration string, ok bool, err error)
	// CompanyDetails writes the details of a version of a registration, and says under which
	// version they stand. The same again is the same version.
	CompanyDetails(ctx context.Context, book, registration string, version uint32, company string) (uint32, error)
}

// companies reaches the aggregates of companies on their own shards.
type companies struct {
	submit Submit
	read   CompanyOpener
}

// FromCompany serves the port "company": verb deposit (CompanyDeposit) tells the
// company's aggregate that a deposit came, verb open (OpenAsk) opens a company, its wallet
// and its deposit for a registration. The attempt is the command's key, so telling twice is
// telling once, and asking what became of it is telling again.
func FromCompany(submit Submit, read CompanyOpener) port.Port { return &companies{submit, read} }

// Send implements port.Port.
func (c *companies) Send(ctx context.Context, ask port.Ask) port.Answer {
	switch ask.Verb {
	case verbDeposit:
		return c.deposit(ctx, ask)
	case verbOpen:
		return c.open(ctx, ask)
	}
	return unknownVerb(ask)
}

// deposit tells a company of its deposit.
func (c *companies) deposit(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.CompanyDeposit
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	outcomes := c.submit(ctx, engine.Request{
		Book: body.GetBook(), Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: company.Name, Id: body.GetCompanyId(), Event: company.Deposit, Body: ask.Body, Owner: body.GetCompanyId(),
			}},
		}}},
	})
	return answerOf(ask, outcomes[0])
}

// open opens a company, all or nothing. One that this registration has opened is opened;
// one that exists otherwise is not this registration's.
func (c *companies) open(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.OpenAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	book, id := body.GetBook(), body.GetCompanyId()
	by, exists, err := c.read.OpenedBy(ctx, book, id)
	switch {
	case err != nil:
		return *unread("company")
	case exists && by == body.GetRegistration():
		return port.Answer{Result: port.Done, Status: "done", Event: ask.Attempt}
	case exists:
		return *unsent(fault.Refuse(fault.AlreadyExists, "company_id", "the company exists already"))
	}
	version, err := c.read.CompanyDetails(ctx, book, body.GetRegistration(), body.GetProfileVersion(), id)
	if err != nil {
		return port.Unclear("the company's details could not be written")
	}
	key := engine.EffectKey + ask.Attempt + "/"
	step := func(event string, m proto.Message) engine.Operation {
		return engine.Operation{Operation: &commandv1.Operation{Group: 1, Key: key + event, What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
			Flow: company.Name, Id: id, Event: event, Body: flow.Bytes(m), Owner: id,
		}}}}
	}
	account := func(kind string) engine.Operation {
		return engine.Operation{Operation: &commandv1.Operation{
			Group: 1, Key: key + kind, What: &commandv1.Operation_Open{Open: &commandv1.Open{Account: kind + ":" + id}},
		}}
	}
	outcomes := c.submit(ctx, engine.Request{Book: book, Actor: actorEffect, Operations: []engine.Operation{
		step(company.Register, &flowv1.CompanyRegister{ProfileVersion: version, Registration: body.GetRegistration()}),
		step(company.Accept, &flowv1.CompanyAccept{Tariff: body.GetTariff(), DepositRequired: body.GetDepositRequired()}),
		account("wallet"), account("deposit"),
	}})
	first := outcomes[0]
	for _, o := range outcomes {
		switch {
		case o.Refusal == nil:
		case o.Refusal.Code == fault.KeyReused || o.Refusal.Code == fault.GroupPartlyKnown:
			return port.Unclear("another send of the attempt was faster") // the company will be found open
		case first.Refusal == nil || first.Refusal.Code == fault.GroupFailed:
			first = o
		}
	}
	return answerOf(ask, first)
}

// answerOf turns an outcome into an answer: what the same key may still change is
// unknown, any other refusal is final.
func answerOf(ask port.Ask, o engine.Outcome) port.Answer {
	switch {
	case o.Refusal == nil:
		return port.Answer{Result: port.Done, Status: "done", Event: ask.Attempt}
	case o.Refusal.Code.Lookup().Retry == fault.RetrySame:
		return port.Unclear(string(o.Refusal.Code))
	}
	return port.Answer{
		Result: port.Refused, Status: string(o.Refusal.Code), Event: ask.Attempt, Code: o.Refusal.Code, Reason: o.Refusal.Code.Lookup().Russian,
	}
}

// Find implements port.Port.
func (c *companies) Find(ctx context.Context, ask port.Ask) port.Answer { return c.Send(ctx, ask) }

// ownMemory: our own keys are remembered for ever.
const ownMemory = 100 * 365 * 24 * time.Hour

// Memory implements port.Port.
func (c *companies) Memory() time.Duration { return ownMemory }
