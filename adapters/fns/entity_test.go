package fns

import (
	"testing"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
)

var _ port.Entities = (*Adapter)(nil)

func TestEntity(t *testing.T) {
	t.Parallel()
	inn := requisite.ExampleINN
	adapter, _, url := service(t, sandbox.Options{Entities: []sandbox.Entity{
		{INN: inn(1), OGRN: "1027700132195", Name: " ООО «Ромашка» ", Address: "Москва"},
		{INN: inn(2), OGRN: "1027700132195", Name: "ООО «Была»", TerminationDate: "2025-12-31"},
		{INN: inn(3), OGRN: "1027700132195", Name: "ООО «Недействительна»", InvalidationDate: "2025-12-31"},
		{INN: inn(4), OGRN: "1027700132195"},
	}}, nil)
	for n, want := range map[uint64]struct {
		result port.Result
		code   fault.Code
	}{
		1: {port.Done, ""}, 2: {port.Refused, fault.CompanyTerminated}, 3: {port.Refused, fault.CompanyTerminated},
		4: {port.Unknown, ""}, // a company without a name: nobody is opened by a guess
		5: {port.Refused, fault.NotFound},
	} {
		e, a := adapter.Entity(t.Context(), inn(n))
		if a.Result != want.result || a.Code != want.code || (e != port.Entity{}) != (n == 1) {
			t.Errorf("company %d: %+v %+v", n, e, a)
		}
		if n == 1 && (e != port.Entity{INN: inn(1), OGRN: "1027700132195", Name: "ООО «Ромашка»", Address: "Москва"}) {
			t.Errorf("%+v", e)
		}
	}
	fake := porttest.Fake{URL: url}
	for name, rule := range map[string]stage.Rule{
		"an error":         {Fault: stage.Error},
		"an internal one":  {Fault: stage.Refuse, Code: "INTERNAL_ERROR"},
		"a wrong question": {Fault: stage.Refuse, Code: "REQUEST_VALIDATION_ERROR"},
		"another word":     {Fault: stage.UnknownStatus, Code: "TAXPAYER_UNREGISTERED"},
		"a foreign status": {Fault: stage.UnknownStatus, Status: "SUSPENDED"},
		"processing":       {Fault: stage.InProgress, Polls: 99},
		"lost":             {Fault: stage.Lost},
	} {
		rule.Op, rule.Posts = "entity", 99
		fake.Script(t, rule)
		if e, a := adapter.Entity(t.Context(), inn(1)); a.Result != port.Unknown || a.Status == "" || e != (port.Entity{}) {
			t.Errorf("%s: %+v %+v", name, e, a)
		}
	}
	fake.Script(t)
	if _, a := adapter.Entity(t.Context(), inn(1)); a.Result != port.Done {
		t.Errorf("afterwards: %+v", a)
	}
}

// TestEntityOfAnother: an answer about another company is no answer.
func TestEntityOfAnother(t *testing.T) {
	t.Parallel()
	asked, told := requisite.ExampleINN(1), requisite.ExampleINN(2)
	adapter, _, _ := service(t, sandbox.Options{Entities: []sandbox.Entity{{INN: asked, Answers: told, Name: "ООО «Другая»", OGRN: "1027700132195"}}}, nil)
	if e, a := adapter.Entity(t.Context(), asked); a.Result != port.Unknown || e != (port.Entity{}) {
		t.Errorf("%+v %+v", e, a)
	}
}
