package book

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// naive is the second model: kopecks in big.Int, one number per account and side.
type naive struct {
	debit, credit, held map[string]*big.Int
	holds               []naiveHold
}

type naiveHold struct {
	account string
	left    int64
	open    bool
}

func newNaive() *naive {
	return &naive{debit: map[string]*big.Int{}, credit: map[string]*big.Int{}, held: map[string]*big.Int{}}
}

func at(m map[string]*big.Int, k string) *big.Int {
	if m[k] == nil {
		m[k] = new(big.Int)
	}
	return m[k]
}

func (n *naive) available(account string) *big.Int {
	r := new(big.Int).Sub(at(n.credit, account), at(n.debit, account))
	return r.Sub(r, at(n.held, account))
}

// world is the code under test with its stripes.
type world struct {
	stripes map[string]Stripe
	holds   []Hold
}

func (w *world) Standing(string) Standing          { return Standing{} }
func (w *world) Limit(string, string) money.Amount { return money.Zero }

func (w *world) Stripe(account, asset string) Stripe { return w.stripes[account+" "+asset] }

func (w *world) accept(applied []Applied) {
	for _, a := range applied {
		w.stripes[a.Account+" "+a.Asset.Code] = a.After
	}
}

var accounts = []string{"wallet:a", "wallet:b", "reserve:t", "bank:main"}

func change(account string, k Kind, kopecks int64) Change {
	n, refusal := ParseName("account", account)
	if refusal != nil {
		panic(refusal)
	}
	t, _ := LookupType(n.Type)
	return Change{Account: account, Type: t, Asset: money.RUB, Kind: k, Amount: money.New(kopecks, 2)}
}

// TestLaws runs random operations against the naive model and checks, after each
// step: double entry, conservation, identity of balance and legs, sum of holds,
// floors, and that a refusal changes nothing.
func TestLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, n := &world{stripes: map[string]Stripe{}}, newNaive()
		t.Repeat(map[string]func(*rapid.T){
			"post":   func(t *rapid.T) { post(t, w, n) },
			"place":  func(t *rapid.T) { place(t, w, n) },
			"settle": func(t *rapid.T) { settle(t, w, n) },
			"void":   func(t *rapid.T) { void(t, w, n) },
			"":       func(t *rapid.T) { laws(t, w, n) },
		})
	})
}

func post(t *rapid.T, w *world, n *naive) {
	from, to := rapid.SampledFrom(accounts).Draw(t, "from"), rapid.SampledFrom(accounts).Draw(t, "to")
	sum := rapid.Int64Range(1, 500).Draw(t, "sum")
	changes := []Change{change(from, Debit, sum), change(to, Credit, sum)}
	if refusal := CheckEntry("transfer", changes); refusal != nil {
		t.Fatalf("a balanced entry was refused: %v", refusal)
	}
	applied, short := Apply(w, changes, nil)
	floored := from != "bank:main"
	enough := from == to || n.available(from).Cmp(big.NewInt(sum)) >= 0
	if refused := floored && !enough; refused != (short != nil) {
		t.Fatalf("%s -> %s %d: short %v, the model says refused=%v", from, to, sum, short, refused)
	}
	if short != nil {
		if short.Account != from || short.Need.Cmp(money.New(sum, 2)) != 0 {
			t.Fatalf("short names %+v", short)
		}
		return
	}
	w.accept(applied)
	at(n.debit, from).Add(at(n.debit, from), big.NewInt(sum))
	at(n.credit, to).Add(at(n.credit, to), big.NewInt(sum))
}

func place(t *rapid.T, w *world, n *naive) {
	account := rapid.SampledFrom(accounts[:3]).Draw(t, "account")
	sum := rapid.Int64Range(1, 500).Draw(t, "sum")
	c := change(account, Debit, sum)
	applied, short := Apply(w, []Change{Place(account, c.Type, money.RUB, c.Amount)}, nil)
	if refused := n.available(account).Cmp(big.NewInt(sum)) < 0; refused != (short != nil) {
		t.Fatalf("hold %s %d: short %v", account, sum, short)
	}
	if short != nil {
		return
	}
	w.accept(applied)
	w.holds = append(w.holds, Hold{Account: account, Asset: money.RUB, State: Placed, Amount: c.Amount, Left: c.Amount})
	n.holds = append(n.holds, naiveHold{account, sum, true})
	at(n.held, account).Add(at(n.held, account), big.NewInt(sum))
}

func pick(t *rapid.T, w *world) int {
	if len(w.holds) == 0 {
		t.Skip("no hold yet")
	}
	return rapid.IntRange(0, len(w.holds)-1).Draw(t, "hold")
}

