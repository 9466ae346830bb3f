package limit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "limit.md", it)
}

// company is what is counted of a company between commands.
type company struct{ view flow.View }

func (c *company) change(b *flowv1.LimitChange) (*flowv1.LimitAnswer, *fault.Refusal) {
	m, refusal := it.Step(c.view, flow.Command{Event: Change, Actor: "effect", Body: flow.Bytes(b)})
	if refusal != nil {
		return nil, refusal
	}
	c.view.State, c.view.Data = m.To, m.Data
	return Answer(m.Data), nil
}

// payment is one of the naive model: a line in a list.
type payment struct {
	count *flowv1.PaymentCount
	gone  bool // refused or come back
}

// naive adds up the list of payments from the beginning: kopecks and how many.
func naive(all []*payment, l *flowv1.PaymentLimit, day string) (sum int64, n int) {
	for _, p := range all {
		same := p.count.Day == day || l.Scope == ofFirmMonth && strings.HasPrefix(p.count.Day, day[:7])
		if !p.gone && same && (l.Way == anyWay || l.Way == p.count.Way) {
			sum, n = sum+kopecks(p.count.Amount), n+1
		}
	}
	return sum, n
}

func kopecks(text string) int64 {
	var rubles, rest int64
	if _, err := fmt.Sscanf(text, "%d.%d", &rubles, &rest); err != nil {
		panic(err)
	}
	return rubles*100 + rest
}

// TestNoQuestionPassesALimit: payments of several days, refused, come back and gone out after all in any
// order, under random limits, against a list that is added up anew each time: what fits is let pass, what
// does not is not, and what is free is said to the kopeck.
func TestNoQuestionPassesALimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		clock := time.Date(2026, 1, 29, 9, 0, 0, 0, time.UTC)
		c := &company{flow.View{Book: "main", ID: "c1", State: machine.New}}
		limits := []*flowv1.PaymentLimit{
			{Scope: ofFirmDay, Most: rapid.SampledFrom([]string{"", "100.00", "300.00"}).Draw(rt, "day"), Count: rapid.Uint32Range(1, 6).Draw(rt, "count")},
			{Scope: ofFirmMonth, Way: ways["sbp"], Most: rapid.SampledFrom([]string{"150.00", "700.00"}).Draw(rt, "sbp")},
			{Scope: ofFirmMonth, Most: "900.00"},
		}
		var all []*payment
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			c.view.Clock, c.view.Day = clock, clock.Format(time.DateOnly)
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0:
				clock = clock.AddDate(0, 0, rapid.IntRange(0, 2).Draw(rt, "days"))
			case 1, 2:
				if p := c.ask(rt, all, limits); p != nil {
					all = append(all, p)
				}
			default: // the bank says another word of an older one
				if len(all) == 0 {
					continue
				}
				p, b := rapid.SampledFrom(all).Draw(rt, "payment"), &flowv1.LimitChange{}
				if p.gone {
					b.CountsNow = []*flowv1.PaymentCount{p.count}
				} else {
					b.CountsWas = []*flowv1.PaymentCount{p.count}
				}
				if p.gone = !p.gone; true {
					if _, refusal := c.change(b); refusal != nil {
						rt.Fatal("a fact is refused: ", refusal)
					}
				}
			}
		}
		var was []*flowv1.PaymentCount
		for _, p := range all {
			if !p.gone {
				was = append(was, p.count)
			}
		}
		if _, refusal := c.change(&flowv1.LimitChange{CountsWas: was}); refusal != nil {
			rt.Fatal(refusal)
		}
		if left := flow.ReadData(c.view, &flowv1.LimitData{}).Paid; len(all) > 0 && len(was) > 0 && len(left) != 0 {
			rt.Fatalf("everything was taken out, and there is %v", left)
		}
	})
}

// ask asks about a payment and compares the answer with the naive model; nil is refused.
func (c *company) ask(rt *rapid.T, all []*payment, limits []*flowv1.PaymentLimit) *payment {
	count := &flowv1.PaymentCount{
		Day: c.view.Day, Way: ways[rapid.SampledFrom([]string{"account", "sbp"}).Draw(rt, "way")], CompanyId: "c1",
		Amount: money.RUB.Format(money.New(rapid.Int64Range(1, 250_00).Draw(rt, "kopecks"), 2)),
	}
	q := &flowv1.PaymentQuestion{Count: count}
	fits := true
	for _, l := range limits {
		if l.Way != anyWay && l.Way != count.Way {
			continue
		}
		q.Limits = append(q.Limits, l)
		sum, n := naive(all, l, c.view.Day)
		fits = fits && (l.Most == "" || sum+kopecks(count.Amount) <= kopecks(l.Most)) && (l.Count == 0 || n < int(l.Count))
	}
	before := string(c.view.Data)
	answer, refusal := c.change(&flowv1.LimitChange{Question: q})
	if (refusal == nil) != fits {
		rt.Fatalf("%v: refused %v, the model says that it fits: %t", q, refusal, fits)
	}
	if refusal == nil {
		if !proto.Equal(answer.Count, count) {
			rt.Fatalf("counted %v", answer.Count)
		}
		return &payment{count: count}
	}
	short := ShortOf(refusal)
	sum, n := naive(all, short.Limit, c.view.Day)
	if free := max(kopecks(cmpOr(short.Limit.Most, "0.00"))-sum, 0); short.Limit.Most != "" && kopecks(short.Free) != free || int(short.FreeCount) != max(int(short.Limit.Count)-n, 0) {
		rt.Fatalf("%v, of %d kopecks and %d payments", short, sum, n)
	}
	never := short.Limit.Most != "" && kopecks(count.Amount) > kopecks(short.Limit.Most)
	if never != (refusal.Code == fault.PayoutLimit) || string(c.view.Data) != before {
		rt.Fatalf("%s of %s", refusal.Code, count.Amount)
	}
	return nil
}

func cmpOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func TestTheTable(t *testing.T) {
	t.Parallel()
	sbp, account := ways["sbp"], ways["account"]
	if got := InForce(account, "2026-03-02", nil); len(got) != 0 {
		t.Errorf("a payroll to accounts has limits: %v", got)
	}
	if got := InForce(sbp, "2026-03-02", nil); len(got) != 1 || got[0].Least != "1.00" || got[0].Most != "500000.00" {
		t.Errorf("%v", got)
	}
	if got := InForce(sbp, "2023-12-31", nil); len(got) != 0 {
		t.Errorf("before its first day: %v", got)
	}
	house := House{row(t, "2026-01-01", "2026-06-30", "sbp", "payment", "", "1000000.00", ""), row(t, "2026-01-01", "", "any", "company day", "", "100000.00", "3")}
	own := []*flowv1.PaymentLimit{{Setter: byFirm, Scope: ofFirmDay, Most: "5.00"}}
	for day, want := range map[string][]string{
		"2026-03-02": {"1000000.00", "100000.00", "5.00"}, // the house's row in the place of the table's, the company's beside the house's
		"2026-07-01": {"500000.00", "100000.00", "5.00"},
		"2025-12-31": {"500000.00", "5.00"},
	} {
		var got []string
		for _, l := range InForce(sbp, day, house.Stamp(own, day)) {
			got = append(got, l.Most)
		}
		if !slices.Equal(got, want) {
			t.Errorf("on %s %v, want %v", day, got, want)
		}
	}
	ahead := []Row{row(t, "2026-05-01", "", "any", "payment", "", "10.00", "")}
	anything := func(*flowv1.PaymentLimit) bool { return true }
	if standing(ahead, "2026-04-30", nil, anything) != nil || len(standing(ahead, "2026-05-01", nil, anything)) != 1 {
		t.Error("a row dated ahead takes effect on its day")
	}
}

func row(t *testing.T, cells ...string) Row {
	t.Helper()
	r, err := NewRow(cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6])
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWrongRows(t *testing.T) {
	t.Parallel()
	for name, cells := range map[string][7]string{
		"no day":         {"", "", "any", "payment", "", "1.00", ""},
		"no such day":    {"2026-02-30", "", "any", "payment", "", "1.00", ""},
		"ends before":    {"2026-02-02", "2026-02-01", "any", "payment", "", "1.00", ""},
		"way":            {"2026-01-01", "", "pigeon", "payment", "", "1.00", ""},
		"scope":          {"2026-01-01", "", "any", "company year", "", "1.00", ""},
		"nothing":        {"2026-01-01", "", "any", "company day", "", "", ""},
		"count 0":        {"2026-01-01", "", "any", "company day", "", "", "0"},
		"count of one":   {"2026-01-01", "", "any", "payment", "", "", "3"},
		"least of a day": {"2026-01-01", "", "any", "company day", "1.00", "", ""},
		"below zero":     {"2026-01-01", "", "any", "company day", "", "-1.00", ""},
		"upside down":    {"2026-01-01", "", "any", "payment", "2.00", "1.00", ""},
	} {
		if r, err := NewRow(cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6]); err == nil {
			t.Errorf("%s passed: %v", name, r)
		}
	}
	a, b := row(t, "2026-01-01", "2026-06-30", "any", "payment", "", "1.00", ""), row(t, "2026-06-30", "", "any", "payment", "", "2.00", "")
	if Distinct([]Row{a, b}) == nil {
		t.Error("two rows hold on 30 June")
	}
	if b.From = "2026-07-01"; Distinct([]Row{a, b}) != nil {
		t.Error("one follows the other")
	}
	head, _, _ := strings.Cut(document, "| 2024-01-01")
	if _, err := parse(head + "| 2024-01-01 | — | sbp | payment | 1.00 | — | — | — | no source |\n"); err == nil {
		t.Error("a row without a source passed")
	}
}

