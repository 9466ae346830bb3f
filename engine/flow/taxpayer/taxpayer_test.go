package taxpayer

import (
	"math/big"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

const (
	selfEmployed  = flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED
	civilContract = flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT
	entrepreneur  = flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR
	held          = flowv1.YearStage_YEAR_STAGE_HELD
	taken         = flowv1.YearStage_YEAR_STAGE_TAKEN
	registered    = flowv1.YearStage_YEAR_STAGE_REGISTERED
)

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "taxpayer.md", it)
}

// person is a taxpayer between commands, and how often the tax service was asked about him.
type person struct {
	view  flow.View
	asked int
}

func newPerson() *person {
	return &person{view: flow.View{
		Book: "main", ID: "e1", State: machine.New, Day: "2026-03-02", Clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Attempts: map[string]uint32{},
	}}
}

// take goes on after a move.
func (p *person) take(m flow.Move) {
	p.view.State, p.view.Data = m.To, m.Data
	for _, e := range m.Effects {
		if p.asked++; !e.Repeat {
			p.view.Attempts[e.Ask] = e.Number
		}
	}
}

// change asks for one change; a refusal must leave the person as it was.
func (p *person) change(c *flowv1.TaxpayerChange) (*flowv1.TaxpayerAnswer, *fault.Refusal) {
	m, refusal := it.Step(p.view, flow.Command{Event: Change, Actor: "effect", Body: flow.Bytes(c)})
	if refusal != nil {
		return nil, refusal
	}
	p.take(m)
	return Answer(m.Data), nil
}

func (p *person) data() *flowv1.TaxpayerData { return flow.ReadData(p.view, &flowv1.TaxpayerData{}) }

func ask(stage flowv1.YearStage, kind flowv1.EmploymentKind, day, gross string) *flowv1.YearQuestion {
	return &flowv1.YearQuestion{Stage: stage, Kind: kind, Day: day, Gross: gross}
}

// TestNDFLAcrossTasks is the example: 300,000 on 2,300,000 withholds 43,000.
func TestNDFLAcrossTasks(t *testing.T) {
	t.Parallel()
	p := newPerson()
	first, refusal := p.change(&flowv1.TaxpayerChange{Question: ask(taken, civilContract, "2026-03-02", "2300000.00")})
	if refusal != nil || first.Share.Tax != "299000.00" || first.Share.Contributions != "690000.00" {
		t.Fatal(first, refusal)
	}
	second, _ := p.change(&flowv1.TaxpayerChange{Question: ask(taken, civilContract, "2026-04-02", "300000.00")})
	if second.Share.Tax != "43000.00" || second.Share.BaseBefore != "2300000.00" || second.Share.WithheldBefore != "299000.00" {
		t.Errorf("%+v", second.Share)
	}
	if _, refusal := p.change(&flowv1.TaxpayerChange{Was: second.Share}); refusal != nil {
		t.Fatal(refusal)
	}
	again, _ := p.change(&flowv1.TaxpayerChange{Question: ask(taken, civilContract, "2027-01-01", "300000.00")})
	if again != nil {
		t.Errorf("2027 has no contributions yet: %+v", again)
	}
	abroad := ask(taken, civilContract, "2026-05-02", "1000.00")
	abroad.Nonresident = true
	if a, _ := p.change(&flowv1.TaxpayerChange{Question: abroad}); a.Share.Tax != "300.00" {
		t.Errorf("a non-resident's year is his own: %+v", a.Share)
	}
}

func TestCapIsRefusedWithWhatIsFree(t *testing.T) {
	t.Parallel()
	p := newPerson()
	a, refusal := p.change(&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, "2026-12-20", "2300000.00")})
	if refusal != nil || a.Free != "100000.00" {
		t.Fatal(a, refusal)
	}
	before := string(p.view.Data)
	_, refusal = p.change(&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, "2026-12-21", "100000.01")})
	if refusal == nil || refusal.Code != fault.IncomeCap || refusal.Facts[FactFree] != "100000.00" || refusal.Facts[FactYear] != "2026" {
		t.Fatalf("%v %v", refusal, refusal.Facts)
	}
	if string(p.view.Data) != before {
		t.Error("a refusal changed the year")
	}
	if exact, refusal := p.change(&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, "2026-12-21", "100000.00")}); refusal != nil || exact.Free != "0.00" {
		t.Errorf("the cap itself is within it: %v %v", exact, refusal)
	}
	// Paid in January: what was held in 2026 moves into 2027.
	moved, refusal := p.change(&flowv1.TaxpayerChange{Was: a.Share, Question: ask(taken, selfEmployed, "2027-01-11", "2300000.00")})
	if refusal != nil || moved.Share.Year != 2027 || moved.Free != "100000.00" || p.data().Years[0].Reserved != "100000.00" {
		t.Errorf("%v %v %v", moved, refusal, p.data())
	}
}

