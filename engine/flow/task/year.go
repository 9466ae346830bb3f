package task

import (
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Short names of the generated words.
const (
	phaseHold  = flowv1.TaskPhase_TASK_PHASE_HOLD
	phaseTake  = flowv1.TaskPhase_TASK_PHASE_TAKE
	phaseLimit = flowv1.TaskPhase_TASK_PHASE_LIMIT
	phaseAnnul = flowv1.TaskPhase_TASK_PHASE_ANNUL

	stageHeld       = flowv1.YearStage_YEAR_STAGE_HELD
	stageTaken      = flowv1.YearStage_YEAR_STAGE_TAKEN
	stageRegistered = flowv1.YearStage_YEAR_STAGE_REGISTERED

	kindSelfEmployed  = flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED
	kindCivilContract = flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT
	kindUnspecified   = flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED
	kindEntrepreneur  = flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR
)

// capped says whether the executor's income has a yearly cap.
func (s *step) capped() bool { return s.data.Kind == kindSelfEmployed }

// hold asks for room under the cap in the year of the planned payment: that of the
// contract's last day, or of today when it is past.
func (s *step) hold(on string) {
	s.on = on
	s.data.Phase, s.data.Error = phaseHold, nil
	day := max(s.view.Day, s.data.PeriodTo)
	s.asks[holdYear] = s.change(&flowv1.TaxpayerChange{
		Was: s.data.Year, Question: &flowv1.YearQuestion{Stage: stageHeld, Kind: s.data.Kind, Day: day, Gross: s.data.Sum.Gross},
	})
}

// holding refuses a change of a task that waits for room under the cap.
func (s *step) holding() *fault.Refusal {
	if s.data.Phase != phaseHold {
		return nil
	}
	return fault.Refuse(fault.WrongState, "event", "the executor's yearly limit is being asked; in a moment").
		With("state", s.view.State).With("event", s.command.Event)
}

// askTax asks for the tax of the payment that is about to be made; what was held so far
// is part of the question, so it moves into the year of payment in one step.
//
// The person's payments are asked there too, where a limit counts them; untaxed, of a sole
// trader and of a payment whose receipt stands, they alone.
func (s *step) askTax(untaxed bool) {
	s.data.Phase = phaseTake
	c := &flowv1.TaxpayerChange{}
	if len(s.data.Limits) > 0 {
		s.data.Counting = s.begun("")
		if untaxed {
			s.data.Counting.Amount = s.data.Sum.Payout
		}
		c.Payment = s.question(func(l *flowv1.PaymentLimit) bool { return !limit.OfCompany(l) })
	}
	if untaxed {
		s.asks[takeYear] = s.change(c)
		return
	}
	c.Was, c.Question = s.data.Year, &flowv1.YearQuestion{
		Stage: stageTaken, Kind: s.data.Kind, Nonresident: s.data.Nonresident, Day: s.view.Day, Gross: s.data.Sum.Gross,
		BonusTold: s.data.BonusTold, BonusAskedAt: s.data.CheckedFrom,
	}
	if s.floats() {
		c.Question.Gross, c.Question.Net = "", s.data.Price
	}
	s.asks[takeYear] = s.change(c)
}

// floats says whether the gross follows from the net price at the payment: what is
// withheld of a civil contract depends on the year, and the net price is promised.
func (s *step) floats() bool {
	return s.data.Kind == kindCivilContract && s.data.PriceKind == flowv1.PriceKind_PRICE_KIND_NET
}

func (s *step) change(c *flowv1.TaxpayerChange) []byte {
	c.Book, c.ExecutorId, c.Task = s.view.Book, s.data.ExecutorId, s.view.ID
	return flow.Bytes(c)
}

// answerOfYear reads what the executor's year answered.
func (s *step) answerOfYear() *flowv1.TaxpayerAnswer {
	a := &flowv1.TaxpayerAnswer{}
	if err := proto.Unmarshal([]byte(s.command.Answer.Body), a); err != nil {
		return &flowv1.TaxpayerAnswer{}
	}
	return a
}

// held takes the answer about room under the cap.
func (s *step) held() {
	if s.data.Phase != phaseHold || s.command.Number != s.view.Attempts[holdYear] {
		s.on = answerLate
		return
	}
	switch s.command.Event {
	case holdDone:
		s.data.Phase, s.data.Year, s.data.Offer = flowv1.TaskPhase_TASK_PHASE_UNSPECIFIED, s.answerOfYear().GetShare(), nil
		if s.data.WorkDone {
			s.on = holdDoneCompleted
		}
	case holdRefused:
		if !s.manual() {
			s.data.ExecutorSignedAt = ""
		}
		s.failYear()
		s.data.Error.RetryAt, s.data.Again = "", nil // a draft waits for people
		if s.data.Offer != nil {
			s.reopen()
		}
	}
}

// failYear writes why the executor's year refused.
func (s *step) failYear() {
	a := s.answerOfYear()
	s.short = a.GetShort()
	s.fail(s.code(fault.TaxRuleMissing), s.command.Answer.Status)
	s.data.Error.Free = a.GetFree()
}

// taken takes the answer about the tax of the payment.
func (s *step) taken() {
	if s.data.Phase != phaseTake || s.command.Number != s.view.Attempts[takeYear] {
		s.on = answerLate
		return
	}
	switch s.command.Event {
	case takeDone:
		a := s.answerOfYear()
		taxed := a.GetShare() != nil
		if taxed {
			s.data.Year = a.GetShare()
		}
		if a.GetCount() != nil {
			s.data.CountedPerson = append(s.data.CountedPerson, a.GetCount())
		}
		if s.out() {
			s.goOn(takeDoneIncome, takeDoneLast)
			return
		}
		if taxed {
			s.adopt(s.data.Year)
		}
		s.trim(amount(s.data.Sum.Payout).Add(s.costs()))
		if s.data.Counting != nil {
			s.data.Counting.Amount = s.data.Sum.Payout
		}
		if s.counts(limit.OfCompany) {
			s.on = takeDoneLimited
			s.askLimit()
			return
		}
		s.sendPayout()
	case takeRefused:
		s.trim(s.bound())
		s.failYear()
	}
}

// adopt makes the worked out share the task's sum.
func (s *step) adopt(share *flowv1.YearShare) {
	gross, held := amount(share.GetGross()), amount(share.GetTax())
	charge, refusal := commission(gross, s.data.Sum.Tariff)
	if refusal != nil {
		panic("task " + s.view.ID + ": its own tariff: " + refusal.Error())
	}
	s.data.Sum = &flowv1.TaskSum{
		Gross: text(gross), Payout: text(gross.Sub(held)), Tax: text(held), Rule: share.GetRule(), Day: share.GetDay(),
		Commission: text(charge), Tariff: s.data.Sum.Tariff, Share: share,
	}
}

// told takes the answer to what nobody waits for.
func (s *step) told() {
	if s.command.Event == tellRefused {
		s.on, s.data.Attention = tellDone, true
	}
}

// tell lets the executor's year and the limits know what this task is in them now, when that
// changed. An open question already carries what it was; the answer to it comes first.
func (s *step) tell() {
	if s.data.Phase == phaseHold || s.data.Phase == phaseTake {
		return
	}
	was, now := s.recount()
	want := s.share()
	same := proto.Equal(want, s.data.Year)
	if same && len(was)+len(now) == 0 {
		return
	}
	c := &flowv1.TaxpayerChange{CountsWas: was, CountsNow: now}
	if !same {
		c.Was, c.Now = s.data.Year, want
		s.data.Year = want
	}
	s.asks[tellYear] = s.change(c)
}

// share is what the task is in the executor's year, from what the task knows.
func (s *step) share() *flowv1.YearShare {
	receipt := Receipt(s.data)
	switch {
	case s.out():
		return s.paidShare(s.data.Sum, receipt)
	case receipt != nil:
		return s.paidShare(receipt.Sum, receipt)
	case s.data.Phase == phasePayout || s.data.Phase == phaseLimit:
		return s.data.Sum.GetShare()
	case s.called() || s.data.Year == nil || !s.capped():
		return nil
	}
	return &flowv1.YearShare{
		Year: s.data.Year.Year, Kind: s.data.Kind, Stage: stageHeld, Gross: s.data.Sum.Gross, Day: s.data.Year.Day,
	}
}

// called says whether the task is called off by this step, or was before.
func (s *step) called() bool {
	return s.on == Cancel || s.on == annulDone || s.view.State == Canceled
}

// paidShare is the share of a payment that is out, or whose receipt stands.
func (s *step) paidShare(sum *flowv1.TaskSum, receipt *flowv1.IncomeAttempt) *flowv1.YearShare {
	share := proto.CloneOf(sum.GetShare())
	if share == nil || receipt == nil || !s.capped() {
		return share
	}
	share.Stage = stageRegistered
	if final := receipt.Tax; final != "" {
		full := amount(share.Tax).Add(amount(share.Bonus))
		share.Bonus = text(money.Max(full.Sub(amount(final)), money.New(0, money.RUB.Scale)))
		share.Tax = text(amount(final))
	}
	return share
}
