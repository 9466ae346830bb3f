package app

import (
	"context"
	"strings"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// ConfirmMyInn implements ExecutorAppService. The INN is compared here, the log counts.
func (s *Service) ConfirmMyInn(ctx context.Context, req *executorv1.ConfirmMyInnRequest) (*executorv1.ConfirmMyInnResponse, error) {
	start, book, id := s.Now(), req.GetBook(), me(ctx)
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return nil, refusal
	}
	inn := strings.TrimSpace(req.GetInn())
	if refusal := requisite.PersonINN("inn", inn); refusal != nil {
		return nil, refusal
	}
	people, err := s.executors.People(ctx, book, []string{id})
	if err != nil {
		return nil, err
	}
	p, ok := people[id]
	if !ok {
		return nil, gate.NotFound("executor_id", executor.Name, id)
	}
	if !p.Data.GetPhoneConfirmed() {
		right := private.Same(inn, p.Profile.GetInn())
		for _, f := range p.Profile.GetFormerInns() {
			right = private.Same(inn, f.GetInn()) || right
		}
		c := &gate.Change{Flow: executor.Name, ID: id, Owner: id, Event: executor.WrongINN, Key: gate.NewID()}
		if right {
			c.Event = executor.ConfirmPhone
		}
		c.Say(&flowv1.ExecutorConfirmPhone{ProfileVersion: p.Data.GetProfileVersion()})
		o := s.SubmitChanges(ctx, book, false, []*gate.Change{c})[0]
		s.Even(ctx, start)
		if o.Refusal != nil {
			return nil, o.Refusal
		}
		if !right {
			return nil, fault.Refuse(fault.PhoneMismatch, "inn", "the phone is kept with another INN")
		}
		s.Reconsider(id)
	}
	out, err := s.whole(ctx, book)
	return &executorv1.ConfirmMyInnResponse{Executor: out}, err
}
