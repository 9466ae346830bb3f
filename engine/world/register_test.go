package world

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// office keeps what registrations know, and which companies are open.
type office struct {
	inn    string
	openBy string
	open   bool
	said   port.Entity
	broken error
}

func (o *office) RegistrationINN(context.Context, string, string, uint32) (string, bool, error) {
	return o.inn, o.inn != "", o.broken
}

func (o *office) Registered(_ context.Context, _, _ string, version uint32, e port.Entity) (uint32, error) {
	o.said = e
	return version + 1, o.broken
}

func (o *office) OpenedBy(context.Context, string, string) (string, bool, error) {
	return o.openBy, o.open, o.broken
}

func (o *office) CompanyDetails(context.Context, string, string, uint32, string) (uint32, error) {
	return 7, o.broken
}

// entities answers with one company.
type entities struct {
	entity port.Entity
	answer port.Answer
}

func (e entities) Entity(context.Context, string) (port.Entity, port.Answer) {
	return e.entity, e.answer
}

func TestRegisterKeepsWhatIsSaidApartFromTheLog(t *testing.T) {
	t.Parallel()
	inn := requisite.ExampleINN(1)
	acts := port.Entity{INN: inn, OGRN: "1027700000001", Name: "ООО «Ромашка»", Address: "Москва"}
	check := ask("check", &flowv1.RegisterAsk{Book: "main", Registration: "r1", ProfileVersion: 2})
	for name, tc := range map[string]struct {
		office office
		says   entities
		ask    port.Ask
		want   port.Answer
	}{
		"acts":           {office{inn: inn}, entities{acts, port.Answer{Result: port.Done, Status: "OK"}}, check, port.Answer{Result: port.Done, Status: "OK", Body: "\x08\x03"}},
		"ended":          {office{inn: inn}, entities{answer: port.Answer{Result: port.Refused, Status: "ended", Code: fault.CompanyTerminated}}, check, port.Answer{Result: port.Refused, Status: "ended", Code: fault.CompanyTerminated}},
		"silent":         {office{inn: inn}, entities{answer: port.Unclear("timeout")}, check, port.Unclear("timeout")},
		"no INN":         {office{}, entities{}, check, *unsent(fault.Refuse(fault.NotFound, "profile_version", "there is no INN in version 2 of r1"))},
		"database away":  {office{inn: inn, broken: errBroken}, entities{}, check, *unread("registration")},
		"says no secret": {office{inn: inn}, entities{answer: port.Unclear("INN " + inn)}, check, port.WithoutINN(port.Unclear("INN "+inn), inn)},
		"another verb":   {office{inn: inn}, entities{}, ask("steal", &flowv1.RegisterAsk{}), unknownVerb(ask("steal", &flowv1.RegisterAsk{}))},
	} {
		p := FromRegister(tc.says, &tc.office)
		if a := p.Send(t.Context(), tc.ask); a != tc.want {
			t.Errorf("%s: %+v, want %+v", name, a, tc.want)
		}
		if a := p.Find(t.Context(), tc.ask); a != tc.want {
			t.Errorf("%s, again: %+v", name, a)
		}
		if name == "acts" && tc.office.said != acts {
			t.Errorf("kept %+v", tc.office.said)
		}
	}
	broken := &office{inn: inn}
	p := FromRegister(breaking{entities{acts, port.Answer{Result: port.Done}}, broken}, broken)
	if a := p.Send(t.Context(), check); a.Result != port.Unknown { // it was said, and could not be kept
		t.Errorf("%+v", a)
	}
}

// breaking takes the database away while the register is asked.
type breaking struct {
	entities
	office *office
}

func (b breaking) Entity(ctx context.Context, inn string) (port.Entity, port.Answer) {
	b.office.broken = errBroken
	return b.entities.Entity(ctx, inn)
}

