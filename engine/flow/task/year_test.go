package task

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var person = taxpayer.New()

// yearAnswers keeps the answers by the question's bytes: the same question, the same answer.
var yearAnswers sync.Map

// answerYear is what the year of a person who has had nothing else answers to a question.
func answerYear(e flow.Effect) *flowv1.TaxpayerAnswer {
	if a, ok := yearAnswers.Load(string(e.Body)); ok {
		return a.(*flowv1.TaxpayerAnswer)
	}
	var c flowv1.TaxpayerChange
	if err := proto.Unmarshal(e.Body, &c); err != nil {
		panic(err)
	}
	fresh := &flowv1.TaxpayerChange{Question: c.Question, Payment: c.Payment}
	m, refusal := person.Step(flow.View{Book: "main", ID: c.ExecutorId, State: machine.New, Day: cmp.Or(c.Question.GetDay(), c.Payment.GetCount().GetDay())},
		flow.Command{Event: taxpayer.Change, Body: flow.Bytes(fresh)})
	if refusal != nil {
		panic(refusal)
	}
	a := taxpayer.Answer(m.Data)
	yearAnswers.Store(string(e.Body), a)
	return a
}

// reply is what the world's answers carry: the year's share, the bonus, and a tax that is
// a kopeck more than 6 percent at the first attempt and half a ruble less at the second.
func reply(says bool) func(flowtest.Try, port.Result, *port.Answer) {
	return func(t flowtest.Try, r port.Result, a *port.Answer) {
		switch t.Effect.Ask {
		case holdYear, takeYear:
			if r == port.Done {
				a.Body = string(flow.Bytes(answerYear(t.Effect)))
			} else {
				a.Body = string(flow.Bytes(refusedYear(t.Effect, a.Code)))
			}
		case takeLimit:
			a.Body = string(flow.Bytes(answerLimit(t.Effect, r)))
		case stampFile:
			a.Body = string(flow.Bytes(stampedAs(t.Effect)))
		case checkIncome:
			if says {
				a.Bonus = "10000.00"
			}
		case registerIncome:
			if says && r == port.Done {
				a.Tax = differentTax(t.Effect)
			}
		}
	}
}

// stampedAs is what a printer says: a hash of what stands on the stamps.
func stampedAs(e flow.Effect) *flowv1.Stamped {
	var ask flowv1.StampAsk
	if err := proto.Unmarshal(e.Body, &ask); err != nil {
		panic(err)
	}
	side := map[string]*flowv1.Signature{SideExecutor: ask.Executor, SideCustomer: ask.Customer}[ask.Side]
	sum := sha256.Sum256([]byte(ask.Document + ask.Executor.GetAt() + ask.Executor.GetSha256() + ask.Customer.GetAt() + ask.Customer.GetSha256()))
	return &flowv1.Stamped{Document: ask.Document, Side: ask.Side, SignedSha256: side.GetSha256(), At: side.GetAt(), Sha256: hex.EncodeToString(sum[:])}
}

func differentTax(e flow.Effect) string {
	var ask flowv1.IncomeAsk
	if err := proto.Unmarshal(e.Body, &ask); err != nil {
		panic(err)
	}
	full := money.MustParse(ask.Gross).Percent(money.New(6, 0), 2, money.HalfUp)
	if e.Number == 1 {
		return money.RUB.Format(full.Add(money.New(1, 2)))
	}
	return money.RUB.Format(money.Max(full.Sub(money.New(50, 2)), money.New(0, 2)))
}

// undoes: an annulment undoes the attempt that made the receipt.
func undoes(t flowtest.Try) (string, uint32) {
	if t.Effect.Ask != annulIncome {
		return "", 0
	}
	var ask flowv1.IncomeAsk
	var number uint32
	if err := proto.Unmarshal(t.Effect.Body, &ask); err != nil {
		panic(err)
	}
	if _, err := fmt.Sscanf(ask.ReceiptId, "receipt-%d", &number); err != nil {
		panic(err)
	}
	return registerIncome, number
}

// yearLaw: what the task thinks it is in the executor's year is what its changes add up
// to: every share was put in once before it is taken out.
func yearLaw(w *flowtest.World, d *flowv1.TaskData) error {
	var in []string
	for _, try := range w.Tries {
		if !slices.Contains([]string{holdYear, takeYear, tellYear}, try.Effect.Ask) {
			continue
		}
		var c flowv1.TaxpayerChange
		if err := proto.Unmarshal(try.Effect.Body, &c); err != nil {
			return err
		}
		now := c.Now
		if c.Question != nil {
			if try.Last != port.Done {
				continue
			}
			now = answerYear(try.Effect).Share
		}
		if c.Was != nil {
			i := slices.Index(in, string(flow.Bytes(c.Was)))
			if i < 0 {
				return fmt.Errorf("%s %d takes out %v, which is not in", try.Effect.Ask, try.Effect.Number, c.Was)
			}
			in = slices.Delete(in, i, i+1)
		}
		if now != nil {
			in = append(in, string(flow.Bytes(now)))
		}
	}
	var want []string
	if d.Year != nil {
		want = []string{string(flow.Bytes(d.Year))}
	}
	if !slices.Equal(in, want) {
		return fmt.Errorf("the year has %d shares of the task, which thinks it is %v", len(in), d.Year)
	}
	return errors.Join(yearFits(w, d), countLaw(w, d))
}

// yearFits: the share says what happened.
func yearFits(w *flowtest.World, d *flowv1.TaskData) error {
	stage := d.Year.GetStage()
	switch {
	case w.View.State == Canceled && d.Year != nil && d.ReceiptAttempt == 0: // a receipt that came late stands until support annuls it
		return fmt.Errorf("canceled, and the year has %v", d.Year)
	case d.Kind == entrepreneur && d.Year != nil:
		return fmt.Errorf("a sole trader has %v", d.Year)
	case w.View.State == Paid && d.Kind == selfEmployed && stage != stageRegistered,
		w.View.State == Paid && d.Kind == civilContract && stage != stageTaken:
		return fmt.Errorf("paid, and the year has %v", d.Year)
	case w.View.State == Paid && d.Year != nil && (d.Year.Gross != d.Sum.Gross || d.Year.Contributions != d.Sum.Share.GetContributions()):
		return fmt.Errorf("paid %v, and the year has %v", d.Sum, d.Year)
	case w.View.State == InWork && d.Kind == selfEmployed && stage != stageHeld:
		return fmt.Errorf("in work, and the year has %v", d.Year)
	}
	return nil
}
