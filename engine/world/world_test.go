package world

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// people is a reader of invented data; broken makes every read fail.
type people struct {
	payee  port.Requisites
	inn    string
	lacks  string // what nothing is known of
	broken error
	noted  []port.Payment
}

var errBroken = errors.New("the database is gone")

func (p *people) Payee(_ context.Context, _, _ string, version uint32, _ string) (port.Requisites, string, bool, error) {
	return p.payee, title, version == 1, p.broken
}

const title = "Вёрстка\nстраницы"

func (p *people) Sending(_ context.Context, _, _ string, payment port.Payment) error {
	p.noted = append(p.noted, payment)
	return p.broken
}

func (p *people) Sender(context.Context, string, string, uint32) (port.Requisites, string, string, string, bool, error) {
	return p.payee, ours, "17", "2026-03-02", p.payee.AccountNumber != "", p.broken
}

func (p *people) Income(_ context.Context, _, _, company, _ string) (private.Income, error) {
	switch {
	case p.inn == "":
		return private.Income{Lacks: "executor_id"}, p.broken
	case company == "":
		return private.Income{INN: p.inn}, p.broken
	}
	return private.Income{INN: p.inn, CustomerName: "ООО «Ромашка»", CustomerINN: requisite.ExampleINN(1), Service: title, Lacks: p.lacks}, p.broken
}

// world counts what reaches it.
type counting struct {
	payments []port.Payment
	receipts []port.IncomeReceipt
	checks   int
	annulled []string
}

func (c *counting) Pay(_ context.Context, p port.Payment) port.Answer {
	c.payments = append(c.payments, p)
	return port.Answer{Result: port.Done}
}

func (c *counting) Payment(context.Context, string) port.Answer {
	return port.Answer{Result: port.NotFound}
}
func (c *counting) Check(context.Context, string) port.Answer {
	c.checks++
	return port.Answer{Result: port.Done}
}

func (c *counting) Register(_ context.Context, r port.IncomeReceipt) port.Answer {
	c.receipts = append(c.receipts, r)
	return port.Answer{Result: port.Done}
}
func (c *counting) Annul(_ context.Context, inn, receiptID string) port.Answer {
	c.annulled = append(c.annulled, inn+" "+receiptID)
	return port.Answer{Result: port.Done}
}
func (c *counting) Memory() time.Duration { return time.Hour }

var (
	bic  = requisite.ExampleBIC(1)
	ours = requisite.ExampleAccount("40702", bic, 900001)
)

func known() *people {
	return &people{inn: requisite.ExamplePersonINN(1), payee: port.Requisites{
		Name: "Иванов Иван", INN: requisite.ExamplePersonINN(1), BIC: bic, AccountNumber: requisite.ExampleAccount("40817", bic, 1),
	}}
}

const attempt = "0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d"

