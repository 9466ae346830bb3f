package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Submit hands operations to the engine and waits for their outcomes.
type Submit func(ctx context.Context, req engine.Request) []engine.Outcome

// verbDeposit is the verb of the port "company".
const verbDeposit = "deposit"

// actorEffect is who asks when an effect reaches another aggregate.
const actorEffect = "effect"

// companies reaches the aggregates of companies on their own shards.
type companies struct{ submit Submit }

// FromCompany serves the port "company": verb deposit (CompanyDeposit) tells the
// company's aggregate that a deposit came. The attempt is the command's key, so
// telling twice is telling once, and asking what became of it is telling again.
func FromCompany(submit Submit) port.Port { return &companies{submit} }

// Send implements port.Port.
func (c *companies) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbDeposit {
		return unknownVerb(ask)
	}
	var body flowv1.CompanyDeposit
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	outcomes := c.submit(ctx, engine.Request{
		Book: body.GetBook(), Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key: "effect:" + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: company.Name, Id: body.GetCompanyId(), Event: company.Deposit, Body: ask.Body, Owner: body.GetCompanyId(),
			}},
		}}},
	})
	return answerOf(ask, outcomes[0])
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
