package task

import (
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// defaultPeriodDays is how long a contract runs when nobody said (seed 000: period_duration).
const defaultPeriodDays = 30

// maxPrice bounds the price of one task, rubles: more is a slip of the hand.
var maxPrice = money.MustParse("1000000000.00")

// FormOf says how a contract is signed: by hand when the number and the date of a
// signed document were given, else on the platform (seed 000: signature_form).
func FormOf(documentNumber, documentDate string) flowv1.SignatureForm {
	if documentNumber != "" && documentDate != "" {
		return flowv1.SignatureForm_SIGNATURE_FORM_MANUAL
	}
	return flowv1.SignatureForm_SIGNATURE_FORM_ONLINE
}

// create begins a task: draft, or in work when its contract is signed already, or
// completed when it is made for work that is done.
func (s *step) create() *fault.Refusal {
	var b flowv1.TaskCreate
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("company_id", b.CompanyId); refusal != nil {
		return refusal
	}
	price, refusal := readPrice(b.Price)
	if refusal != nil {
		return refusal
	}
	if b.PriceKind == flowv1.PriceKind_PRICE_KIND_UNSPECIFIED {
		return fault.Refuse(fault.Malformed, "price_kind", "gross or net must be said")
	}
	s.data = &flowv1.TaskData{
		CompanyId: b.CompanyId, Kind: b.Kind, PriceKind: b.PriceKind, Price: price,
		ActRequired: b.ActRequired, SignatureForm: b.SignatureForm, CreatedAt: s.now(),
		AgreementTemplate: b.AgreementTemplate, ActTemplate: b.ActTemplate, SendLink: b.SendLink,
	}
	if s.data.SignatureForm == flowv1.SignatureForm_SIGNATURE_FORM_UNSPECIFIED {
		s.data.SignatureForm = flowv1.SignatureForm_SIGNATURE_FORM_ONLINE
	}
	if refusal := s.period(b.PeriodFrom, b.PeriodTo, b.PeriodDays); refusal != nil {
		return refusal
	}
	completed := b.Autocomplete && !b.ActRequired
	if b.ExecutorId == "" {
		if completed {
			return fault.Refuse(fault.Malformed, "executor_id", "work that is done already has an executor")
		}
		return nil
	}
	if refusal := s.take(b.ExecutorId, b.Executor, b.Tariff); refusal != nil {
		return refusal
	}
	s.data.WorkDone = completed
	switch {
	case (completed || s.manual()) && s.capped():
		s.hold(createHeld)
	case completed:
		s.on = createCompleted
	case s.manual():
		s.on = createSigned
	}
	return nil
}

// readPrice reads the price of a contract, written with all its places.
func readPrice(text string) (string, *fault.Refusal) {
	price, err := money.RUB.Parse(text)
	if err != nil || price.Sign() <= 0 || price.Cmp(maxPrice) > 0 {
		return "", fault.Refuse(fault.AmountInvalid, "price", "%.64q is not a positive amount of rubles of at most %s", text, maxPrice)
	}
	return money.RUB.Format(price), nil
}

// period fixes the first and the last day of the contract.
func (s *step) period(from, to string, duration uint32) *fault.Refusal {
	if from == "" {
		from = s.view.Day
	}
	first, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return fault.Refuse(fault.Malformed, "period_from", "%.64q is not a day YYYY-MM-DD", from)
	}
	days := int(min(duration, 36_500))
	if days == 0 {
		days = defaultPeriodDays
	}
	last := first.AddDate(0, 0, days)
	if to != "" {
		if last, err = time.Parse(time.DateOnly, to); err != nil || last.Before(first) {
			return fault.Refuse(fault.Malformed, "period_to", "%.64q is not a day YYYY-MM-DD, or before %s", to, from)
		}
	}
	s.data.PeriodFrom, s.data.PeriodTo = from, last.Format(time.DateOnly)
	return nil
}

// assign chooses the executor of a draft, or another one before anybody signed.
func (s *step) assign() *fault.Refusal {
	if s.view.State != Draft {
		return nil // the table has no row: wrong_state
	}
	if refusal := s.holding(); refusal != nil {
		return refusal
	}
	var b flowv1.TaskAssign
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := s.take(b.ExecutorId, b.Executor, b.Tariff); refusal != nil {
		return refusal
	}
	s.data.Error, s.data.Offer = nil, nil
	switch {
	case s.manual() && s.capped():
		s.hold(assignHeld)
	case s.manual():
		s.on = assignSigned
	}
	return nil
}