func settle(t *rapid.T, w *world, n *naive) {
	i := pick(t, w)
	h, m := w.holds[i], &n.holds[i]
	sum := rapid.Int64Range(1, 500).Draw(t, "sum")
	final := rapid.Bool().Draw(t, "final")
	typ := change(h.Account, Debit, 1).Type
	changes, after, refusal := Settle(h, typ, "transfer", money.New(sum, 2), money.Zero, []Change{change("bank:main", Credit, sum)}, final)
	if refused := !m.open || sum > m.left; refused != (refusal != nil) {
		t.Fatalf("settle %d of %+v: %v", sum, *m, refusal)
	}
	if refusal != nil {
		return
	}
	applied, short := Apply(w, changes, nil)
	if short != nil {
		t.Fatalf("held money was missing: %+v", short)
	}
	w.accept(applied)
	w.holds[i] = after
	given := sum
	if final {
		given = m.left
	}
	m.left -= given
	m.open = m.left > 0
	at(n.held, m.account).Sub(at(n.held, m.account), big.NewInt(given))
	at(n.debit, m.account).Add(at(n.debit, m.account), big.NewInt(sum))
	at(n.credit, "bank:main").Add(at(n.credit, "bank:main"), big.NewInt(sum))
}

func void(t *rapid.T, w *world, n *naive) {
	i := pick(t, w)
	m := &n.holds[i]
	give, after, refusal := Release(w.holds[i], change(w.holds[i].Account, Debit, 1).Type, Voided)
	if m.open != (refusal == nil) {
		t.Fatalf("void of %+v: %v", *m, refusal)
	}
	if refusal != nil {
		return
	}
	applied, short := Apply(w, []Change{give}, nil)
	if short != nil {
		t.Fatal(short)
	}
	w.accept(applied)
	w.holds[i] = after
	at(n.held, m.account).Sub(at(n.held, m.account), big.NewInt(m.left))
	m.left, m.open = 0, false
}

func laws(t *rapid.T, w *world, n *naive) {
	debits, credits := money.Zero, money.Zero
	for _, a := range accounts {
		s := w.Stripe(a, "RUB")
		debits, credits = debits.Add(s.Debit), credits.Add(s.Credit)
		for what, pair := range map[string][2]money.Amount{
			"debit":  {s.Debit, money.New(at(n.debit, a).Int64(), 2)},
			"credit": {s.Credit, money.New(at(n.credit, a).Int64(), 2)},
			"held":   {s.HeldDebit, money.New(at(n.held, a).Int64(), 2)},
		} {
			if !pair[0].Equal(pair[1]) {
				t.Fatalf("%s %s is %s, the model has %s", a, what, pair[0], pair[1])
			}
		}
		if a != "bank:main" && s.Available(Liability).Sign() < 0 {
			t.Fatalf("%s fell below its floor: %+v", a, s)
		}
	}
	if !debits.Equal(credits) {
		t.Fatalf("debits %s, credits %s", debits, credits)
	}
}

func TestEntriesThatAreWrongWhateverTheBooksSay(t *testing.T) {
	t.Parallel()
	tax := change("tax-npd:p", Credit, 100)
	for name, tc := range map[string]struct {
		legs []Change
		want fault.Code
	}{
		"one leg":        {[]Change{change("wallet:a", Debit, 1)}, fault.Malformed},
		"zero":           {[]Change{change("wallet:a", Debit, 0), change("wallet:b", Credit, 0)}, fault.AmountInvalid},
		"negative":       {[]Change{change("wallet:a", Debit, -1), change("wallet:b", Credit, -1)}, fault.AmountInvalid},
		"unbalanced":     {[]Change{change("wallet:a", Debit, 2), change("wallet:b", Credit, 1)}, fault.Unbalanced},
		"mixed purposes": {[]Change{change("wallet:a", Debit, 100), tax}, fault.PurposeMixed},
	} {
		if refusal := CheckEntry("transfer", tc.legs); refusal == nil || refusal.Code != tc.want {
			t.Errorf("%s: got %v, want %s", name, refusal, tc.want)
		}
	}
	if refusal := CheckEntry("settle", []Change{change("reserve:t", Debit, 100), tax}); refusal != nil {
		t.Errorf("the passage of a settlement was refused: %v", refusal)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	long := func(beginning string, bytes int) string { return beginning + strings.Repeat("a", bytes-len(beginning)) }
	whole, parted := long("wallet:", MaxNameBytes), long("wallet:a:", MaxNameBytes)
	for _, good := range []string{"wallet:company-42", "revenue:commission", "wallet:a.b_c:part", whole, parted, whole + ":transit", parted + ".transit"} {
		n, refusal := ParseName("f", good)
		if refusal != nil || n.String() != good {
			t.Errorf("%q: %v, %v", good, n, refusal)
		}
	}
	for _, bad := range []string{"", "wallet", "wallet:", ":a", "wallet:A", "wallet:a:b:c", "unknown:a", "wallet:ёлка", "wallet:a b", "wallet:a\x00", whole + "a", parted + "a", whole + "a:transit", parted + "a.transit", whole + ":ransit"} {
		if _, refusal := ParseName("f", bad); refusal == nil || refusal.Field != "f" {
			t.Errorf("%q passed: %v", bad, refusal)
		}
	}
}
