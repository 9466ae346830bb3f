package world

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Verbs of the ports, as the flows' Asks tables name them.
const (
	verbPay      = "pay"
	verbReturn   = "return"
	verbTax      = "tax"
	verbOwn      = "own"
	verbCheck    = "check"
	verbRegister = "register"
	verbAnnul    = "annul"
)

// PayoutReader finds what a payment needs.
type PayoutReader interface {
	// Payee is where an executor's money goes, and what the task is called; false when there
	// is no such version of his requisites.
	Payee(ctx context.Context, book, executor string, version uint32, task string) (to port.Requisites, title string, ok bool, err error)
	// Sending notes a payment that is about to be sent, each attempt once; executor is who
	// gets it, "" when it goes back to a company.
	Sending(ctx context.Context, book, executor string, p port.Payment) error
	// Sender is who sent the money of a version of a statement line, 0 the first, and to which account of ours.
	Sender(ctx context.Context, book, line string, version uint32) (from port.Requisites, ours, number, day string, ok bool, err error)
}

// payout is a bank behind the engine's shape.
type payout struct {
	bank port.Payout
	read PayoutReader
	from string
	zone *time.Location
}

// FromPayout serves the port "payout": verbs pay (PayoutAsk), return (ReturnAsk), tax
// (RemittanceAsk) and own (RemittanceOwnAsk). from is our settlement account, 20 digits, from which executors and taxes
// are paid; money that came is returned from the account to which it came. A payment to a person
// whose way no flow knew is held against the limits of the day, in the zone, on which its attempt
// was opened: so it is always refused or never.
func FromPayout(bank port.Payout, read PayoutReader, from string, zone *time.Location) port.Port {
	return &payout{bank, read, from, zone}
}

// Send implements port.Port.
func (p *payout) Send(ctx context.Context, ask port.Ask) port.Answer {
	var (
		book, executor string
		payment        port.Payment
		limited        bool // a flow has looked at the limits, or there are none: it goes to no person
		answer         *port.Answer
	)
	switch ask.Verb {
	case verbPay:
		book, executor, payment, limited, answer = p.pay(ctx, ask)
	case verbReturn:
		limited = true
		book, payment, answer = p.giveBack(ctx, ask)
	case verbTax:
		limited = true
		book, payment, answer = p.tax(ask)
	case verbOwn:
		book, executor, payment, answer = p.own(ctx, ask)
	default:
		return unknownVerb(ask)
	}
	if answer != nil {
		return *answer
	}
	refusal := payment.Check()
	if refusal == nil && !limited {
		refusal = limit.Payment(payment, ask.Clock.In(p.zone).Format(time.DateOnly))
	}
	if refusal != nil {
		return port.Unsent(refusal)
	}
	if err := p.read.Sending(ctx, book, executor, payment); err != nil {
		return port.Unclear("not sent: the payment could not be noted")
	}
	return p.bank.Pay(ctx, payment)
}

// Find implements port.Port.
func (p *payout) Find(ctx context.Context, ask port.Ask) port.Answer {
	return p.bank.Payment(ctx, ask.Attempt)
}

// Memory implements port.Port.
func (p *payout) Memory() time.Duration { return p.bank.Memory() }

func (p *payout) pay(ctx context.Context, ask port.Ask) (book, executor string, out port.Payment, limited bool, answer *port.Answer) {
	var body flowv1.PayoutAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return "", "", out, false, malformed(ask, err)
	}
	book, executor = body.GetBook(), body.GetExecutorId()
	to, title, answer := p.payee(ctx, book, executor, body.GetRequisitesVersion(), body.GetTask())
	if answer == nil {
		out, answer = payment(ask, p.from, to, body.GetAmount(), Purpose(title, ask.Attempt))
	}
	return book, executor, out, body.GetLimited(), answer
}

// payee reads an executor's requisites, and what a task is called; task may be "".
func (p *payout) payee(ctx context.Context, book, executor string, version uint32, task string) (to port.Requisites, title string, answer *port.Answer) {
	to, title, ok, err := p.read.Payee(ctx, book, executor, version, task)
	switch {
	case err != nil:
		return to, title, unread("requisites or the task")
	case !ok || version == 0:
		return to, title, unsent(fault.Refuse(fault.RequisitesMissing, "requisites", "there is no version %d of the executor's requisites", version))
	}
	return to, title, nil
}

