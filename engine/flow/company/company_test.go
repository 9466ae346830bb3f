package company

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func act(event string, m proto.Message) flowtest.Act {
	return flowtest.Act{Name: event, Command: flow.Command{Event: event, Actor: "company", Body: flow.Bytes(m)}}
}

var tariff = &flowv1.Tariff{Percent: "3.5", Minimum: "30"}

func spec() flowtest.Spec {
	later := act(SetTariff, &flowv1.CompanySetTariff{Tariff: &flowv1.Tariff{From: "2026-04-01", Percent: "2"}})
	return flowtest.Spec{
		Flow: it, ID: "c1", Day: "2026-03-02", Tells: []string{tellRegistration, openClosing}, Attempts: 1, Acts: []flowtest.Act{
			act(Register, &flowv1.CompanyRegister{ProfileVersion: 1, Registration: "r1"}),
			act(Accept, &flowv1.CompanyAccept{Tariff: tariff, DepositRequired: "1000.00"}),
			act(Deposit, &flowv1.CompanyDeposit{CompanyId: "c1", LineId: "l1", Amount: "400.00"}),
			act(Deposit, &flowv1.CompanyDeposit{CompanyId: "c1", LineId: "l2", Amount: "600.00"}),
			act(SetProfile, &flowv1.CompanySetProfile{ProfileVersion: 2}), later,
			act(SetLimits, &flowv1.CompanySetLimits{Limits: []*flowv1.PaymentLimit{firmDay("100000")}}),
		},
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "company.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	s := spec()
	s.Acts = append(s.Acts, act(Deposit, &flowv1.CompanyDeposit{CompanyId: "c1", LineId: "l3", Amount: "1.00"}))
	flowtest.Covered(t, it, flowtest.Explore(t, s))
}

func TestDepositOpensTheAccount(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]int{"after the terms": {0, 1, 2, 2, 3}, "before the terms": {0, 3, 2, 2, 1}} {
		s := spec()
		w := flowtest.NewWorld(&s)
		for i, n := range order {
			if w.View.State == Active {
				t.Errorf("%s: active after %d steps", name, i)
			}
			if _, refusal, err := w.Do(s.Acts[n]); refusal != nil || err != nil {
				t.Fatal(name, refusal, err)
			}
		}
		d := flow.ReadData(w.View, &flowv1.CompanyData{})
		if w.View.State != Active || d.Deposit != "1000.00" || len(d.DepositLines) != 2 || d.ActiveDay != "2026-03-02" {
			t.Errorf("%s: %s %v", name, w.View.State, d)
		}
	}
}

func TestTariffsAreDated(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	for _, n := range []int{0, 1, 5} {
		if _, refusal, err := w.Do(s.Acts[n]); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
	}
	d := flow.ReadData(w.View, &flowv1.CompanyData{})
	for day, want := range map[string]string{"2026-03-01": "", "2026-03-02": "3.5", "2026-03-31": "3.5", "2026-04-01": "2", "2030-01-01": "2"} {
		if got := TariffOn(d, day, 0); got.GetPercent() != want {
			t.Errorf("on %s %v, want %s", day, got, want)
		}
	}
	if d.Tariffs[0].Minimum != "30.00" {
		t.Errorf("minimum %s", d.Tariffs[0].Minimum)
	}
	now := act(SetTariff, &flowv1.CompanySetTariff{Tariff: &flowv1.Tariff{Percent: "4"}})
	if _, refusal, err := w.Do(now); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	if d := flow.ReadData(w.View, &flowv1.CompanyData{}); len(d.Tariffs) != 1 || d.Tariffs[0].Percent != "4" {
		t.Errorf("a tariff from today leaves %v", d.Tariffs)
	}
}