// TestPayment: the table alone, as the port of the bank asks it.
func TestPayment(t *testing.T) {
	t.Parallel()
	sbp := port.Payment{To: port.Requisites{SBP: port.SBP{Phone: "+79150000001"}}}
	for amount, ok := range map[string]bool{"0.99": false, "1.00": true, "500000.00": true, "500000.01": false} {
		sbp.Amount = money.MustParse(amount)
		refusal := Payment(sbp, "2026-03-02")
		if (refusal == nil) != ok || !ok && refusal.Code != fault.PayoutLimit {
			t.Errorf("%s: %v", amount, refusal)
		}
	}
	if refusal := Payment(port.Payment{Amount: money.MustParse("900000000.00")}, "2026-03-02"); refusal != nil {
		t.Errorf("an account takes every sum: %v", refusal)
	}
}

// TestAPersonsLimits: the house's counts all companies, a company's own its payments alone; the
// month is waited for before the day.
func TestAPersonsLimits(t *testing.T) {
	t.Parallel()
	count := func(company, amount string) *flowv1.PaymentCount {
		return &flowv1.PaymentCount{Day: "2026-03-02", Way: ways["account"], CompanyId: company, Amount: amount}
	}
	paid, refusal := Paid(nil).Change(nil, []*flowv1.PaymentCount{count("c1", "60.00"), count("c2", "30.00")}, "2026-03-02")
	if refusal != nil {
		t.Fatal(refusal)
	}
	house, own := &flowv1.PaymentLimit{Setter: byHouse, Scope: ofPersonDay, Most: "100.00"}, &flowv1.PaymentLimit{Setter: byFirm, Scope: ofPersonDay, Most: "50.00"}
	month := &flowv1.PaymentLimit{Scope: ofPersonMonth, Most: "100.00"}
	for name, tc := range map[string]struct {
		limits []*flowv1.PaymentLimit
		amount string
		free   string
		by     *flowv1.PaymentLimit
	}{
		"all of it":              {[]*flowv1.PaymentLimit{house}, "10.00", "", nil},
		"all companies together": {[]*flowv1.PaymentLimit{house}, "10.01", "10.00", house},
		"its own alone":          {[]*flowv1.PaymentLimit{own}, "20.00", "", nil},
		"more of its own":        {[]*flowv1.PaymentLimit{own}, "20.01", "20.00", own},
		"month before day":       {[]*flowv1.PaymentLimit{house, month}, "40.00", "10.00", month},
		"never before month":     {[]*flowv1.PaymentLimit{month, own}, "60.00", "20.00", own},
	} {
		s := paid.Short(&flowv1.PaymentQuestion{Count: count("c2", tc.amount), Limits: tc.limits})
		if s.GetLimit() != tc.by || s.GetFree() != tc.free {
			t.Errorf("%s: %v", name, s)
		}
	}
}

// TestOldPeriodsGo: what can stop nothing any more is not kept, and what is told of it changes nothing.
func TestOldPeriodsGo(t *testing.T) {
	t.Parallel()
	old := &flowv1.PaymentCount{Day: "2026-01-31", CompanyId: "c1", Amount: "1.00"}
	for day, want := range map[string]int{"2026-01-31": 2, "2026-02-01": 2, "2026-02-02": 1, "2026-03-01": 0} {
		paid, _ := Paid(nil).Change(nil, []*flowv1.PaymentCount{old}, "2026-01-31")
		fresh := &flowv1.PaymentCount{Day: day, CompanyId: "c2", Amount: "1.00"}
		paid, _ = paid.Change(nil, []*flowv1.PaymentCount{fresh}, day)
		if paid, _ = paid.Change([]*flowv1.PaymentCount{fresh}, nil, day); len(paid) != want {
			t.Errorf("on %s %v is kept", day, paid)
		}
		if paid, _ = paid.Change([]*flowv1.PaymentCount{old}, nil, day); len(paid) != 0 {
			t.Errorf("on %s %v is left", day, paid)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]*flowv1.LimitShort{
		"лимит одного платежа по СБП: не меньше 1.00 ₽, не больше 500000.00 ₽":                                            {Limit: InForce(ways["sbp"], "2026-03-02", nil)[0]},
		"лимит выплат компании за день (условия компании): не больше 5.00 ₽, свободно 0.50 ₽":                             {Limit: &flowv1.PaymentLimit{Setter: byFirm, Scope: ofFirmDay, Most: "5.00"}, Free: "0.50"},
		"лимит выплат одному исполнителю за месяц на карту (договор с банком): платежей не больше 3, свободно платежей 0": {Limit: &flowv1.PaymentLimit{Setter: byHouse, Way: ways["card"], Scope: ofPersonMonth, Count: 3}},
	} {
		if got := Words(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		back := ShortOf(Refuse(s, money.MustParse("1.00")))
		if !proto.Equal(back, s) {
			t.Errorf("the refusal says %v of %v", back, s)
		}
	}
}
