package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// IncomeReader finds what a receipt needs.
type IncomeReader interface {
	// Income is whose an income is and, with a company and a task, from whom and for what.
	Income(ctx context.Context, book, executor, company, task string) (private.Income, error)
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
	company, task := "", ""
	if ask.Verb == verbRegister {
		company, task = body.GetCompanyId(), body.GetTask()
		if company == "" || task == "" {
			return *unsent(fault.Refuse(fault.Malformed, "task", "a receipt names its company and its task"))
		}
	}
	of, err := i.read.Income(ctx, body.GetBook(), body.GetExecutorId(), company, task)
	switch {
	case err != nil:
		return *unread("executor, company or task")
	case of.Lacks != "":
		return *unsent(fault.Refuse(fault.NotFound, of.Lacks, "nothing is known of it"))
	}
	return port.WithoutINN(i.send(ctx, ask, &body, of), append(of.Former, of.INN)...) // an answer goes into the log
}

// send asks the tax service about an income.
func (i *income) send(ctx context.Context, ask port.Ask, body *flowv1.IncomeAsk, of private.Income) port.Answer {
	switch ask.Verb {
	case verbCheck:
		return i.register.Check(ctx, of.INN)
	case verbRegister:
		receipt, answer := receiptOf(ask, body, of)
		if answer != nil {
			return *answer
		}
		return i.register.Register(ctx, receipt)
	case verbAnnul:
		if body.GetReceiptId() == "" {
			return *unsent(fault.Refuse(fault.Malformed, "receipt_id", "an annulment names its receipt"))
		}
		return i.register.Annul(ctx, of.INN, body.GetReceiptId())
	}
	return unknownVerb(ask)
}

// Find implements port.Port. A check is only a question, and the tax service answers a
// repeated registration with the first receipt and a repeated annulment with "already": to
// ask is to send again.
func (i *income) Find(ctx context.Context, ask port.Ask) port.Answer { return i.Send(ctx, ask) }

// Memory implements port.Port.
func (i *income) Memory() time.Duration { return i.register.Memory() }

func receiptOf(ask port.Ask, body *flowv1.IncomeAsk, of private.Income) (port.IncomeReceipt, *port.Answer) {
	gross, err := money.RUB.Parse(body.GetGross())
	if err != nil {
		return port.IncomeReceipt{}, unsent(fault.Refuse(fault.AmountInvalid, "gross", "%v", err))
	}
	paid, err := time.Parse(time.RFC3339Nano, body.GetPaidAt())
	if err != nil {
		return port.IncomeReceipt{}, unsent(fault.Refuse(fault.Malformed, "paid_at", "%q is not a moment", body.GetPaidAt()))
	}
	return port.IncomeReceipt{
		Attempt: ask.Attempt, INN: of.INN, CustomerINN: of.CustomerINN, CustomerName: of.CustomerName,
		Service: plain(of.Service), Amount: gross, PaidAt: paid, RequestedAt: ask.Clock,
	}, nil
}