func ask(verb string, body proto.Message) port.Ask {
	return port.Ask{Attempt: attempt, Verb: verb, Body: flow.Bytes(body), Clock: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
}

func TestPayout(t *testing.T) {
	t.Parallel()
	pay := ask("pay", &flowv1.PayoutAsk{Book: "main", Task: "task-1", ExecutorId: "e", RequisitesVersion: 1, Amount: "94.00"})
	back := ask("return", &flowv1.ReturnAsk{Book: "main", Line: "line-1", Amount: "70.00"})
	tax := &flowv1.RemittanceAsk{Book: "main", Remittance: "ndfl-2026-11-1", Amount: "130.00", Requisites: "enp@2023-01-01"}
	other := proto.CloneOf(tax)
	other.Requisites = "enp@1999-01-01"
	for _, tc := range []struct {
		name   string
		change func(*people)
		ask    port.Ask
		result port.Result
		code   fault.Code
	}{
		{"a tax", func(*people) {}, ask("tax", tax), port.Done, ""},
		{"a tax to nowhere", func(*people) {}, ask("tax", other), port.Refused, fault.TaxRuleMissing},
		{"a tax when the database is gone", func(p *people) { p.broken = errBroken }, ask("tax", tax), port.Unknown, ""},
		{"paid", func(*people) {}, pay, port.Done, ""},
		{"returned", func(*people) {}, back, port.Done, ""},
		{"no such version", func(*people) {}, ask("pay", &flowv1.PayoutAsk{RequisitesVersion: 2, Amount: "1.00"}), port.Refused, fault.RequisitesMissing},
		{"no version", func(*people) {}, ask("pay", &flowv1.PayoutAsk{Amount: "1.00"}), port.Refused, fault.RequisitesMissing},
		{"a wrong account", func(p *people) { p.payee.AccountNumber = ours[:19] + "9" }, pay, port.Refused, fault.RequisitesInvalid},
		{"nobody to return to", func(p *people) { p.payee.AccountNumber = "" }, back, port.Refused, fault.RequisitesMissing},
		{"the database is gone", func(p *people) { p.broken = errBroken }, pay, port.Unknown, ""},
		{"gone for a return", func(p *people) { p.broken = errBroken }, back, port.Unknown, ""},
		{"an unknown verb", func(*people) {}, ask("steal", &flowv1.PayoutAsk{}), port.Refused, fault.Malformed},
		{"no body", func(*people) {}, port.Ask{Attempt: attempt, Verb: "pay", Body: []byte("\xff")}, port.Refused, fault.Malformed},
		{"no amount", func(*people) {}, ask("pay", &flowv1.PayoutAsk{RequisitesVersion: 1, Amount: "x"}), port.Refused, fault.AmountInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			reader, bank := known(), &counting{}
			tc.change(reader)
			answer := FromPayout(bank, reader, ours, time.UTC).Send(t.Context(), tc.ask)
			if answer.Result != tc.result || answer.Code != tc.code {
				t.Fatalf("%+v", answer)
			}
			if sent := len(bank.payments); (sent == 1) != (tc.result == port.Done) {
				t.Fatalf("%d payments were sent", sent)
			}
			if tc.result != port.Done {
				return
			}
			p := bank.payments[0]
			if refusal := p.Check(); refusal != nil || len(reader.noted) != 1 || !strings.Contains(p.Purpose, "0A1B2C3D4E5F") || p.Attempt != attempt {
				t.Errorf("%+v %v", p, refusal)
			}
			if taxed := tc.ask.Verb == "tax"; taxed != (p.Budget != nil) || taxed && (p.To.KPP == "" || p.Purpose != "Единый налоговый платеж (0A1B2C3D4E5F)") {
				t.Errorf("%+v", p)
			}
		})
	}
	if a := FromPayout(&counting{}, known(), ours, time.UTC).Find(t.Context(), pay); a.Result != port.NotFound {
		t.Errorf("%+v", a)
	}
}

func TestPurposeFits(t *testing.T) {
	t.Parallel()
	for _, title := range []string{"", "Вёрстка", strings.Repeat("я", 500), "a\nb\tc\x00d"} {
		p := Purpose(title, attempt)
		if n := utf8.RuneCountInString(p); n > port.MaxPurpose || strings.ContainsAny(p, "\n\t\x00") || !strings.HasSuffix(p, "(0A1B2C3D4E5F). Без НДС") {
			t.Errorf("%d characters: %q", n, p)
		}
	}
}

func TestIncome(t *testing.T) {
	t.Parallel()
	body := func(paid string) *flowv1.IncomeAsk {
		return &flowv1.IncomeAsk{Book: "main", Task: "task-1", CompanyId: "c", ExecutorId: "e", Gross: "100.00", PaidAt: paid}
	}
	for _, tc := range []struct {
		name   string
		change func(*people)
		ask    port.Ask
		result port.Result
		code   fault.Code
	}{
		{"checked", func(*people) {}, ask("check", body("")), port.Done, ""},
		{"registered", func(*people) {}, ask("register", body("2026-03-02T12:00:00Z")), port.Done, ""},
		{"not paid", func(*people) {}, ask("register", body("")), port.Refused, fault.Malformed},
		{"a company that nobody knows", func(p *people) { p.lacks = "company_id" }, ask("register", body("2026-03-02T12:00:00Z")), port.Refused, fault.NotFound},
		{"a receipt of no task", func(*people) {}, ask("register", &flowv1.IncomeAsk{Book: "main", CompanyId: "c", ExecutorId: "e", Gross: "1.00"}), port.Refused, fault.Malformed},
		{"nobody", func(p *people) { p.inn = "" }, ask("check", body("")), port.Refused, fault.NotFound},
		{"the database is gone", func(p *people) { p.broken = errBroken }, ask("check", body("")), port.Unknown, ""},
		{"an unknown verb", func(*people) {}, ask("forget", body("")), port.Refused, fault.Malformed},
		{"annulled", func(*people) {}, ask("annul", &flowv1.IncomeAsk{Book: "main", ExecutorId: "e", ReceiptId: "r"}), port.Done, ""},
		{"annul nothing", func(*people) {}, ask("annul", body("")), port.Refused, fault.Malformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			reader, tax := known(), &counting{}
			tc.change(reader)
			p := FromIncome(tax, reader)
			answer := p.Send(t.Context(), tc.ask)
			if answer.Result != tc.result || answer.Code != tc.code {
				t.Fatalf("%+v", answer)
			}
			if again := p.Find(t.Context(), tc.ask); again.Result != tc.result {
				t.Errorf("asked about: %+v", again)
			}
			for _, r := range tax.receipts {
				if refusal := r.Check(); refusal != nil || r.Attempt != attempt || r.Service != "Вёрстка страницы" {
					t.Errorf("%+v %v", r, refusal)
				}
			}
		})
	}
}