// take makes a person the executor and forecasts the sums.
func (s *step) take(id string, stamp *flowv1.ExecutorStamp, tariff *flowv1.Tariff) *fault.Refusal {
	if refusal := flow.CheckID("executor_id", id); refusal != nil {
		return refusal
	}
	if stamp.GetKind() == flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED {
		return fault.Refuse(fault.Malformed, "executor.kind", "the executor's kind of employment is not stamped")
	}
	if s.data.Kind == flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED {
		s.data.Kind = stamp.Kind
	}
	if s.data.Kind != stamp.Kind {
		return fault.Refuse(fault.KindMismatch, "kind", "the task is for %s, the executor is %s", kindOf(s.data.Kind), kindOf(stamp.Kind)).
			With("task", string(kindOf(s.data.Kind))).With("executor", string(kindOf(stamp.Kind)))
	}
	s.data.ExecutorId = id
	s.unsign()
	sum, refusal := s.price(stamp, tariff)
	if refusal != nil {
		return refusal
	}
	s.data.Sum = sum
	if s.manual() {
		s.data.ExecutorSignedAt = s.now()
	}
	return nil
}

// manual says whether the contract was signed outside the platform.
func (s *step) manual() bool {
	return s.data.SignatureForm == flowv1.SignatureForm_SIGNATURE_FORM_MANUAL
}

// sign is the executor's acceptance of the contract.
func (s *step) sign() *fault.Refusal {
	if s.view.State == Draft && s.data.ExecutorId == "" {
		return fault.Refuse(fault.WrongState, "executor_id", "nobody can sign: the task has no executor").
			With("state", s.view.State).With("event", s.command.Event)
	}
	var b flowv1.TaskSign
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	signature, refusal := s.signature(b.Signature, s.data.AgreementCustomer)
	if refusal != nil {
		return refusal
	}
	if refusal := s.consent(b.Terms, Sign, signHeld); refusal != nil {
		return refusal
	}
	s.data.AgreementExecutor = signature
	return nil
}

// work follows the work to its end: the customer's confirmation, the executor's
// and the customer's signature under the act.
func (s *step) work() *fault.Refusal {
	again := fault.Refuse(fault.WrongState, "event", "%q happened already", s.command.Event).
		With("state", s.view.State).With("event", s.command.Event)
	switch s.command.Event {
	case ActSign:
		signature, refusal := s.actSignature(s.data.ActExecutor)
		if refusal != nil {
			return refusal
		}
		s.data.ActSignedAt, s.data.ActCustomer = s.now(), signature
		return nil
	case Report:
		if s.view.State != InWork {
			return nil // the table has no row: wrong_state
		}
		if s.data.WorkDone || s.data.ExecutorDoneAt != "" {
			return again
		}
		s.data.ExecutorDoneAt = s.now()
		return nil
	case Done:
		if s.data.WorkDone && s.view.State == InWork {
			return again
		}
		s.data.WorkDone = true
		if !s.data.ActRequired || s.view.State != InWork {
			return nil
		}
		s.on = doneAwaitsAct
	case ActSignExecutor:
		if s.view.State != InWork {
			return nil // the table has no row: wrong_state
		}
		if !s.data.ActRequired {
			return fault.Refuse(fault.WrongState, "event", "the task needs no act").
				With("state", s.view.State).With("event", s.command.Event)
		}
		if s.data.ActExecutorSignedAt != "" {
			return again
		}
		signature, refusal := s.actSignature(nil)
		if refusal != nil {
			return refusal
		}
		s.data.ActExecutorSignedAt, s.data.ActExecutor = s.now(), signature
	}
	if s.data.WorkDone && s.data.ActExecutorSignedAt != "" {
		s.on = actReady
	}
	return nil
}

// cancel calls the task off. What was paid cannot be called off; of a payment that came
// back the receipt is annulled first.
func (s *step) cancel() *fault.Refusal {
	if refusal := s.holding(); refusal != nil && s.view.State == Draft {
		return refusal
	}
	if s.view.State == Error && s.out() {
		return fault.Refuse(fault.WrongState, "event", "the payment went out: the task cannot be canceled").
			With("state", s.view.State).With("event", s.command.Event)
	}
	s.data.Error, s.data.Offer = nil, nil
	if s.view.State == Error && s.data.ReceiptAttempt != 0 {
		s.annul()
	}
	return nil
}