func TestBonusIsCountedOnOnce(t *testing.T) {
	t.Parallel()
	p := newPerson()
	q := ask(taken, selfEmployed, "2026-03-02", "100.00")
	silent, _ := p.change(&flowv1.TaxpayerChange{Question: q})
	if silent.Share.Tax != "6.00" {
		t.Fatalf("nobody spoke of a bonus: %+v", silent.Share)
	}
	q.BonusTold, q.BonusAskedAt = "10000.00", "2026-03-02T09:00:00Z"
	first, _ := p.change(&flowv1.TaxpayerChange{Was: silent.Share, Question: q})
	second, _ := p.change(&flowv1.TaxpayerChange{Question: q})
	if first.Share.Tax != "4.00" || first.Share.BonusBefore != "10000.00" || second.Share.BonusBefore != "9998.00" {
		t.Fatalf("%+v\n%+v", first.Share, second.Share)
	}
	paid := proto.CloneOf(first.Share)
	paid.Stage = registered
	if _, refusal := p.change(&flowv1.TaxpayerChange{Was: first.Share, Now: paid}); refusal != nil {
		t.Fatal(refusal)
	}
	third, _ := p.change(&flowv1.TaxpayerChange{Question: q}) // the service's figure is older than our receipt
	if third.Share.BonusBefore != "9996.00" {
		t.Errorf("%+v", third.Share)
	}
	q.BonusTold = "1.00" // somebody else used it up
	if last, _ := p.change(&flowv1.TaxpayerChange{Was: third.Share, Question: q}); last.Share.Bonus != "" || last.Share.Tax != "6.00" {
		t.Errorf("1.00 is left and 2.00 are counted on already: %+v", last.Share)
	}
}

func TestWhatIsNoShareIsRefused(t *testing.T) {
	t.Parallel()
	p := newPerson()
	share := &flowv1.YearShare{Year: 2026, Kind: selfEmployed, Stage: held, Gross: "1.00"}
	for name, tc := range map[string]struct {
		change *flowv1.TaxpayerChange
		code   fault.Code
	}{
		"both":            {&flowv1.TaxpayerChange{Now: share, Question: ask(held, selfEmployed, "2026-01-01", "1.00")}, fault.Malformed},
		"no stage":        {&flowv1.TaxpayerChange{Now: &flowv1.YearShare{Year: 2026, Kind: selfEmployed, Gross: "1.00"}}, fault.Malformed},
		"no day":          {&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, "", "1.00")}, fault.Malformed},
		"no amount":       {&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, "2026-01-01", "")}, fault.AmountInvalid},
		"registered":      {&flowv1.TaxpayerChange{Question: ask(registered, selfEmployed, "2026-01-01", "1.00")}, fault.Malformed},
		"before the law":  {&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, "2018-01-01", "1.00")}, fault.TaxRuleMissing},
		"no kind":         {&flowv1.TaxpayerChange{Question: ask(taken, 0, "2026-01-01", "1.00")}, fault.TaxRuleMissing},
		"three decimals":  {&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, "2026-01-01", "1.001")}, fault.AmountInvalid},
		"negative amount": {&flowv1.TaxpayerChange{Now: &flowv1.YearShare{Year: 2026, Kind: selfEmployed, Stage: held, Gross: "-1.00"}}, fault.AmountInvalid},
	} {
		if a, refusal := p.change(tc.change); refusal == nil || refusal.Code != tc.code {
			t.Errorf("%s: %v %v", name, a, refusal)
		}
	}
	if _, refusal := it.Step(p.view, flow.Command{Event: Change, Body: []byte("\xff")}); refusal == nil {
		t.Error("garbage passed")
	}
}

// TestWhatIsToldOvertakes: a task takes its share out before it is heard that it put it in.
// Nobody gets more room meanwhile than the law gives, and in the end nothing is left.
func TestWhatIsToldOvertakes(t *testing.T) {
	t.Parallel()
	p := newPerson()
	share := &flowv1.YearShare{Year: 2026, Kind: selfEmployed, Stage: registered, Gross: "100.00", Bonus: "2.00"}
	first, refusal := p.change(&flowv1.TaxpayerChange{Was: share})
	if refusal != nil || first.Free != "2400000.00" {
		t.Fatal(first, refusal)
	}
	if _, refusal := p.change(&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, "2026-03-02", "2400000.01")}); refusal == nil || refusal.Facts[FactFree] != "2400000.00" {
		t.Errorf("more than the cap: %v", refusal)
	}
	if y := YearOf(p.data(), 2026); !y.Registered.IsZero() {
		t.Errorf("%s are registered", y.Registered)
	}
	if last, refusal := p.change(&flowv1.TaxpayerChange{Now: share}); refusal != nil || last.Free != "2400000.00" {
		t.Error(last, refusal)
	}
	if y := p.data().Years[0]; y.Registered != "" || p.data().BonusUsed != "" {
		t.Errorf("%v", p.data())
	}
}