func TestCompany(t *testing.T) {
	t.Parallel()
	tell := ask("deposit", &flowv1.CompanyDeposit{Book: "main", CompanyId: "company-1", LineId: "line-1", Amount: "500.00"})
	for _, tc := range []struct {
		refusal *fault.Refusal
		result  port.Result
	}{
		{nil, port.Done}, {fault.Refuse(fault.Unavailable, "", "x"), port.Unknown}, {fault.Refuse(fault.QueueFull, "", "x"), port.Unknown},
		{fault.Refuse(fault.NotFound, "id", "x"), port.Refused},
	} {
		keys := map[string]bool{}
		p := FromCompany(func(_ context.Context, r engine.Request) []engine.Outcome {
			op := r.Operations[0]
			keys[op.GetKey()] = true
			if r.Book != "main" || op.GetFlow().GetId() != "company-1" || op.GetFlow().GetOwner() != "company-1" || op.GetFlow().GetEvent() != "deposit" {
				t.Errorf("%v", r)
			}
			return []engine.Outcome{{Refusal: tc.refusal}}
		}, nil)
		first, again := p.Send(t.Context(), tell), p.Find(t.Context(), tell)
		if first.Result != tc.result || again.Result != tc.result || len(keys) != 1 {
			t.Errorf("%v: %+v, then %+v, %d keys", tc.refusal, first, again, len(keys))
		}
	}
}

// TestTaxpayer: the attempt is the key, and the answer carries what the year gave.
func TestTaxpayer(t *testing.T) {
	t.Parallel()
	change := ask("change", &flowv1.TaxpayerChange{Book: "main", ExecutorId: "person-1", Task: "task-1"})
	share := &flowv1.YearShare{Year: 2026, Gross: "100.00"}
	given := &journalv1.Record{Move: &journalv1.Move{Data: flow.Bytes(&flowv1.TaxpayerData{Answer: &flowv1.TaxpayerAnswer{Share: share, Free: "1.00"}})}}
	for name, tc := range map[string]struct {
		outcome engine.Outcome
		result  port.Result
		free    string
	}{
		"given":       {engine.Outcome{Record: given}, port.Done, "1.00"},
		"over":        {engine.Outcome{Refusal: fault.Refuse(fault.IncomeCap, "", "x").With("free", "2.00")}, port.Refused, "2.00"},
		"unavailable": {engine.Outcome{Refusal: fault.Refuse(fault.Unavailable, "", "x")}, port.Unknown, ""},
	} {
		keys := map[string]bool{}
		p := FromTaxpayer(func(_ context.Context, r engine.Request) []engine.Outcome {
			op := r.Operations[0]
			keys[op.GetKey()] = true
			if f := op.GetFlow(); r.Book != "main" || f.GetFlow() != "taxpayer" || f.GetId() != "person-1" || f.GetOwner() != "person-1" || f.GetEvent() != "change" {
				t.Errorf("%v", r)
			}
			return []engine.Outcome{tc.outcome}
		})
		first, again := p.Send(t.Context(), change), p.Find(t.Context(), change)
		var body flowv1.TaxpayerAnswer
		if err := proto.Unmarshal([]byte(first.Body), &body); err != nil {
			t.Fatal(err)
		}
		if first.Result != tc.result || again.Result != tc.result || len(keys) != 1 || body.GetFree() != tc.free {
			t.Errorf("%s: %+v, then %+v, %d keys", name, first, again, len(keys))
		}
		if tc.result == port.Done && body.GetShare().GetGross() != "100.00" {
			t.Errorf("%s: %v", name, &body)
		}
	}
	// A change that is put off comes again under the next key, and under no key after the one that was decided.
	var keys []string
	decided := map[string]*flowv1.TaxpayerAnswer{}
	put := []*flowv1.TaxpayerAnswer{{Asking: true}, {Asking: true}, {Free: "1.00"}}
	busy := FromTaxpayer(func(_ context.Context, r engine.Request) []engine.Outcome {
		key := r.Operations[0].Operation.GetKey()
		said, replayed := decided[key]
		if !replayed {
			said = put[len(decided)]
			decided[key], keys = said, append(keys, key)
		}
		return []engine.Outcome{{Replayed: replayed, Record: &journalv1.Record{Move: &journalv1.Move{Data: flow.Bytes(&flowv1.TaxpayerData{Answer: said})}}}}
	})
	for i, want := range []port.Result{port.Unknown, port.Unknown, port.Done, port.Done} {
		if a := busy.Find(t.Context(), change); a.Result != want {
			t.Errorf("try %d: %+v, want %s", i, a, want)
		}
	}
	if len(keys) != 3 || keys[1] != keys[0]+":1" || keys[2] != keys[0]+":2" {
		t.Errorf("%q", keys)
	}
	var looked []string
	look := FromTaxpayer(func(_ context.Context, r engine.Request) []engine.Outcome {
		f := r.Operations[0].Operation.GetFlow()
		looked = append(looked, f.GetFlow()+" "+f.GetId()+" "+f.GetEvent()+" "+r.Operations[0].Operation.GetKey())
		return []engine.Outcome{{}}
	})
	for range 2 {
		if a := look.Send(t.Context(), ask("look", &flowv1.TaxpayerLook{Book: "main", ExecutorId: "e1"})); a.Result != port.Done {
			t.Errorf("%+v", a)
		}
	}
	if len(looked) != 2 || looked[0] != looked[1] || !strings.HasPrefix(looked[0], "taxpayer e1 look ") {
		t.Errorf("%q", looked)
	}
	if a := FromTaxpayer(nil).Send(t.Context(), ask("steal", &flowv1.TaxpayerChange{})); a.Result != port.Refused {
		t.Errorf("an unknown verb: %+v", a)
	}
}

