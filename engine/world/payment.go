package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// The verb of the port "payment", and the port that payments are made by.
const (
	verbReturned = "returned"
	portPayout   = "payout"
)

// statusReturned is said of a payment that a line of a statement shows to have come back.
const statusReturned = "RETURNED"

// Told hands over what somebody else than the bank's answer says of an attempt, nil is
// nothing, and gives the attempt as it stood before; false when there is none.
type Told func(ctx context.Context, attempt string, answer *port.Answer) (*journalv1.Effect, bool, error)

// StatementReader knows what statements have shown of our payments.
type StatementReader interface {
	// PayoutShown says whether a statement has shown that a payment of ours left.
	PayoutShown(ctx context.Context, book, attempt string) (bool, error)
	// CameBack notes which line of a statement shows that it came back; false when it is
	// another one already.
	CameBack(ctx context.Context, book, attempt, line string) (bool, error)
}

// payments tells the flows of payments what statements have shown.
type payments struct {
	told Told
	read StatementReader
}

// FromPayment serves the port "payment": verb returned (PaymentReturned) tells the flow of
// a payment, as if the bank had said it, that the payment came back. Telling twice is
// telling once, and so is what the bank has said already. Refused is: there is no such
// payment, it was of another sum, it never left, or an earlier line has shown that it came back.
func FromPayment(told Told, read StatementReader) port.Port { return &payments{told, read} }

// Send implements port.Port.
func (p *payments) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbReturned {
		return unknownVerb(ask)
	}
	var body flowv1.PaymentReturned
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	was, ok, err := p.told(ctx, body.GetAttempt(), nil)
	if err != nil {
		return port.Unclear("our own tables: " + err.Error())
	}
	if !ok || was.GetPort() != portPayout {
		return *unsent(fault.Refuse(fault.NotFound, "attempt", "there is no payment %s", body.GetAttempt()))
	}
	if sum := paid(was); body.GetAmount() != "" && body.GetAmount() != sum {
		return *unsent(fault.Refuse(fault.AmountInvalid, "amount", "%s came back, the payment was of %s", body.GetAmount(), sum))
	}
	if was.GetResult() == string(port.Refused) {
		if shown, err := p.read.PayoutShown(ctx, body.GetBook(), body.GetAttempt()); err != nil {
			return port.Unclear("our own tables: " + err.Error())
		} else if !shown {
			return *unsent(fault.Refuse(fault.WrongState, "attempt", "the payment was refused and no statement shows that it left"))
		}
	}
	first, err := p.read.CameBack(ctx, body.GetBook(), body.GetAttempt(), body.GetLine())
	switch {
	case err != nil:
		return port.Unclear("our own tables: " + err.Error())
	case !first:
		return *unsent(fault.Refuse(fault.AlreadyExists, "attempt", "another line shows that the payment came back"))
	}
	if _, _, err = p.told(ctx, body.GetAttempt(), &port.Answer{
		Result: port.Refused, Status: statusReturned, Event: body.GetLine(), Code: fault.PayoutRefused, Reason: "Платёж вернулся: строка выписки",
	}); err != nil {
		return port.Unclear("not told: " + err.Error())
	}
	return port.Answer{Result: port.Done, Status: statusReturned}
}

// paid is the sum of a payment; what is asked for one of any verb says it.
func paid(e *journalv1.Effect) string {
	var ask interface {
		proto.Message
		GetAmount() string
	}
	switch e.GetVerb() {
	case verbPay:
		ask = new(flowv1.PayoutAsk)
	case verbReturn:
		ask = new(flowv1.ReturnAsk)
	case verbTax:
		ask = new(flowv1.RemittanceAsk)
	case verbOwn:
		ask = new(flowv1.RemittanceOwnAsk)
	default:
		return ""
	}
	if proto.Unmarshal(e.GetBody(), ask) != nil {
		return ""
	}
	return ask.GetAmount()
}

// Find implements port.Port.
func (p *payments) Find(ctx context.Context, ask port.Ask) port.Answer { return p.Send(ctx, ask) }

// Memory implements port.Port.
func (p *payments) Memory() time.Duration { return ownMemory }