// own gives a person back what was held for the tax that he pays by himself.
func (p *payout) own(ctx context.Context, ask port.Ask) (book, executor string, out port.Payment, answer *port.Answer) {
	var body flowv1.RemittanceOwnAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return "", "", out, malformed(ask, err)
	}
	book, executor = body.GetBook(), body.GetExecutorId()
	to, _, answer := p.payee(ctx, book, executor, body.GetRequisitesVersion(), "")
	if answer != nil {
		return book, executor, out, answer
	}
	month := strings.TrimPrefix(body.GetPeriod(), string(remittance.NPD)+"-")
	purpose := fmt.Sprintf("Возврат удержанного для уплаты налога на профессиональный доход за %s (%s). Без НДС", month, private.PurposeMarker(ask.Attempt))
	out, answer = payment(ask, p.from, to, body.GetAmount(), fit(purpose))
	return book, executor, out, answer
}

func (p *payout) giveBack(ctx context.Context, ask port.Ask) (book string, out port.Payment, answer *port.Answer) {
	var body flowv1.ReturnAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return "", out, malformed(ask, err)
	}
	book = body.GetBook()
	to, ours, number, day, ok, err := p.read.Sender(ctx, body.GetBook(), body.GetLine(), body.GetVersion())
	switch {
	case err != nil:
		return book, out, unread("statement line")
	case !ok || to.AccountNumber == "":
		return book, out, unsent(fault.Refuse(fault.RequisitesMissing, "requisites", "the sender's account is not known"))
	}
	purpose := fmt.Sprintf("Возврат средств, поступивших по документу № %s от %s (%s). Без НДС", number, day, private.PurposeMarker(ask.Attempt))
	out, answer = payment(ask, ours, to, body.GetAmount(), fit(purpose))
	return book, out, answer
}

// tax is a payment to the budget, by the row of requisites or the document that the order names.
func (p *payout) tax(ask port.Ask) (book string, out port.Payment, answer *port.Answer) {
	var body flowv1.RemittanceAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return "", out, malformed(ask, err)
	}
	if body.GetDocument() != nil {
		out, answer = byDocument(ask, p.from, &body)
		return body.GetBook(), out, answer
	}
	to, ok := remittance.LookupRequisites(body.GetRequisites())
	if !ok {
		return body.GetBook(), out, unsent(fault.Refuse(fault.TaxRuleMissing, "requisites", "there is no row %s", body.GetRequisites()))
	}
	out, answer = payment(ask, p.from, to.Payee, body.GetAmount(), to.Purpose+" ("+private.PurposeMarker(ask.Attempt)+")")
	out.Budget = &to.Budget
	return body.GetBook(), out, answer
}

func payment(ask port.Ask, from string, to port.Requisites, amount, purpose string) (port.Payment, *port.Answer) {
	sum, err := money.RUB.Parse(amount)
	if err != nil {
		return port.Payment{}, unsent(fault.Refuse(fault.AmountInvalid, "amount", "%v", err))
	}
	return port.Payment{Attempt: ask.Attempt, FromAccount: from, To: to, Amount: sum, Purpose: purpose}, nil
}

// Purpose is the purpose of a payment for a task: what it is called, and the attempt's
// marker, by which a statement's line is known as ours.
func Purpose(title, attempt string) string {
	tail := "» (" + private.PurposeMarker(attempt) + "). Без НДС"
	head := "Оплата по договору за «"
	room := port.MaxPurpose - utf8.RuneCountInString(head+tail)
	title = plain(title)
	if utf8.RuneCountInString(title) > room {
		title = string([]rune(title)[:max(0, room-1)]) + "…"
	}
	return head + title + tail
}

func fit(purpose string) string {
	purpose = plain(purpose)
	if utf8.RuneCountInString(purpose) > port.MaxPurpose {
		return string([]rune(purpose)[:port.MaxPurpose])
	}
	return purpose
}

// plain makes one line of a text: banks refuse control characters.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// unread is the answer when our own tables could not be read: nobody knows yet.
func unread(what string) *port.Answer {
	a := port.Unclear("not sent: the " + what + " could not be read")
	return &a
}

// unsent is the final answer to an ask that no provider should see.
func unsent(r *fault.Refusal) *port.Answer {
	a := port.Unsent(r)
	return &a
}

func malformed(ask port.Ask, err error) *port.Answer {
	return unsent(fault.Refuse(fault.Malformed, "body", "the body of %q cannot be decoded: %v", ask.Verb, err))
}

func unknownVerb(ask port.Ask) port.Answer {
	return port.Unsent(fault.Refuse(fault.Malformed, "verb", "the port does not know %q", ask.Verb))
}