// TestLimit: the attempt is the key, and the answer carries what was counted, or the limit that was in the way.
func TestLimit(t *testing.T) {
	t.Parallel()
	change := ask("change", &flowv1.LimitChange{Book: "main", CompanyId: "company-1", Task: "task-1"})
	count := &flowv1.PaymentCount{Day: "2026-03-02", Amount: "1.00"}
	short := &flowv1.LimitShort{Limit: &flowv1.PaymentLimit{Scope: flowv1.LimitScope_LIMIT_SCOPE_COMPANY_DAY, Most: "2.00"}, Free: "0.50"}
	given := &journalv1.Record{Move: &journalv1.Move{Data: flow.Bytes(&flowv1.LimitData{Answer: &flowv1.LimitAnswer{Count: count}})}}
	for name, tc := range map[string]struct {
		outcome engine.Outcome
		result  port.Result
		want    *flowv1.LimitAnswer
	}{
		"counted":     {engine.Outcome{Record: given}, port.Done, &flowv1.LimitAnswer{Count: count}},
		"over":        {engine.Outcome{Refusal: limit.Refuse(short, money.MustParse("1.00"))}, port.Refused, &flowv1.LimitAnswer{Short: short}},
		"unavailable": {engine.Outcome{Refusal: fault.Refuse(fault.Unavailable, "", "x")}, port.Unknown, &flowv1.LimitAnswer{}},
	} {
		keys := map[string]bool{}
		p := FromLimit(func(_ context.Context, r engine.Request) []engine.Outcome {
			op := r.Operations[0]
			keys[op.GetKey()] = true
			if f := op.GetFlow(); r.Book != "main" || f.GetFlow() != "limit" || f.GetId() != "company-1" || f.GetOwner() != "company-1" || f.GetEvent() != "change" {
				t.Errorf("%v", r)
			}
			return []engine.Outcome{tc.outcome}
		})
		first, again := p.Send(t.Context(), change), p.Find(t.Context(), change)
		body := new(flowv1.LimitAnswer)
		if err := proto.Unmarshal([]byte(first.Body), body); err != nil {
			t.Fatal(err)
		}
		if first.Result != tc.result || again.Result != tc.result || len(keys) != 1 || !proto.Equal(body, tc.want) {
			t.Errorf("%s: %+v, then %+v, %d keys", name, first, again, len(keys))
		}
	}
	if a := FromLimit(nil).Send(t.Context(), ask("steal", &flowv1.LimitChange{})); a.Result != port.Refused {
		t.Errorf("an unknown verb: %+v", a)
	}
	// What a limit refuses of a person's payments is not what is free of his year.
	year := FromTaxpayer(func(context.Context, engine.Request) []engine.Outcome {
		return []engine.Outcome{{Refusal: limit.Refuse(short, money.MustParse("1.00"))}}
	}).Send(t.Context(), ask("change", &flowv1.TaxpayerChange{Book: "main"}))
	said := new(flowv1.TaxpayerAnswer)
	if err := proto.Unmarshal([]byte(year.Body), said); err != nil || !proto.Equal(said.GetShort(), short) || said.GetFree() != "" {
		t.Errorf("%v %v", said, err)
	}
}