func TestCompanyIsOpenedOnceForItsRegistration(t *testing.T) {
	t.Parallel()
	open := ask("open", &flowv1.OpenAsk{
		Book: "main", Registration: "r1", CompanyId: "company-1", ProfileVersion: 4, Tariff: &flowv1.Tariff{Percent: "3"}, DepositRequired: "1000.00",
	})
	fine := []engine.Outcome{{}, {}, {}, {}}
	refused := func(at int, code fault.Code) []engine.Outcome {
		out := make([]engine.Outcome, 4)
		for i := range out {
			out[i].Refusal = fault.Refuse(fault.GroupFailed, "", "x")
		}
		out[at].Refusal = fault.Refuse(code, "", "x")
		return out
	}
	for name, tc := range map[string]struct {
		office   office
		outcomes []engine.Outcome
		result   port.Result
		code     fault.Code
		asked    int
	}{
		"opened":                {office{}, fine, port.Done, "", 1},
		"opened before":         {office{open: true, openBy: "r1"}, nil, port.Done, "", 0},
		"another's":             {office{open: true, openBy: "r2"}, nil, port.Refused, fault.AlreadyExists, 0},
		"opened by the house":   {office{open: true}, nil, port.Refused, fault.AlreadyExists, 0},
		"another was faster":    {office{}, refused(0, fault.AlreadyExists), port.Refused, fault.AlreadyExists, 1},
		"the account is frozen": {office{}, refused(2, fault.AccountFrozen), port.Refused, fault.AccountFrozen, 1},
		"we were faster":        {office{}, refused(0, fault.KeyReused), port.Unknown, "", 1},
		"half of it is known":   {office{}, refused(1, fault.GroupPartlyKnown), port.Unknown, "", 1},
		"the log is away":       {office{}, refused(0, fault.Unavailable), port.Unknown, "", 1},
		"the database is away":  {office{broken: errBroken}, nil, port.Unknown, "", 0},
	} {
		asked := 0
		p := FromCompany(func(_ context.Context, r engine.Request) []engine.Outcome {
			asked++
			register, accept := new(flowv1.CompanyRegister), new(flowv1.CompanyAccept)
			if proto.Unmarshal(r.Operations[0].GetFlow().GetBody(), register) != nil || proto.Unmarshal(r.Operations[1].GetFlow().GetBody(), accept) != nil ||
				register.GetProfileVersion() != 7 || register.GetRegistration() != "r1" || accept.GetDepositRequired() != "1000.00" || accept.GetTariff().GetPercent() != "3" ||
				r.Operations[2].GetOpen().GetAccount() != "wallet:company-1" || r.Operations[3].GetOpen().GetAccount() != "deposit:company-1" {
				t.Errorf("%s: %v", name, r)
			}
			for _, op := range r.Operations {
				if op.GetGroup() != 1 {
					t.Errorf("%s: not all or nothing: %v", name, op)
				}
			}
			return tc.outcomes
		}, &tc.office)
		if a := p.Send(t.Context(), open); a.Result != tc.result || a.Code != tc.code || asked != tc.asked {
			t.Errorf("%s: %+v, asked %d times", name, a, asked)
		}
	}
}

func TestRegistrationIsToldOfItsDeposit(t *testing.T) {
	t.Parallel()
	p := FromRegistration(func(_ context.Context, r engine.Request) []engine.Outcome {
		f := r.Operations[0].GetFlow()
		if r.Book != "main" || f.GetFlow() != "registration" || f.GetId() != "r1" || f.GetOwner() != "r1" || f.GetEvent() != "deposit_found" {
			t.Errorf("%v", r)
		}
		return []engine.Outcome{{}}
	})
	if a := p.Send(t.Context(), ask("deposit_found", &flowv1.DepositFoundAsk{Book: "main", Registration: "r1"})); a.Result != port.Done {
		t.Errorf("%+v", a)
	}
	if a := p.Find(t.Context(), ask("steal", &flowv1.DepositFoundAsk{})); a.Result != port.Refused {
		t.Errorf("%+v", a)
	}
}

func TestWhoRegisteredOwnsTheCompany(t *testing.T) {
	t.Parallel()
	p := FromUser(func(_ context.Context, r engine.Request) []engine.Outcome {
		f, body := r.Operations[0].GetFlow(), new(flowv1.UserFound)
		if proto.Unmarshal(f.GetBody(), body) != nil || r.Book != "main" || f.GetFlow() != "user" || f.GetId() != "company-1" || f.GetOwner() != "company-1" ||
			f.GetEvent() != "found" || body.GetUserId() != "user-1" || body.GetProfileVersion() != 2 || body.GetCredentialVersion() != 3 {
			t.Errorf("%v", r)
		}
		return []engine.Outcome{{}}
	})
	found := &flowv1.FoundAsk{Book: "main", CompanyId: "company-1", UserId: "user-1", ProfileVersion: 2, CredentialVersion: 3}
	if a := p.Send(t.Context(), ask("found", found)); a.Result != port.Done {
		t.Errorf("%+v", a)
	}
	if a := p.Find(t.Context(), ask("steal", found)); a.Result != port.Refused {
		t.Errorf("%+v", a)
	}
}
