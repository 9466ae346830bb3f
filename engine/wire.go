package engine

import (
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// wire writes a refusal into a record.
func wire(r *fault.Refusal) *journalv1.Refusal {
	return &journalv1.Refusal{Code: string(r.Code), Field: r.Field, Reason: r.Reason, Facts: r.Facts}
}

// unwire reads a refusal out of a record. A code of a later version of the table
// is answered as internal, with its own words.
func unwire(r *journalv1.Refusal) *fault.Refusal {
	if r == nil {
		return nil
	}
	code := fault.Code(r.GetCode())
	if !fault.Known(r.GetCode()) {
		code = fault.Internal
	}
	return &fault.Refusal{Code: code, Field: r.GetField(), Reason: r.GetReason(), Facts: r.GetFacts()}
}

// fromWire reads the world's answer out of a command.
func fromWire(a *commandv1.Answer) *port.Answer {
	code := fault.Code(a.GetCode())
	if a.GetCode() != "" && !fault.Known(a.GetCode()) {
		code = fault.PayoutRefused
	}
	return &port.Answer{
		Result: port.Result(a.GetResult()), Status: a.GetStatus(), Event: a.GetEvent(), Code: code,
		Reason: a.GetReason(), ReceiptID: a.GetReceiptId(), ReceiptLink: a.GetReceiptLink(),
		Tax: a.GetTax(), Bonus: a.GetBonus(), Body: string(a.GetBody()),
	}
}

// toWire writes an answer into a command; number tells one unknown from the next.
func toWire(attempt string, a port.Answer, number string) *commandv1.Answer {
	event := a.Event
	if a.Result != port.Done && a.Result != port.Refused {
		event = number
	}
	return &commandv1.Answer{
		Attempt: attempt, Result: cleanText(string(a.Result)), Status: cleanText(a.Status), Event: cleanText(event),
		Code: cleanText(string(a.Code)), Reason: cleanWords(a.Reason), ReceiptId: cleanText(a.ReceiptID),
		ReceiptLink: cleanText(a.ReceiptLink), Tax: cleanText(a.Tax), Bonus: cleanText(a.Bonus), Body: []byte(a.Body),
	}
}

// flowChanges turns a flow's legs into changes of the books. The flow's tables
// were checked against the chart at start, so an unknown type is a broken
// invariant.
func flowChanges(legs []flow.Leg) []book.Change {
	out := make([]book.Change, len(legs))
	for i, l := range legs {
		name, refusal := book.ParseName("account", l.Account)
		if refusal != nil {
			panic("engine: a flow books to " + refusal.Error())
		}
		t, _ := book.LookupType(name.Type)
		kind := book.Credit
		if l.Debit {
			kind = book.Debit
		}
		out[i] = book.Change{Account: l.Account, Type: t, Asset: money.RUB, Kind: kind, Amount: l.Amount}
	}
	return out
}

// fromMove is the aggregate after a move.
func fromMove(m *journalv1.Move) aggregate {
	return aggregate{
		exists: true, state: m.GetTo(), owner: m.GetOwner(), version: m.GetVersion(),
		data: m.GetData(), attempts: m.GetAttempts(), timers: m.GetTimers(),
	}
}

// answerKey is the idempotency key of an answer: attempt, the provider's status
// and its event id or time (the number of the ask when unknown). So "unknown" and
// then "done" are two answers, and so is "taken back"; the same one twice is one.
func answerKey(a *commandv1.Answer) string {
	return answerPrefix + a.GetAttempt() + ":" + a.GetResult() + ":" + a.GetStatus() + ":" + a.GetEvent()
}

// clockTime is a journal clock as a time.
func clockTime(us int64) time.Time { return time.UnixMicro(us).UTC() }