// TestWhatNoFlowHasLimited: a payment to a person whose way no flow knew is held against the limits of the day on
// which its attempt was opened; one that a flow has let pass is not.
func TestWhatNoFlowHasLimited(t *testing.T) {
	t.Parallel()
	sbp := known()
	sbp.payee = port.Requisites{Name: "Иванов Иван", SBP: port.SBP{Phone: "+79150000001", BankID: requisite.ExampleSBPBank(1)}, Person: port.Person{LastName: "Иванов", FirstName: "Иван"}}
	for _, limited := range []bool{false, true} {
		a := ask("pay", &flowv1.PayoutAsk{Book: "main", Task: "task-1", ExecutorId: "person-1", RequisitesVersion: 1, Amount: "600000.00", Limited: limited})
		a.Clock = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		bank := &counting{}
		answer := FromPayout(bank, sbp, ours, time.UTC).Send(t.Context(), a)
		if refused := answer.Code == fault.PayoutLimit; refused == limited || (len(bank.payments) == 0) == limited {
			t.Errorf("limited %t: %+v", limited, answer)
		}
		a.Clock = time.Date(2023, 12, 31, 9, 0, 0, 0, time.UTC)
		if answer := FromPayout(bank, sbp, ours, time.UTC).Send(t.Context(), a); answer.Code == fault.PayoutLimit {
			t.Errorf("before the table's first day: %+v", answer)
		}
	}
}

// erasures counts what was erased, and fails while told to.
type erasures struct {
	gone []string
	err  error
}

func (e *erasures) Erase(_ context.Context, book, executor string) error {
	if e.err == nil {
		e.gone = append(e.gone, book+" "+executor)
	}
	return e.err
}

func (e *erasures) ForgetInvitation(ctx context.Context, book, invitation string) error {
	return e.Forget(ctx, book, invitation)
}

func (e *erasures) Forget(ctx context.Context, book, registration string) error {
	return e.Erase(ctx, book, registration)
}

// leaving is somebody who is about to be erased: how he stands in our books.
type leaving struct {
	people
	state  string
	broken error
}

func (l *leaving) Aggregate(context.Context, string, string, string) (string, []byte, bool, error) {
	return l.state, nil, l.state != "", l.broken
}

