package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// IncomeReader finds what a receipt needs.
type IncomeReader interface {
	// PersonINN is an executor's INN.
	PersonINN(ctx context.Context, book, executor string) (string, bool, error)
	// Customer is a company's name and INN.
	Customer(ctx context.Context, book, company string) (name, inn string, ok bool, err error)
	// Service is what the task is called.
	Service(ctx context.Context, book, task string) (string, bool, error)
}

// income is the tax service behind the engine's shape.
type income struct {
	register port.Income
	read     IncomeReader
}

// FromIncome serves the port "income": verbs check, register and annul (IncomeAsk).
func FromIncome(register port.Income, read IncomeReader) port.Port { return &income{register, read} }

// Send implements port.Port.
func (i *income) Send(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.IncomeAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	inn, ok, err := i.read.PersonINN(ctx, body.GetBook(), body.GetExecutorId())
	switch {
	case err != nil:
		return *unread("executor")
	case !ok:
		return *unsent(fault.Refuse(fault.NotFound, "executor_id", "there is no personal data of %s", body.GetExecutorId()))
	}
	return port.WithoutINN(i.send(ctx, ask, &body, inn), inn) // an answer goes into the log
}

// send asks the tax service about the person of an INN.
func (i *income) send(ctx context.Context, ask port.Ask, body *flowv1.IncomeAsk, inn string) port.Answer {
	switch ask.Verb {
	case verbCheck:
		return i.register.Check(ctx, inn)
	case verbRegister:
		receipt, answer := i.receipt(ctx, ask, body, inn)
		if answer != nil {
			return *answer
		}
		return i.register.Register(ctx, receipt)
	case verbAnnul:
		if body.GetReceiptId() == "" {
			return *unsent(fault.Refuse(fault.Malformed, "receipt_id", "an annulment names its receipt"))
		}
		return i.register.Annul(ctx, inn, body.GetReceiptId())
	}
	return unknownVerb(ask)
}

// Find implements port.Port. A check is only a question, and the tax service answers a
// repeated registration with the first receipt and a repeated annulment with "already": to
// ask is to send again.
func (i *income) Find(ctx context.Context, ask port.Ask) port.Answer { return i.Send(ctx, ask) }

// Memory implements port.Port.
func (i *income) Memory() time.Duration { return i.register.Memory() }

func (i *income) receipt(ctx context.Context, ask port.Ask, body *flowv1.IncomeAsk, inn string) (port.IncomeReceipt, *port.Answer) {
	name, customer, ok, err := i.read.Customer(ctx, body.GetBook(), body.GetCompanyId())
	switch {
	case err != nil:
		return port.IncomeReceipt{}, unread("company")
	case !ok:
		return port.IncomeReceipt{}, unsent(fault.Refuse(fault.NotFound, "company_id", "there are no details of %s", body.GetCompanyId()))
	}
	service, ok, err := i.read.Service(ctx, body.GetBook(), body.GetTask())
	switch {
	case err != nil:
		return port.IncomeReceipt{}, unread("task")
	case !ok:
		return port.IncomeReceipt{}, unsent(fault.Refuse(fault.NotFound, "task", "there are no texts of %s", body.GetTask()))
	}
	gross, err := money.RUB.Parse(body.GetGross())
	if err != nil {
		return port.IncomeReceipt{}, unsent(fault.Refuse(fault.AmountInvalid, "gross", "%v", err))
	}
	paid, err := time.Parse(time.RFC3339Nano, body.GetPaidAt())
	if err != nil {
		return port.IncomeReceipt{}, unsent(fault.Refuse(fault.Malformed, "paid_at", "%q is not a moment", body.GetPaidAt()))
	}
	return port.IncomeReceipt{
		Attempt: ask.Attempt, INN: inn, CustomerINN: customer, CustomerName: name,
		Service: plain(service), Amount: gross, PaidAt: paid, RequestedAt: ask.Clock,
	}, nil
}
