package app

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/login"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// withPhone is the executor of a phone; "" when nobody has it, or several have: who of them
// asks cannot be told.
func (s *Service) withPhone(ctx context.Context, book, phone string) (string, *fault.Refusal, error) {
	number, refusal := requisite.Phone("phone", phone)
	if refusal != nil {
		return "", refusal, nil
	}
	found, err := s.Vault.Find(ctx, book, private.ExecutorPhone, number)
	if err != nil {
		return "", nil, err
	}
	people, err := s.executors.People(ctx, book, found[number])
	if err != nil {
		return "", nil, err
	}
	who, several := "", false
	for id, p := range people {
		if p.Profile.GetPhone() == number && (p.State == executor.Registered || p.State == executor.Blocked) {
			who, several = id, who != ""
		}
	}
	if several {
		return "", nil, nil
	}
	return who, nil, nil
}

// StartLogin implements ExecutorAppService. What it answers, and when, tells nobody whether
// the phone is an executor's.
func (s *Service) StartLogin(ctx context.Context, req *executorv1.StartLoginRequest) (*executorv1.StartLoginResponse, error) {
	start := s.Now()
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return nil, refusal
	}
	who, refusal, err := s.withPhone(ctx, req.GetBook(), req.GetPhone())
	if err != nil || refusal != nil {
		return nil, gate.OrRefusal(err, refusal)
	}
	if who != "" {
		c := &gate.Change{Flow: login.Name, ID: who, Owner: who, Event: login.Ask, Key: gate.NewID()}
		if r := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0].Refusal; r != nil && r.Code.Lookup().Kind == fault.Busy {
			return nil, r
		}
	}
	s.Even(ctx, start)
	return &executorv1.StartLoginResponse{CodeSeconds: uint32(login.Life / time.Second), PauseSeconds: uint32(login.Pause / time.Second)}, nil
}

// ConfirmLogin implements ExecutorAppService. The code is compared here, the log counts.
func (s *Service) ConfirmLogin(ctx context.Context, req *executorv1.ConfirmLoginRequest) (*executorv1.ConfirmLoginResponse, error) {
	start := s.Now()
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return nil, refusal
	}
	who, refusal, err := s.withPhone(ctx, req.GetBook(), req.GetPhone())
	if err != nil || refusal != nil {
		return nil, gate.OrRefusal(err, refusal)
	}
	wrong := func(err error) error { return s.RefuseLogin(ctx, start, "code", err) }
	found, _, err := s.Load(ctx, req.GetBook(), login.Name, who)
	if err != nil {
		return nil, err
	}
	a, ok := found[who]
	if !ok {
		return nil, wrong(nil)
	}
	d := new(flowv1.LoginData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	number := d.GetCode().GetNumber()
	c := &gate.Change{Flow: login.Name, ID: who, Owner: who, Event: login.Wrong, Key: gate.NewID()}
	if private.Same(req.GetCode(), s.Vault.Code(login.Purpose, who, number)) {
		c.Event = login.Confirm
	}
	c.Say(&flowv1.LoginCode{Number: number})
	o := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	switch {
	case o.Refusal != nil:
		return nil, wrong(o.Refusal)
	case c.Event == login.Wrong:
		return nil, wrong(nil)
	}
	after := gate.FromRecord(o.Record)
	if err := after.Read(d); err != nil {
		return nil, err
	}
	token, row, err := s.BeginSession(ctx, req.GetBook(), "", who, time.UnixMicro(after.UpdatedUS).UTC(), login.SessionsFrom(d))
	if err != nil {
		return nil, err
	}
	s.CountLogin("ok")
	return &executorv1.ConfirmLoginResponse{Token: token, ExecutorId: who, IdleAt: timestamppb.New(row.Ends), ExpiresAt: timestamppb.New(row.Until)}, nil
}

// EndMySessions implements ExecutorAppService.
func (s *Service) EndMySessions(ctx context.Context, req *executorv1.EndMySessionsRequest) (*executorv1.EndMySessionsResponse, error) {
	who := gate.CallOf(ctx).Who
	if !req.GetAll() {
		_, err := s.Revoke(ctx, who.Session.ID)
		return &executorv1.EndMySessionsResponse{}, err
	}
	c := &gate.Change{Flow: login.Name, ID: who.ID, Owner: who.ID, Event: login.EndSessions, Key: gate.NewID()}
	o := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return nil, o.Refusal
	}
	s.EndSessions(ctx, req.GetBook(), who.ID, time.UnixMicro(gate.FromRecord(o.Record).UpdatedUS))
	return &executorv1.EndMySessionsResponse{}, nil
}
