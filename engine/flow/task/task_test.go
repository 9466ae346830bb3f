package task

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

const (
	selfEmployed  = flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED
	civilContract = flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT
	entrepreneur  = flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR
	gross         = flowv1.PriceKind_PRICE_KIND_GROSS
	net           = flowv1.PriceKind_PRICE_KIND_NET
)

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "task.md", it)
}

// body makes a command's body.
func body(m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// act makes a command of the company or the executor.
func act(event string, m proto.Message) flowtest.Act {
	c := flow.Command{Event: event, Actor: "company"}
	if m != nil {
		c.Body = body(m)
	}
	return flowtest.Act{Name: event, Command: c}
}

func stamp(kind flowv1.EmploymentKind, requisites uint32) *flowv1.ExecutorStamp {
	return &flowv1.ExecutorStamp{Kind: kind, RequisitesVersion: requisites}
}

var tariff = &flowv1.Tariff{From: "2024-01-01", Percent: "3", Minimum: "30.00"}

// spec is a task that is created in one way and then tried in every way.
func spec(create *flowv1.TaskCreate, more ...flowtest.Act) flowtest.Spec {
	kind := create.Executor.GetKind()
	if kind == 0 {
		kind = selfEmployed
	}
	return flowtest.Spec{
		Flow: it, ID: "t1", Day: "2024-12-31", Owners: map[string]string{"company": "c1", "task": "t1", "executor": "e1"},
		Acts: append([]flowtest.Act{
			act(Create, create),
			act(Sign, nil), act(Done, nil), act(ActSignExecutor, nil), act(ActSign, nil), act(Cancel, nil),
			act(Pay, &flowv1.TaskPay{Executor: stamp(kind, 1), Tariff: tariff}),
			act(Retry, &flowv1.TaskPay{Executor: stamp(kind, 2), Tariff: tariff}),
		}, more...),
		Once: []string{pay, registerIncome}, Tells: []string{tellYear, tellLimit, retryItself, tellSign, stampFile}, Deaf: true, Reply: reply(false), Undoes: undoes, Law: law, Attempts: 2, Flips: 1,
		Asleep: []string{retryDue}, // a retry by itself is a retry: exploreAgain walks those
	}
}

func ready(kind flowv1.EmploymentKind, price string) *flowv1.TaskCreate {
	return &flowv1.TaskCreate{
		CompanyId: "c1", ExecutorId: "e1", Executor: stamp(kind, 1), PriceKind: gross, Price: price, Autocomplete: true,
	}
}

// law is what a task keeps beside the laws of all flows: the books agree with the
// bank's last words, and exactly one ask is open while paying.
func law(w *flowtest.World) error {
	d := read(w.View.Data)
	open := len(w.Open())
	if want := w.View.State == Paying || d.Phase == phaseHold; want != (open == 1) || open > 1 {
		return fmt.Errorf("%d asks are open in %s", open, w.View.State)
	}
	left := money.Zero
	for _, try := range w.Tries {
		if try.Effect.Ask == pay && try.Last == port.Done {
			var a flowv1.PayoutAsk
			if err := proto.Unmarshal(try.Effect.Body, &a); err != nil {
				return err
			}
			left = left.Add(money.MustParse(a.Amount))
		}
	}
	for account, want := range map[string]money.Amount{
		"bank:settlement": left.Neg(), "reserve:t1": amount(d.Reserved).Neg(),
		"claim:t1": amount(d.Claimed), "claim:e1": amount(d.OwedBack).Add(amount(d.TaxDifference)),
	} {
		if got := w.Balance(account); !got.Equal(want) {
			return fmt.Errorf("%s holds %s, want %s", account, got, want)
		}
	}
	if waits := slices.Contains(w.Timers, retryDue); waits != (d.Error.GetRetryAt() != "") || waits && w.View.State != Error {
		return fmt.Errorf("in %s a timer waits to retry: %t, and the error says %q", w.View.State, waits, d.Error.GetRetryAt())
	}
	if err := yearLaw(w, d); err != nil {
		return err
	}
	if w.View.State == Error && d.Error == nil || !slices.Contains([]string{Error, Paying, Draft}, w.View.State) && d.Error != nil {
		return fmt.Errorf("error %v in state %s", d.Error, w.View.State)
	}
	if a, b := d.AgreementExecutor, d.AgreementCustomer; a != nil && b != nil && a.Sha256 != b.Sha256 {
		return fmt.Errorf("the sides signed %s and %s", a.Sha256, b.Sha256)
	}
	if a, b := d.ActExecutor, d.ActCustomer; d.ActSignedAt != "" && a.GetSha256() != b.GetSha256() {
		return fmt.Errorf("the act was signed as %v and %v", a, b)
	}
	if err := stampLaw(w, d); err != nil {
		return err
	}
	if w.View.State == Paid {
		return paidLaw(w, d)
	}
	if w.View.State == Deleted && (d.Year != nil || len(d.Payouts) > 0 || len(w.Tries) > 0 && open > 0) {
		return fmt.Errorf("deleted, and the world knows of it: %v", d)
	}
	for _, account := range []string{"wallet:c1", "tax-npd:e1", "tax-ndfl:e1", "contribution:e1", "revenue:commission", "expense:tax"} {
		if w.View.State == Canceled && (w.Balance(account).Sign() != 0 || d.Settled) {
			return fmt.Errorf("canceled, and %s is out by %s", account, w.Balance(account))
		}
	}
	return nil
}

// stampLaw: a file with stamps is of the signature that it stands with, and every signature
// under a file that stands has its file asked for.
func stampLaw(w *flowtest.World, d *flowv1.TaskData) error {
	asked := map[string]bool{}
	for _, try := range w.Tries {
		if try.Effect.Ask == stampFile {
			s := stampedAs(try.Effect)
			asked[s.Document+s.Side+s.At+s.SignedSha256] = true
			asked[s.Document+s.Side+s.At+s.SignedSha256+s.Sha256] = asked[s.Document+s.Side+s.At+s.SignedSha256+s.Sha256] || try.Last == port.Done
		}
	}
	for at, g := range (&step{data: d}).signed() {
		key := at[0] + at[1] + g.GetAt() + g.GetSha256()
		if g.GetSha256() != "" && !asked[key] || g.GetStampedSha256() != "" && !asked[key+g.GetStampedSha256()] {
			return fmt.Errorf("the stamps of %v: %v, and asked was %v", at, g, asked)
		}
	}
	return nil
}

// paidLaw: the company paid gross and commission once, tax and payout are the sum's.
func paidLaw(w *flowtest.World, d *flowv1.TaskData) error {
	s := d.Sum
	if !amount(s.Payout).Add(amount(s.Tax)).Equal(amount(s.Gross)) {
		return fmt.Errorf("%s + %s is not %s", s.Payout, s.Tax, s.Gross)
	}
	final := s.Tax
	if s.FinalTax != "" {
		final = s.FinalTax
	}
	held := w.Balance("tax-npd:e1").Add(w.Balance("tax-ndfl:e1"))
	contributions := amount(s.Share.GetContributions())
	cost := money.Sum(amount(s.Gross), amount(s.Commission), contributions)
	back := cost.Sub(w.Balance("wallet:c1")) // under a net price the company may get a kopeck of rounding back
	if back.Sign() < 0 || back.Cmp(oneKopeck) > 0 || !back.IsZero() && d.PriceKind != net {
		return fmt.Errorf("paid, and the wallet gave %s, want %s", w.Balance("wallet:c1"), cost)
	}
	for what, pair := range map[string][2]money.Amount{
		"tax":           {held, amount(final).Neg()},
		"contributions": {w.Balance("contribution:e1"), contributions.Neg()},
		"commission":    {w.Balance("revenue:commission"), amount(s.Commission).Neg()},
		"bank":          {w.Balance("bank:settlement").Add(amount(d.OwedBack)), amount(s.Payout).Neg()},
		"the person":    {amount(s.Payout).Sub(amount(d.TaxDifference)).Add(amount(final)), amount(s.Gross).Sub(back).Add(w.Balance("expense:tax"))},
	} {
		if !pair[0].Equal(pair[1]) {
			return fmt.Errorf("paid, and %s is %s, want %s", what, pair[0], pair[1])
		}
	}
	if net := d.PriceKind == net; !net && !w.Balance("expense:tax").IsZero() {
		return fmt.Errorf("the house bears %s of a gross price", w.Balance("expense:tax"))
	}
	if d.Kind == selfEmployed && d.ReceiptAttempt == 0 {
		return fmt.Errorf("paid without a receipt")
	}
	return nil
}

// signed is a signature under the file of a digit.
func signed(digit string) *flowv1.TaskSign {
	return &flowv1.TaskSign{Signature: &flowv1.Signature{Sha256: strings.Repeat(digit, 64), Method: "code"}}
}

func read(data []byte) *flowv1.TaskData {
	d := &flowv1.TaskData{}
	if err := proto.Unmarshal(data, d); err != nil {
		panic(err)
	}
	return d
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	var walked []flowtest.Rows
	explore := func(s flowtest.Spec) { walked = append(walked, flowtest.Explore(t, s)) }

	assign := act(Assign, &flowv1.TaskAssign{ExecutorId: "e1", Executor: stamp(selfEmployed, 1), Tariff: tariff})
	early := func(c *flowv1.TaskCreate, more ...flowtest.Act) flowtest.Spec {
		s := spec(c, more...)
		s.Attempts, s.Flips = 1, 0
		return s
	}
	explore(early(&flowv1.TaskCreate{CompanyId: "c1", PriceKind: net, Price: "100.00", ActRequired: true, Autocomplete: true}, assign))
	explore(early(&flowv1.TaskCreate{CompanyId: "c1", PriceKind: net, Price: "100.00", SignatureForm: flowv1.SignatureForm_SIGNATURE_FORM_MANUAL}, assign))
	explore(early(&flowv1.TaskCreate{
		CompanyId: "c1", PriceKind: gross, Price: "100.00", SignatureForm: flowv1.SignatureForm_SIGNATURE_FORM_MANUAL,
		ExecutorId: "e1", Executor: stamp(selfEmployed, 1),
	}))
	// Changes of what the contract says, of the company's own data, and a deleted draft.
	edits := func(c *flowv1.TaskCreate) flowtest.Spec {
		return early(c, assign, act(Delete, nil),
			act(Change, &flowv1.TaskChange{Price: "200.00", PriceKind: gross, Fields: []string{FieldTitle}, TextBase: 1, TextVersion: 2}),
			act(Change, &flowv1.TaskChange{Fields: []string{FieldMetadata}, TextBase: 2, TextVersion: 4}))
	}
	explore(edits(&flowv1.TaskCreate{CompanyId: "c1", PriceKind: net, Price: "100.00", SignatureForm: flowv1.SignatureForm_SIGNATURE_FORM_MANUAL}))
	late := early(&flowv1.TaskCreate{CompanyId: "c1", ExecutorId: "e1", Executor: stamp(entrepreneur, 1), PriceKind: gross, Price: "100.00", ActRequired: true},
		act(Change, &flowv1.TaskChange{Fields: []string{FieldMetadata}, TextBase: 1, TextVersion: 2}))
	explore(late)
	walked = append(walked, exploreOffers(t)...)
	// A civil contract has no cap: nothing is asked before it stands.
	sure := act(Assign, &flowv1.TaskAssign{ExecutorId: "e1", Executor: stamp(civilContract, 1), Tariff: tariff})
	explore(early(&flowv1.TaskCreate{CompanyId: "c1", PriceKind: net, Price: "100.00"}, sure))
	explore(early(&flowv1.TaskCreate{CompanyId: "c1", PriceKind: net, Price: "100.00", SignatureForm: flowv1.SignatureForm_SIGNATURE_FORM_MANUAL}, sure))
	explore(early(&flowv1.TaskCreate{
		CompanyId: "c1", PriceKind: gross, Price: "100.00", SignatureForm: flowv1.SignatureForm_SIGNATURE_FORM_MANUAL,
		ExecutorId: "e1", Executor: stamp(civilContract, 1),
	}))
	blocked := early(ready(selfEmployed, "100.00"),
		act(Pay, &flowv1.TaskPay{Executor: stamp(selfEmployed, 0), Tariff: tariff}),
		act(Retry, &flowv1.TaskPay{Executor: stamp(civilContract, 1), Tariff: tariff}))
	explore(blocked)

	// Both sides sign a file, or another one.
	signs := early(&flowv1.TaskCreate{CompanyId: "c1", ExecutorId: "e1", Executor: stamp(entrepreneur, 1), PriceKind: gross, Price: "100.00", ActRequired: true},
		act(Sign, signed("1")), act(Countersign, signed("1")), act(Countersign, signed("2")), act(ActSignExecutor, signed("3")), act(Report, nil))
	explore(signs)

	// Files with stamps are drawn while the draft goes, or the task is paid.
	only := func(s flowtest.Spec, told uint32, events ...string) flowtest.Spec {
		s.Acts = slices.DeleteFunc(s.Acts, func(a flowtest.Act) bool {
			return !slices.Contains(events, a.Command.Event) || a.Command.Event == Sign && len(a.Command.Body) == 0
		})
		s.Deaf, s.Told = false, told
		return s
	}
	contract := &flowv1.TaskCreate{CompanyId: "c1", ExecutorId: "e1", Executor: stamp(entrepreneur, 1), PriceKind: gross, Price: "100.00"}
	explore(only(early(contract, act(Sign, signed("1")), act(Countersign, signed("1")), act(Delete, nil)), 2, Create, Sign, Countersign, Delete, Cancel))
	explore(only(early(contract, act(Sign, signed("1"))), 1, Create, Sign, Done, Pay, Cancel))
	withAct := proto.CloneOf(contract)
	withAct.ActRequired = true
	explore(only(early(withAct, act(Sign, signed("1")), act(ActSignExecutor, signed("3"))), 2, Create, Sign, Done, ActSignExecutor, ActSign, Cancel))

	// The executor is sent links, and answers about them come in every state.
	linked := early(&flowv1.TaskCreate{CompanyId: "c1", ExecutorId: "e1", Executor: stamp(entrepreneur, 1), PriceKind: gross, Price: "100.00", ActRequired: true, SendLink: true},
		act(Delete, nil), act(Change, &flowv1.TaskChange{Price: "200.00", PriceKind: gross}))
	linked.Deaf, linked.Told = false, 2
	explore(linked)

	walked = append(walked, exploreAgain(t)...)
	walked = append(walked, exploreLimits(t)...)
	explore(spec(ready(selfEmployed, "100.00")))
	explore(spec(ready(entrepreneur, "100.00")))
	// The scale changes between the attempts, so they pay different sums.
	nextYear := act(Retry, &flowv1.TaskPay{Executor: stamp(civilContract, 2), Tariff: tariff})
	nextYear.Day = "2025-01-01"
	changing := spec(ready(civilContract, "6000000.00"), nextYear)
	explore(changing)
	// A non-resident's net price costs more than a resident's: what the first attempt sends is
	// not covered by what the second one sets aside.
	dearer := spec(&flowv1.TaskCreate{
		CompanyId: "c1", ExecutorId: "e1", Executor: stamp(civilContract, 1), PriceKind: net, Price: "1000.00", Autocomplete: true,
	})
	dearer.Acts[6] = act(Pay, &flowv1.TaskPay{Executor: &flowv1.ExecutorStamp{Kind: civilContract, RequisitesVersion: 1, Nonresident: true}, Tariff: tariff})
	explore(dearer)
	// The tax service computes another tax than was held, and answers to what is told are heard.
	other := spec(&flowv1.TaskCreate{
		CompanyId: "c1", ExecutorId: "e1", Executor: stamp(selfEmployed, 1), PriceKind: net, Price: "100.00", Autocomplete: true,
	})
	other.Reply, other.Deaf, other.Attempts = reply(true), false, 1
	explore(other)

	flowtest.Covered(t, it, walked...)
}

func TestRandomWalks(t *testing.T) {
	t.Parallel()
	flowtest.Walk(t, func(rt *rapid.T) flowtest.Spec {
		kind := rapid.SampledFrom([]flowv1.EmploymentKind{selfEmployed, civilContract, entrepreneur}).Draw(rt, "kind")
		price := money.New(rapid.Int64Range(1, 1_000_000_00).Draw(rt, "kopecks"), 2)
		create := ready(kind, money.RUB.Format(price))
		create.PriceKind = rapid.SampledFrom([]flowv1.PriceKind{gross, net}).Draw(rt, "said")
		s := spec(create)
		charge := &flowv1.Tariff{Percent: money.New(rapid.Int64Range(0, 1000).Draw(rt, "percent"), 2).String()}
		if rapid.Bool().Draw(rt, "minimum") {
			charge.Minimum = "30.00"
		}
		later := act(Retry, &flowv1.TaskPay{Executor: stamp(kind, 3), Tariff: charge})
		later.Day = "2025-01-01"
		s.Acts = append(s.Acts, later)
		s.Asleep, s.Deaf, s.Reply = nil, false, reply(rapid.Bool().Draw(rt, "says"))
		s.Codes = []fault.Code{fault.PayoutRefused, fault.RequisitesMissing, fault.Unavailable}
		return s
	})
}
