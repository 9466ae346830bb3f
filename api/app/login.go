package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	flowexecutor "github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/login"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// withPhone are the executors of a phone by id: those who share one log in by one code. The
// codes are counted where the first of them stands.
func (s *Service) withPhone(ctx context.Context, book, phone string) ([]executor.Person, *fault.Refusal, error) {
	number, refusal := requisite.Phone("phone", phone)
	if refusal != nil {
		return nil, refusal, nil
	}
	found, err := s.Vault.Find(ctx, book, private.ExecutorPhone, number)
	if err != nil {
		return nil, nil, err
	}
	people, err := s.executors.People(ctx, book, found[number])
	if err != nil {
		return nil, nil, err
	}
	var list []executor.Person
	for _, p := range people {
		if p.Profile.GetPhone() == number && (p.State == flowexecutor.Registered || p.State == flowexecutor.Blocked || p.State == flowexecutor.Conflict) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b executor.Person) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil, nil
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
	if len(who) > 0 {
		c := &gate.Change{Flow: login.Name, ID: who[0].ID, Owner: who[0].ID, Event: login.Ask, Key: gate.NewID()}
		c.Say(&flowv1.LoginAsk{ProfileVersion: who[0].Data.GetProfileVersion()})
		if r := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0].Refusal; r != nil && r.Code.Lookup().Kind == fault.Busy {
			return nil, r
		}
	}
	s.Even(ctx, start)
	return &executorv1.StartLoginResponse{CodeSeconds: uint32(login.Life / time.Second), PauseSeconds: uint32(login.Pause / time.Second)}, nil
}

// ConfirmLogin implements ExecutorAppService. The code is compared here, the log counts. Of
// several who share the phone one is chosen, by who has shown that he has it: the code stays
// until then.
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
	if len(who) == 0 {
		return nil, wrong(nil)
	}
	first := who[0].ID
	d, ok, err := s.loginOf(ctx, req.GetBook(), first)
	if err != nil || !ok {
		return nil, wrong(err)
	}
	number := d.GetCode().GetNumber()
	c := &gate.Change{Flow: login.Name, ID: first, Owner: first, Event: login.Wrong, Key: gate.NewID()}
	chosen := chosenOf(who, req.GetExecutorId())
	if private.Same(req.GetCode(), s.Vault.Code(login.Purpose, first, number)) {
		if chosen == "" && req.GetExecutorId() == "" && login.Living(d, number, start) {
			return &executorv1.ConfirmLoginResponse{Choices: choicesOf(who)}, nil
		}
		c.Event = login.Confirm
	}
	if chosen == "" {
		c.Event = login.Wrong // a right code for somebody who has another phone is a try like any
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
	if chosen != first {
		if d, _, err = s.loginOf(ctx, req.GetBook(), chosen); err != nil {
			return nil, err
		}
	}
	token, row, err := s.BeginSession(ctx, req.GetBook(), "", chosen, time.UnixMicro(after.UpdatedUS).UTC(), login.SessionsFrom(d))
	if err != nil {
		return nil, err
	}
	s.CountLogin("ok")
	return &executorv1.ConfirmLoginResponse{Token: token, ExecutorId: chosen, IdleAt: timestamppb.New(row.Ends), ExpiresAt: timestamppb.New(row.Until)}, nil
}

// loginOf reads how a person comes in; false when he never asked.
func (s *Service) loginOf(ctx context.Context, book, id string) (*flowv1.LoginData, bool, error) {
	found, _, err := s.Load(ctx, book, login.Name, id)
	d := new(flowv1.LoginData)
	a, ok := found[id]
	if err == nil && ok {
		err = a.Read(d)
	}
	return d, ok, err
}

// chosenOf is who of those that share a phone logs in: the only one, or the named one; ""
// while nobody is named, or somebody else is.
func chosenOf(who []executor.Person, named string) string {
	if len(who) == 1 && named == "" {
		return who[0].ID
	}
	for _, p := range who {
		if p.ID == named {
			return p.ID
		}
	}
	return ""
}

// innEnding is how much of an INN tells people of one phone apart.
const innEnding = 4

// mostChoices bounds those who share a phone and are shown: a company could give one to thousands.
const mostChoices = 50

// choicesOf shows those who share a phone to one of them, those first whose it is known to be.
func choicesOf(who []executor.Person) (out []*executorv1.LoginChoice) {
	who = slices.Clone(who)
	slices.SortStableFunc(who, func(a, b executor.Person) int {
		return cmp.Compare(unconfirmed(a), unconfirmed(b))
	})
	who = who[:min(len(who), mostChoices)]
	for _, p := range who {
		name, inn := p.Profile.GetFirstName(), p.Profile.GetInn()
		if last := private.Initial(p.Profile.GetLastName()); last != "" {
			name += " " + last
		}
		out = append(out, &executorv1.LoginChoice{ExecutorId: p.ID, Name: name, InnEnding: inn[max(len(inn)-innEnding, 0):]})
	}
	return out
}

func unconfirmed(p executor.Person) int {
	if p.Data.GetPhoneConfirmed() {
		return 0
	}
	return 1
}

// EndMySessions implements ExecutorAppService.
func (s *Service) EndMySessions(ctx context.Context, req *executorv1.EndMySessionsRequest) (*executorv1.EndMySessionsResponse, error) {
	who := gate.CallOf(ctx).Who
	if !req.GetAll() {
		if _, err := s.Revoke(ctx, who.Session.ID); err != nil {
			return nil, err
		}
		return &executorv1.EndMySessionsResponse{}, s.DB.ForgetDevices(ctx, req.GetBook(), who.ID, who.Session.ID)
	}
	c := &gate.Change{Flow: login.Name, ID: who.ID, Owner: who.ID, Event: login.EndSessions, Key: gate.NewID()}
	o := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return nil, o.Refusal
	}
	s.EndSessions(ctx, req.GetBook(), who.ID, time.UnixMicro(gate.FromRecord(o.Record).UpdatedUS))
	return &executorv1.EndMySessionsResponse{}, s.DB.ForgetDevices(ctx, req.GetBook(), who.ID, "")
}

// RegisterMyDevice implements ExecutorAppService.
func (s *Service) RegisterMyDevice(ctx context.Context, req *executorv1.RegisterMyDeviceRequest) (*executorv1.RegisterMyDeviceResponse, error) {
	who := gate.CallOf(ctx).Who
	d, err := s.Vault.Device(ctx, req.GetBook(), who.ID, who.Session.ID, req.GetToken(), s.Now())
	if err != nil {
		return nil, err
	}
	return &executorv1.RegisterMyDeviceResponse{}, s.DB.PutDevice(ctx, d)
}

// RemoveMyDevice implements ExecutorAppService. A device that is not there is removed.
func (s *Service) RemoveMyDevice(ctx context.Context, req *executorv1.RemoveMyDeviceRequest) (*executorv1.RemoveMyDeviceResponse, error) {
	_, err := s.DB.DeleteDevice(ctx, store.Device{
		Book: req.GetBook(), ID: s.Vault.DeviceID(req.GetBook(), req.GetToken()), Member: me(ctx), Created: s.Now(),
	})
	return &executorv1.RemoveMyDeviceResponse{}, err
}
