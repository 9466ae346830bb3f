package incoming

import (
	"fmt"
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
	topup       = flowv1.LineKind_LINE_KIND_TOPUP
	deposit     = flowv1.LineKind_LINE_KIND_DEPOSIT
	unmatched   = flowv1.LineKind_LINE_KIND_UNMATCHED
	ownTransfer = flowv1.LineKind_LINE_KIND_OWN_TRANSFER
	knownDebit  = flowv1.LineKind_LINE_KIND_KNOWN_DEBIT
	bankFee     = flowv1.LineKind_LINE_KIND_BANK_FEE
	unknown     = flowv1.LineKind_LINE_KIND_UNKNOWN_DEBIT
	cameBack    = flowv1.LineKind_LINE_KIND_RETURNED_PAYOUT
)

// attempt is a payment of ours.
const attempt = "00112233445566778899aabbccddeeff"

func act(event string, m proto.Message) flowtest.Act {
	return flowtest.Act{Name: event, Command: flow.Command{Event: event, Actor: "finance", Body: flow.Bytes(m)}}
}

func line(kind flowv1.LineKind, debit bool) *flowv1.IncomingRegister {
	b := &flowv1.IncomingRegister{
		Kind: kind, Account: "settlement", Debit: debit, Amount: "100.00", Day: "2026-03-02", StatementId: "s1",
	}
	switch kind {
	case topup, deposit:
		b.CompanyId = "c1"
	case ownTransfer:
		b.OtherAccount = "other"
	case cameBack:
		b.Attempt = attempt
	}
	return b
}

func spec(b *flowv1.IncomingRegister) flowtest.Spec {
	why := &flowv1.IncomingExplain{Reason: "letter-7"}
	who := &flowv1.IncomingAssign{CompanyId: "c2", Reason: "letter-7"}
	flips := 2
	if testing.Short() {
		flips = 1
	}
	return flowtest.Spec{
		Flow: it, ID: "l1", Day: "2026-03-02",
		Owners: map[string]string{"line": "l1", "company": "c1", "account": "settlement", "other": "other"},
		Acts: []flowtest.Act{
			act(Register, b), act(Assign, who), act(AssignDeposit, who), act(AssignKnown, why), act(Return, why), act(Recover, why),
			act(ExplainFee, why), act(ExplainLoss, why), act(ExplainKnown, why), act(Charge, who),
		},
		Once: []string{returnMoney}, Law: law, Attempts: 2, Flips: flips,
	}
}

// specOfOurs walks what came back of our own money, with a few of the other acts: all of them
// together are too many orders.
func specOfOurs(b *flowv1.IncomingRegister) flowtest.Spec {
	why := &flowv1.IncomingExplain{Reason: "letter-7"}
	s := spec(b)
	s.Acts = []flowtest.Act{
		act(Register, b), act(AssignReturned, &flowv1.IncomingReturned{Attempt: attempt, Reason: "letter-7"}), act(AssignTax, &flowv1.IncomingTax{RemittanceId: "ndfl-2026-11-1", Reason: "letter-7"}),
		act(Return, why), act(Assign, &flowv1.IncomingAssign{CompanyId: "c2", Reason: "letter-7"}),
	}
	s.Acts = append(s.Acts, act(Change, &flowv1.IncomingChange{Amount: "100.00", Content: "c", StatementId: "s2", Fields: []string{"purpose"}}),
		act(AssignTax, &flowv1.IncomingTax{RemittanceId: "ndfl-2026-11-2", Reason: "letter-7", Amount: "60.00"}))
	s.Flips = 1
	return s
}

// specOfChanges walks what the bank changes of a line that stands.
func specOfChanges(b *flowv1.IncomingRegister) flowtest.Spec {
	why := &flowv1.IncomingExplain{Reason: "letter-7"}
	s := spec(b)
	s.Acts = []flowtest.Act{act(Register, b), act(Return, why), act(Assign, &flowv1.IncomingAssign{CompanyId: "c2", Reason: "letter-7"}), act(ExplainLoss, why)}
	for after, sums := range [][]string{{"90.00", "100.00", "110.00", "0.00"}, {"100.00", "120.00"}} {
		for _, sum := range sums {
			s.Acts = append(s.Acts, act(Change, &flowv1.IncomingChange{Amount: sum, Content: "c" + sum, StatementId: "s2", Fields: []string{"amount"}, After: uint32(after)}))
		}
	}
	s.Flips = 1
	return s
}