// A tariff may charge kinds of employment otherwise: each in place of the whole, minimum and all.
func TestTariffsOfKinds(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	set := &flowv1.Tariff{Percent: "3.5", Minimum: "30", Kinds: []*flowv1.KindCharge{
		{Kind: entrepreneur, Percent: "1"}, {Kind: civilContract, Percent: "5", Minimum: "50"},
	}}
	for _, a := range []flowtest.Act{s.Acts[0], act(Accept, &flowv1.CompanyAccept{Tariff: set, DepositRequired: "0"})} {
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
	}
	d := flow.ReadData(w.View, &flowv1.CompanyData{})
	for kind, want := range map[flowv1.EmploymentKind]*flowv1.Tariff{
		selfEmployed:  {From: "2026-03-02", Percent: "3.5", Minimum: "30.00"},
		civilContract: {From: "2026-03-02", Percent: "5", Minimum: "50.00"},
		entrepreneur:  {From: "2026-03-02", Percent: "1"},
		0:             {From: "2026-03-02", Percent: "3.5", Minimum: "30.00"}, // not known yet
	} {
		if got := TariffOn(d, "2026-03-02", kind); !proto.Equal(got, want) {
			t.Errorf("%v is charged %v, want %v", kind, got, want)
		}
	}
	if TariffOn(d, "2026-03-01", selfEmployed) != nil {
		t.Error("a tariff before the first")
	}
	if whole := WholeTariff(d, "2026-03-02"); len(whole.GetKinds()) != 2 || whole.GetKinds()[0].GetKind() != civilContract {
		t.Errorf("the whole: %v", whole)
	}
	for field, kinds := range map[string][]*flowv1.KindCharge{
		"tariff.kinds[1].employment_kind": {{Kind: civilContract, Percent: "1"}, {Kind: civilContract, Percent: "2"}},
		"tariff.kinds[0].employment_kind": {{Percent: "1"}},
		"tariff.kinds[0].percent":         {{Kind: civilContract}},
		"tariff.kinds[1].minimum":         {{Kind: civilContract, Percent: "1"}, {Kind: entrepreneur, Percent: "1", Minimum: "-1.00"}},
	} {
		_, refusal, _ := w.Do(act(SetTariff, &flowv1.CompanySetTariff{Tariff: &flowv1.Tariff{Percent: "1", Kinds: kinds}}))
		if refusal == nil || refusal.Field != field {
			t.Errorf("%s: %v", field, refusal)
		}
	}
	_, refusal, _ := w.Do(act(SetTariff, &flowv1.CompanySetTariff{Tariff: &flowv1.Tariff{Percent: "1", Kinds: []*flowv1.KindCharge{{Kind: 99, Percent: "1"}}}}))
	if refusal == nil || refusal.Code != fault.Malformed {
		t.Errorf("a kind that nobody knows: %v", refusal)
	}
}

const (
	selfEmployed  = flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED
	civilContract = flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT
	entrepreneur  = flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	try := func(a flowtest.Act, code fault.Code, field string) {
		t.Helper()
		_, refusal, _ := w.Do(a)
		if refusal == nil || refusal.Code != code || refusal.Field != field {
			t.Errorf("%s: %v, want %s of %s", a.Name, refusal, code, field)
		}
	}
	try(s.Acts[1], fault.NotFound, "id")
	try(act(Register, &flowv1.CompanyRegister{}), fault.WrongState, "profile_version")
	if _, refusal, err := w.Do(s.Acts[0]); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	try(s.Acts[0], fault.AlreadyExists, "id")
	try(act(Accept, &flowv1.CompanyAccept{DepositRequired: "1.00"}), fault.Malformed, "tariff")
	try(act(Accept, &flowv1.CompanyAccept{Tariff: tariff, DepositRequired: "1.001"}), fault.AmountInvalid, "deposit_required")
	try(act(Accept, &flowv1.CompanyAccept{Tariff: &flowv1.Tariff{Percent: "-1"}, DepositRequired: "1.00"}), fault.AmountInvalid, "tariff.percent")
	try(act(Accept, &flowv1.CompanyAccept{Tariff: &flowv1.Tariff{Percent: "1", Minimum: "x"}, DepositRequired: "1.00"}), fault.AmountInvalid, "tariff.minimum")
	try(act(Accept, &flowv1.CompanyAccept{Tariff: &flowv1.Tariff{Percent: "1", From: "2026-03-01"}, DepositRequired: "1.00"}), fault.Malformed, "tariff.from")
	try(act(SetTariff, &flowv1.CompanySetTariff{Tariff: tariff}), fault.WrongState, "event")
	try(act(Deposit, &flowv1.CompanyDeposit{LineId: "l1", Amount: "0.00"}), fault.AmountInvalid, "amount")
	try(act(Deposit, &flowv1.CompanyDeposit{LineId: "l1", Amount: "1.00", CompanyId: "c2"}), fault.Malformed, "company_id")
	try(act(Deposit, &flowv1.CompanyDeposit{Amount: "1.00"}), fault.Malformed, "line_id")
	try(act(depositFull, &flowv1.CompanyDeposit{}), fault.WrongState, "event")
}

