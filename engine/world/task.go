package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbRetry is the verb of the port "task".
const verbRetry = "retry"

// Payers reads what a retry is stamped with.
type Payers interface {
	// Aggregate reads an aggregate as it is now; false when there is none.
	Aggregate(ctx context.Context, book, flow, id string) (state string, data []byte, ok bool, err error)
	// Identified says whether a version of an executor's data has what a civil contract needs.
	Identified(ctx context.Context, book, executor string, version uint32) (bool, error)
}

// retries goes on with payments that stopped, when the cause may be gone.
type retries struct {
	submit Submit
	read   Payers
	now    func() time.Time // in the books' zone: a tariff is of a day
	house  limit.House
}

// FromTask serves the port "task": verb retry (TaskRetryAsk) retries a payment that
// stopped with the executor's profile and the company's tariff as they are now, unless
// that cannot help; so with the limits of the house and the company. The attempt is the
// command's key, so asking twice retries once.
func FromTask(submit Submit, read Payers, now func() time.Time, house limit.House) port.Port {
	return &retries{submit, read, now, house}
}

// Send implements port.Port.
func (r *retries) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbRetry {
		return unknownVerb(ask)
	}
	var body flowv1.TaskRetryAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	pay, refusal, err := r.terms(ctx, &body)
	if err != nil {
		return port.Unclear("our own tables: " + err.Error())
	}
	if refusal != nil {
		return answerOf(ask, engine.Outcome{Refusal: refusal})
	}
	o := r.submit(ctx, engine.Request{
		Book: body.GetBook(), Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: task.Name, Id: body.GetTask(), Event: task.Retry, Body: flow.Bytes(pay), Owner: body.GetCompanyId(),
			}},
		}}},
	})[0]
	if o.Refusal != nil && o.Refusal.Code == fault.KeyReused {
		o.Refusal = nil // decided before, when the profile or the tariff was another
	}
	return answerOf(ask, o)
}

// terms is what the retry is stamped with, or why it cannot help yet.
func (r *retries) terms(ctx context.Context, ask *flowv1.TaskRetryAsk) (*flowv1.TaskPay, *fault.Refusal, error) {
	who, firm := new(flowv1.ExecutorData), new(flowv1.CompanyData)
	state, data, ok, err := r.read.Aggregate(ctx, ask.GetBook(), executor.Name, ask.GetExecutorId())
	switch {
	case err != nil || !ok:
		return nil, fault.Refuse(fault.NotFound, "executor_id", "there is no such executor"), err
	case state == executor.Disputed:
		return nil, fault.Refuse(fault.IdentityDisputed, "executor_id", "support looks at the executor's identity"), nil
	}
	if err := proto.Unmarshal(data, who); err != nil {
		return nil, nil, err
	}
	if ok, err := r.data(ctx, ask.GetBook(), company.Name, ask.GetCompanyId(), firm, company.Active); err != nil || !ok {
		return nil, fault.Refuse(fault.WrongState, "company_id", "the company is not active"), err
	}
	identified := true
	if who.GetKind() == flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT {
		if identified, err = r.read.Identified(ctx, ask.GetBook(), ask.GetExecutorId(), who.GetProfileVersion()); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case who.GetKind() != ask.GetKind():
		return nil, fault.Refuse(fault.KindMismatch, "kind", "the kind of employment is still another"), nil
	case !identified:
		return nil, fault.Refuse(fault.IdentityMissing, "executor_id", "the person's papers are still missing"), nil
	case who.GetRequisitesVersion() == 0:
		return nil, fault.Refuse(fault.RequisitesMissing, "executor_id", "the requisites are still missing"), nil
	case who.GetRequisitesVersion() == ask.GetRefusedRequisites():
		return nil, fault.Refuse(fault.RequisitesInvalid, "executor_id", "the requisites are still the refused ones"), nil
	}
	today := r.now().Format(time.DateOnly)
	return &flowv1.TaskPay{
		Executor: executor.Stamp(who, !identified), Tariff: company.TariffOn(firm, today, ask.GetKind()), Automatic: true,
		Limits: r.house.Stamp(company.LimitsOn(firm, today), today),
	}, nil, nil
}

// data reads what an aggregate keeps; false when there is none, or in another state than
// the wanted one.
func (r *retries) data(ctx context.Context, book, flowName, id string, into proto.Message, want string) (bool, error) {
	state, data, ok, err := r.read.Aggregate(ctx, book, flowName, id)
	if err != nil || !ok || want != "" && state != want {
		return false, err
	}
	return true, proto.Unmarshal(data, into)
}

// Find implements port.Port.
func (r *retries) Find(ctx context.Context, ask port.Ask) port.Answer { return r.Send(ctx, ask) }

// Memory implements port.Port.
func (r *retries) Memory() time.Duration { return ownMemory }
