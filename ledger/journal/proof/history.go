package proof

import (
	"fmt"

	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Sums are what a stripe has seen in all.
type Sums struct{ Debit, Credit, HeldDebit, HeldCredit money.Amount }

// Stripe is an account's history on one shard: every change from version First to
// version Last. Versions are dense, so what was left out would be a gap, and sums after
// each change follow from those before it.
type Stripe struct {
	Shard         uint32
	First, Last   uint64
	Records       int
	Before, After Sums
}

// History is an account's history, stripe by stripe.
type History struct {
	Account
	Stripes []Stripe
}

// history folds the proven records of an account. It is told nothing of shards that the
// proof leaves out, nor of what came after the last version.
func (v *Verified) history(a Account) error {
	asset, ok := money.LookupAsset(a.Asset)
	if !ok {
		return differ("the asset", "one of the list", fmt.Sprintf("%.40q", a.Asset))
	}
	v.History = &History{Account: a}
	for i := range v.Records {
		r := v.Records[i]
		stripes := &v.History.Stripes
		if n := len(*stripes); n == 0 || (*stripes)[n-1].Shard != r.GetShard() {
			*stripes = append(*stripes, Stripe{Shard: r.GetShard()})
		}
		if err := (&(*stripes)[len(*stripes)-1]).fold(r, a, asset); err != nil {
			return err
		}
	}
	if len(v.History.Stripes) != len(v.Checkpoints) {
		return differ("the stripes of "+a.Name, "records under each checkpoint", "a checkpoint without any")
	}
	return nil
}

func (s *Stripe) fold(r *journalv1.Record, a Account, asset money.Asset) error {
	what := fmt.Sprintf("record %d.%d", r.GetShard(), r.GetSeq())
	if r.GetBook() != a.Book {
		return differ("the book of "+what, a.Book, r.GetBook())
	}
	touched := false
	for _, l := range r.GetLegs() {
		if l.GetAccount() != a.Name || l.GetAsset() != a.Asset {
			continue
		}
		touched = true
		if err := s.leg(what+", "+a.Name+" "+a.Asset, l, asset); err != nil {
			return err
		}
	}
	if !touched {
		return differ(what, "a change of "+a.Name+" "+a.Asset, "none")
	}
	s.Records++
	return nil
}

// leg takes the next change of the stripe.
func (s *Stripe) leg(what string, l *journalv1.Leg, asset money.Asset) error {
	amount, after, err := readLeg(l, asset)
	if err != nil {
		return differ(what, "amounts as the journal writes them", err.Error())
	}
	change := Sums{}
	switch l.GetKind() {
	case journalv1.LegKind_LEG_KIND_DEBIT:
		change.Debit = amount
	case journalv1.LegKind_LEG_KIND_CREDIT:
		change.Credit = amount
	case journalv1.LegKind_LEG_KIND_HOLD_DEBIT:
		change.HeldDebit = amount
	case journalv1.LegKind_LEG_KIND_HOLD_CREDIT:
		change.HeldCredit = amount
	default:
		return differ("the kind of change of "+what, "a debit, a credit or a hold", l.GetKind().String())
	}
	if s.First == 0 {
		s.First, s.Last = l.GetVersion(), l.GetVersion()-1
		s.Before = after.less(change)
		s.After = s.Before
		if s.First == 1 && !s.Before.equal(Sums{}) {
			return differ("the sums before the first change of "+what, "zero", s.Before.text(asset))
		}
	}
	if l.GetVersion() != s.Last+1 {
		return differ("the version of "+what, fmt.Sprint(s.Last+1), fmt.Sprintf("%d: a change was left out", l.GetVersion()))
	}
	s.Last = l.GetVersion()
	if want := s.After.plus(change); !want.equal(after) {
		return differ("the sums after "+what, want.text(asset), after.text(asset))
	}
	s.After = after
	return nil
}

func readLeg(l *journalv1.Leg, asset money.Asset) (amount money.Amount, after Sums, err error) {
	for _, field := range [...]struct {
		into  *money.Amount
		text  string
		empty bool // may be: it is zero
	}{
		{&amount, l.GetAmount(), false}, {&after.Debit, l.GetDebit(), false}, {&after.Credit, l.GetCredit(), false},
		{&after.HeldDebit, l.GetHeldDebit(), true}, {&after.HeldCredit, l.GetHeldCredit(), true},
	} {
		if field.text == "" && field.empty {
			continue
		}
		if *field.into, err = asset.Parse(field.text); err != nil {
			return amount, after, err
		}
		if asset.Format(*field.into) != field.text {
			return amount, after, fmt.Errorf("%q is not how %s is written", field.text, asset.Code)
		}
	}
	return amount, after, nil
}

func (s Sums) plus(o Sums) Sums {
	return Sums{s.Debit.Add(o.Debit), s.Credit.Add(o.Credit), s.HeldDebit.Add(o.HeldDebit), s.HeldCredit.Add(o.HeldCredit)}
}

func (s Sums) less(o Sums) Sums {
	return Sums{s.Debit.Sub(o.Debit), s.Credit.Sub(o.Credit), s.HeldDebit.Sub(o.HeldDebit), s.HeldCredit.Sub(o.HeldCredit)}
}

func (s Sums) equal(o Sums) bool {
	return s.Debit.Equal(o.Debit) && s.Credit.Equal(o.Credit) && s.HeldDebit.Equal(o.HeldDebit) && s.HeldCredit.Equal(o.HeldCredit)
}

func (s Sums) text(asset money.Asset) string {
	return fmt.Sprintf("debit %s, credit %s, held %s and %s", asset.Format(s.Debit), asset.Format(s.Credit),
		asset.Format(s.HeldDebit), asset.Format(s.HeldCredit))
}