func firmDay(most string) *flowv1.PaymentLimit {
	return &flowv1.PaymentLimit{Scope: flowv1.LimitScope_LIMIT_SCOPE_COMPANY_DAY, Most: most}
}

func TestLimitsAreDatedAndHaveAnAuthor(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	later := &flowv1.CompanySetLimits{From: "2026-04-01"}
	for _, a := range []flowtest.Act{s.Acts[0], s.Acts[1], s.Acts[6], act(SetLimits, later)} {
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
	}
	d := flow.ReadData(w.View, &flowv1.CompanyData{})
	for day, want := range map[string]int{"2026-03-01": 0, "2026-03-02": 1, "2026-03-31": 1, "2026-04-01": 0} {
		if got := LimitsOn(d, day); len(got) != want || want > 0 && (got[0].Most != "100000.00" || got[0].Setter != flowv1.LimitSetter_LIMIT_SETTER_COMPANY) {
			t.Errorf("on %s %v", day, got)
		}
	}
	if len(d.Limits) != 2 || d.Limits[0].Author != "company" || d.Limits[0].From != "2026-03-02" {
		t.Errorf("%v", d.Limits)
	}
	person := &flowv1.PaymentLimit{Scope: flowv1.LimitScope_LIMIT_SCOPE_COUNTERPARTY_DAY, Count: 3}
	for name, tc := range map[string]struct {
		set   *flowv1.CompanySetLimits
		code  fault.Code
		field string
	}{
		"yesterday":            {&flowv1.CompanySetLimits{From: "2026-03-01"}, fault.Malformed, "from"},
		"no day":               {&flowv1.CompanySetLimits{From: "soon"}, fault.Malformed, "from"},
		"no scope":             {&flowv1.CompanySetLimits{Limits: []*flowv1.PaymentLimit{{Most: "1.00"}}}, fault.Malformed, "limits[0].scope"},
		"nothing limited":      {&flowv1.CompanySetLimits{Limits: []*flowv1.PaymentLimit{person, firmDay("")}}, fault.Malformed, "limits[1].most"},
		"zero":                 {&flowv1.CompanySetLimits{Limits: []*flowv1.PaymentLimit{firmDay("0.00")}}, fault.AmountInvalid, "limits[0].most"},
		"three places":         {&flowv1.CompanySetLimits{Limits: []*flowv1.PaymentLimit{firmDay("1.001")}}, fault.AmountInvalid, "limits[0].most"},
		"twice":                {&flowv1.CompanySetLimits{Limits: []*flowv1.PaymentLimit{firmDay("1.00"), firmDay("2.00")}}, fault.Malformed, "limits[1].scope"},
		"count of one payment": {&flowv1.CompanySetLimits{Limits: []*flowv1.PaymentLimit{{Scope: flowv1.LimitScope_LIMIT_SCOPE_PAYMENT, Count: 1}}}, fault.Malformed, "limits[0].count"},
		"least of a day":       {&flowv1.CompanySetLimits{Limits: []*flowv1.PaymentLimit{{Scope: firmDay("").Scope, Least: "1.00"}}}, fault.Malformed, "limits[0].least"},
		"least above most":     {&flowv1.CompanySetLimits{Limits: []*flowv1.PaymentLimit{{Scope: flowv1.LimitScope_LIMIT_SCOPE_PAYMENT, Least: "2.00", Most: "1.00"}}}, fault.AmountInvalid, "limits[0].least"},
	} {
		if _, refusal, _ := w.Do(act(SetLimits, tc.set)); refusal == nil || refusal.Code != tc.code || refusal.Field != tc.field {
			t.Errorf("%s: %v, want %s of %s", name, refusal, tc.code, tc.field)
		}
	}
}