// TestTotalsAreTheSumOfTheShares moves many tasks through the years in any order; a
// second model adds the shares up anew after every change.
func TestTotalsAreTheSumOfTheShares(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p, shares := newPerson(), map[int]*flowv1.YearShare{}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			task := rapid.IntRange(0, 5).Draw(rt, "task")
			c := &flowv1.TaxpayerChange{Was: shares[task]}
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0: // called off
			case 1:
				if s := shares[task]; s != nil {
					c.Now = proto.CloneOf(s)
					c.Now.Stage = registered
				}
			default:
				c.Question = &flowv1.YearQuestion{
					Stage: rapid.SampledFrom([]flowv1.YearStage{held, taken}).Draw(rt, "stage"),
					Kind:  rapid.SampledFrom([]flowv1.EmploymentKind{selfEmployed, civilContract, entrepreneur}).Draw(rt, "kind"),
					Day:   rapid.SampledFrom([]string{"2025-12-31", "2026-01-01", "2026-07-01"}).Draw(rt, "day"),
					Gross: kopecks(rapid.Int64Range(1, 150_000_000).Draw(rt, "gross")), Nonresident: rapid.Bool().Draw(rt, "abroad"),
					BonusTold: rapid.SampledFrom([]string{"", "10000.00", "500.00"}).Draw(rt, "bonus"), BonusAskedAt: "2026-03-02T09:00:00Z",
				}
			}
			a, refusal := p.change(c)
			if refusal == nil {
				shares[task] = a.Share
			} else if refusal.Code != fault.IncomeCap {
				rt.Fatal(refusal)
			}
			compare(rt, p.data(), shares)
		}
		for _, s := range shares {
			if _, refusal := p.change(&flowv1.TaxpayerChange{Was: s}); s != nil && refusal != nil {
				rt.Fatal(refusal)
			}
		}
		compare(rt, p.data(), nil)
	})
}

func kopecks(n int64) string { return big.NewRat(n, 100).FloatString(2) }

// compare adds up what the shares say, kind by kind, and compares the totals.
func compare(rt *rapid.T, d *flowv1.TaxpayerData, shares map[int]*flowv1.YearShare) {
	want := map[string]*big.Rat{}
	add := func(name, amount string) {
		if amount == "" {
			return
		}
		if want[name] == nil {
			want[name] = new(big.Rat)
		}
		r, _ := new(big.Rat).SetString(amount)
		want[name].Add(want[name], r)
	}
	for _, s := range shares {
		year := lastDay(s.GetYear())[:4]
		switch {
		case s == nil:
		case s.Kind == selfEmployed && s.Stage == registered:
			add(year+" registered", s.Gross)
			add("bonus used", s.Bonus)
		case s.Kind == selfEmployed:
			add(year+" reserved", s.Gross)
			add("bonus taken", s.BonusMost)
		case s.Stage != held:
			status := " resident"
			if s.Nonresident {
				status = " abroad"
			}
			add(year+status, s.Gross)
			add(year+status+" withheld", s.Tax)
			add(year+" insured", s.Gross)
			add(year+" contributions", s.Contributions)
		}
	}
	got := map[string]string{"bonus used": d.BonusUsed, "bonus taken": d.BonusTaken}
	for _, y := range d.Years {
		year := lastDay(y.Year)[:4]
		for name, amount := range map[string]string{
			" reserved": y.Reserved, " registered": y.Registered, " resident": y.ResidentBase, " resident withheld": y.ResidentWithheld,
			" abroad": y.NonresidentBase, " abroad withheld": y.NonresidentWithheld, " insured": y.Insured, " contributions": y.Contributions,
		} {
			got[year+name] = amount
		}
		if total := new(big.Rat).Add(rat(y.Reserved), rat(y.Registered)); total.Cmp(rat("2400000")) > 0 {
			rt.Fatalf("%d has %s, above the cap", y.Year, total.FloatString(2))
		}
	}
	for name, amount := range got {
		if rat(amount).Cmp(sumOf(want, name)) != 0 {
			rt.Fatalf("%s is %q, the shares say %s", name, amount, sumOf(want, name).FloatString(2))
		}
		delete(want, name)
	}
	for name, amount := range want {
		if amount.Sign() != 0 {
			rt.Fatalf("%s of %s is nowhere", name, amount.FloatString(2))
		}
	}
}

func sumOf(all map[string]*big.Rat, name string) *big.Rat {
	if r := all[name]; r != nil {
		return r
	}
	return new(big.Rat)
}

func rat(amount string) *big.Rat {
	r := new(big.Rat)
	if amount != "" {
		r.SetString(amount)
	}
	return r
}