// law: suspense and claim are what the line says, and the bank account has moved
// by the line and by the last words about its returns.
func law(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.IncomingData{})
	if got := w.Balance("suspense:l1"); !got.Equal(amount(d.Suspended).Neg()) {
		return fmt.Errorf("suspense holds %s, the line says %q", got, d.Suspended)
	}
	refunded := money.Zero // what the budget had twice, once the order has counted it
	for _, try := range w.Tries {
		if try.Effect.Ask == tellRefund && try.Last == port.Done {
			var a flowv1.RemittanceRefund
			if err := proto.Unmarshal(try.Effect.Body, &a); err != nil {
				return err
			}
			refunded = refunded.Add(amount(a.Amount))
		}
	}
	if got := w.Balance("claim:enp").Neg(); !got.Equal(refunded) && w.View.State != Refunding || got.Cmp(refunded) > 0 {
		return fmt.Errorf("%s of the budget's in %s, the order has counted %s", got, w.View.State, refunded)
	}
	if got := w.Balance("claim:l1"); !got.Equal(amount(d.Claimed)) {
		return fmt.Errorf("claim holds %s, the line says %q", got, d.Claimed)
	}
	want := Told(d)
	if w.View.State == KnownDebit || w.View.State == KnownCredit || w.View.State == Reversing || d.Kind == knownDebit || d.Kind == cameBack {
		want = want.Sub(amount(d.Amount)) // the rest is booked by somebody else
	}
	if d.Debit {
		want = want.Neg()
	}
	for _, try := range w.Tries {
		if try.Effect.Ask == returnMoney && try.Last == port.Done {
			var a flowv1.ReturnAsk
			if err := proto.Unmarshal(try.Effect.Body, &a); err != nil {
				return err
			}
			want = want.Sub(amount(a.Amount))
		}
	}
	if got := w.Balance("bank:settlement"); !got.Equal(want) && !d.BookedElsewhere {
		return fmt.Errorf("the bank has moved by %s, want %s", got, want)
	}
	return nil
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "incoming.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	var walked []flowtest.Rows
	for _, b := range []*flowv1.IncomingRegister{
		line(topup, false), line(deposit, false), line(unmatched, false), line(ownTransfer, false), line(ownTransfer, true),
		line(knownDebit, true), line(bankFee, true), line(unknown, true),
	} {
		walked = append(walked, flowtest.Explore(t, spec(b)))
	}
	for _, b := range []*flowv1.IncomingRegister{line(unmatched, false), line(cameBack, false)} {
		walked = append(walked, flowtest.Explore(t, specOfOurs(b)))
	}
	for _, b := range []*flowv1.IncomingRegister{
		line(topup, false), line(deposit, false), line(unmatched, false), line(cameBack, false), line(ownTransfer, false), line(ownTransfer, true),
		line(knownDebit, true), line(bankFee, true), line(unknown, true),
	} {
		walked = append(walked, flowtest.Explore(t, specOfChanges(b)))
	}
	walked = append(walked, flowtest.Story(t, script(), farAway))
	walked = append(walked, flowtest.Story(t, script(), thrice))
	if !testing.Short() { // some rows need the bank to change its word twice
		flowtest.Covered(t, it, walked...)
	}
}

func TestRandomWalks(t *testing.T) {
	t.Parallel()
	flowtest.Walk(t, func(rt *rapid.T) flowtest.Spec {
		kind := rapid.SampledFrom([]flowv1.LineKind{topup, deposit, unmatched, ownTransfer, knownDebit, bankFee, unknown, cameBack}).Draw(rt, "kind")
		b := line(kind, kind == knownDebit || kind == bankFee || kind == unknown)
		b.Amount = money.RUB.Format(money.New(rapid.Int64Range(1, 1<<50).Draw(rt, "kopecks"), 2))
		return spec(b)
	})
}