// TestErasedPeopleAreUnbound: nothing is deleted before the tax service has said that the
// person is not bound to us; who never was, or is erased, is not asked about.
func TestErasedPeopleAreUnbound(t *testing.T) {
	t.Parallel()
	inn := requisite.ExamplePersonINN(1)
	for name, c := range map[string]struct {
		who     *leaving
		answer  port.Answer
		result  port.Result
		unbound int
	}{
		"bound":          {&leaving{people: people{inn: inn}, state: "bound"}, port.Answer{Result: port.Done}, port.Done, 1},
		"waiting":        {&leaving{people: people{inn: inn}, state: "waiting"}, port.Answer{Result: port.Done}, port.Done, 1},
		"being asked":    {&leaving{people: people{inn: inn}, state: "requesting"}, port.Answer{Result: port.Done}, port.Unknown, 0},
		"silence":        {&leaving{people: people{inn: inn}, state: "bound"}, port.Unclear("silence"), port.Unknown, 1},
		"not bound":      {&leaving{people: people{inn: inn}, state: "unbound"}, port.Unclear("silence"), port.Done, 0},
		"never asked":    {&leaving{people: people{inn: inn}}, port.Unclear("silence"), port.Done, 0},
		"erased already": {&leaving{state: "bound"}, port.Unclear("silence"), port.Done, 0},
		"unreadable":     {&leaving{people: people{inn: inn}, state: "bound", broken: errBroken}, port.Answer{Result: port.Done}, port.Unknown, 0},
	} {
		e, b := &erasures{}, &binding{answer: c.answer}
		a := FromPrivate(e, b, c.who).Send(t.Context(), port.Ask{Attempt: "a", Verb: verbErase, Body: flow.Bytes(&flowv1.ExecutorEraseAsk{Book: "main", ExecutorId: "e"})})
		if a.Result != c.result || len(b.unbound) != c.unbound || (len(e.gone) == 1) != (c.result == port.Done) || strings.Contains(a.Status+a.Reason, inn) {
			t.Errorf("%s: %+v, unbound %v, erased %v", name, a, b.unbound, e.gone)
		}
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	e := &erasures{err: errors.New("the database is away: Иванов")}
	p := FromPrivate(e, &binding{}, &leaving{})
	body := flow.Bytes(&flowv1.ExecutorEraseAsk{Book: "main", ExecutorId: "executor-1"})
	ask := port.Ask{Attempt: "a1", Verb: verbErase, Body: body}
	if a := p.Send(t.Context(), ask); a.Result != port.Unknown || strings.Contains(a.Reason, "Иванов") {
		t.Errorf("%+v", a)
	}
	e.err = nil
	for _, again := range []func(context.Context, port.Ask) port.Answer{p.Find, p.Send} {
		if a := again(t.Context(), ask); a.Result != port.Done {
			t.Errorf("%+v", a)
		}
	}
	forget := port.Ask{Attempt: "a2", Verb: verbForget, Body: flow.Bytes(&flowv1.ForgetAsk{Book: "main", Registration: "r1"})}
	if a := p.Send(t.Context(), forget); a.Result != port.Done {
		t.Errorf("%+v", a)
	}
	if len(e.gone) != 3 || e.gone[0] != "main executor-1" || e.gone[2] != "main r1" {
		t.Errorf("%v", e.gone)
	}
	for _, bad := range []port.Ask{{Verb: "show", Body: body}, {Verb: verbErase, Body: []byte("\xff")}} {
		if a := p.Send(t.Context(), bad); a.Result != port.Refused {
			t.Errorf("%+v", a)
		}
	}
}

// The order of the tax that had been paid twice hears of its refund where it lives, once; what
// it refuses is told in its own words.
func TestRemittance(t *testing.T) {
	t.Parallel()
	refund := func(order string) port.Ask {
		return port.Ask{Verb: "refund", Attempt: "a1", Body: flow.Bytes(&flowv1.RemittanceRefund{Book: "main", Remittance: order, Line: "l1", Amount: "1.00"})}
	}
	for _, tc := range []struct {
		order, owner string
		refusal      *fault.Refusal
		result       port.Result
	}{
		{"ndfl-2026-11-1.2", "ndfl-2026-11-1", nil, port.Done}, {"npd-2026-11.executor-9", "executor-9", nil, port.Done},
		{"contributions-2026-11", "contributions-2026-11", fault.Refuse(fault.OverpaidExceeded, "amount", "0.99 is left"), port.Refused},
		{"contributions-2026-11", "contributions-2026-11", fault.Refuse(fault.Unavailable, "", "x"), port.Unknown},
	} {
		keys := map[string]bool{}
		p := FromRemittance(func(_ context.Context, r engine.Request) []engine.Outcome {
			f := r.Operations[0].GetFlow()
			keys[r.Operations[0].GetKey()] = true
			if r.Book != "main" || f.GetFlow() != "remittance" || f.GetId() != tc.order || f.GetOwner() != tc.owner || f.GetEvent() != "refund" {
				t.Errorf("%v", r)
			}
			return []engine.Outcome{{Refusal: tc.refusal}}
		})
		first, again := p.Send(t.Context(), refund(tc.order)), p.Find(t.Context(), refund(tc.order))
		if first.Result != tc.result || again.Result != tc.result || len(keys) != 1 || tc.result == port.Refused && first.Reason != "0.99 is left" {
			t.Errorf("%s: %+v, then %+v, %d keys", tc.order, first, again, len(keys))
		}
	}
	for name, wrong := range map[string]port.Ask{"verb": {Verb: "steal", Body: refund("ndfl-2026-11-1").Body}, "order": refund("november")} {
		if a := FromRemittance(nil).Send(t.Context(), wrong); a.Result != port.Refused {
			t.Errorf("%s: %+v", name, a)
		}
	}
}