// A refusal is in the record: of two things that are wrong it names the same one each time.
func TestRefusalsAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	v := flow.View{
		Book: "main", ID: "l1", State: Unmatched, Day: "2026-03-02",
		Data: flow.Bytes(&flowv1.IncomingData{Amount: "100.00", Suspended: "100.00"}), Attempts: map[string]uint32{},
	}
	c := act(AssignReturned, &flowv1.IncomingReturned{Attempt: "A", Reason: "B"}).Command
	_, first := it.Step(v, c)
	for range 50 {
		if _, again := it.Step(v, c); first == nil || again == nil || again.Reason != first.Reason || again.Field != first.Field {
			t.Fatalf("%v, then %v", first, again)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*flowv1.IncomingRegister)
		code  fault.Code
		field string
	}{
		"no kind":          {func(b *flowv1.IncomingRegister) { b.Kind = 0 }, fault.Malformed, "kind"},
		"zero":             {func(b *flowv1.IncomingRegister) { b.Amount = "0.00" }, fault.AmountInvalid, "amount"},
		"no day":           {func(b *flowv1.IncomingRegister) { b.Day = "" }, fault.Malformed, "day"},
		"no account":       {func(b *flowv1.IncomingRegister) { b.Account = "" }, fault.Malformed, "account"},
		"no statement":     {func(b *flowv1.IncomingRegister) { b.StatementId = "" }, fault.Malformed, "statement_id"},
		"nobody":           {func(b *flowv1.IncomingRegister) { b.CompanyId = "" }, fault.Malformed, "company_id"},
		"a debit top-up":   {func(b *flowv1.IncomingRegister) { b.Debit = true }, fault.Malformed, "debit"},
		"a credit fee":     {func(b *flowv1.IncomingRegister) { b.Kind = bankFee }, fault.Malformed, "debit"},
		"one own account":  {func(b *flowv1.IncomingRegister) { b.Kind, b.OtherAccount = ownTransfer, "settlement" }, fault.Malformed, "other_account"},
		"no other account": {func(b *flowv1.IncomingRegister) { b.Kind = ownTransfer }, fault.Malformed, "other_account"},
	} {
		b := line(topup, false)
		tc.spoil(b)
		s := spec(b)
		_, refusal, _ := flowtest.NewWorld(&s).Do(s.Acts[0])
		if refusal == nil || refusal.Code != tc.code || refusal.Field != tc.field {
			t.Errorf("%s: %v, want %s of %s", name, refusal, tc.code, tc.field)
		}
	}
	s := spec(line(unmatched, false))
	w := flowtest.NewWorld(&s)
	if _, refusal, err := w.Do(s.Acts[0]); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	other := line(unmatched, false)
	other.Amount = "100.01"
	for _, tc := range []struct {
		a     flowtest.Act
		code  fault.Code
		field string
	}{
		{act(Register, other), fault.AlreadyExists, "amount"},
		{act(Assign, &flowv1.IncomingAssign{CompanyId: "c1"}), fault.Malformed, "reason"},
		{act(Assign, &flowv1.IncomingAssign{Reason: "x"}), fault.Malformed, "company_id"},
		{act(AssignTax, &flowv1.IncomingTax{Reason: "x"}), fault.Malformed, "remittance_id"},
		{act(AssignTax, &flowv1.IncomingTax{RemittanceId: "ndfl-2026-11-1"}), fault.Malformed, "reason"},
		{act(ExplainLoss, &flowv1.IncomingExplain{Reason: "x"}), fault.WrongState, "event"},
		{act(registerTopup, line(topup, false)), fault.AlreadyExists, "id"},
	} {
		if _, refusal, _ := w.Do(tc.a); refusal == nil || refusal.Code != tc.code || refusal.Field != tc.field {
			t.Errorf("%s: %v, want %s of %s", tc.a.Name, refusal, tc.code, tc.field)
		}
	}
}
