package ledger

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// single is an installation of one shard.
type single struct {
	rich
	stripes map[string]book.Stripe
	rules   map[string]*journalv1.Rule
	holds   map[uint64]book.Hold
}

func (s single) Hold(seq uint64) (book.Hold, bool) { h, ok := s.holds[seq]; return h, ok }

func (s single) Stripe(account, asset string) book.Stripe { return s.stripes[account+asset] }
func (s single) Rule(_, subject string) *journalv1.Rule   { return s.rules[subject] }
func (s single) Standing(account string) book.Standing    { return StandingOf(s.rules[account]) }
func (s single) SumDigits(string, string) int             { return money.MaxDigits }

func (s single) Limit(account, asset string) money.Amount {
	return StandingOf(s.rules[account]).Limit(asset)
}

// naive is an account as a child would keep it: whole kopecks and three words.
type naive struct {
	balance, limit, held      int64
	noDebits, noCredits, shut bool
}

// TestStandingsAgainstANaiveModel does random changes and payments, and both agree about
// every one of them and about every balance.
func TestStandingsAgainstANaiveModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		v := single{stripes: map[string]book.Stripe{}, rules: map[string]*journalv1.Rule{}, holds: map[uint64]book.Hold{}}
		placed := map[uint64]*naiveHold{}
		names := []string{"merchant:a", "merchant:b"}
		model := naives{names[0]: {}, names[1]: {}}
		seq := uint64(0)
		decide := func(op *commandv1.Operation) fault.Code {
			seq++
			d, refusal, short := Decide(v, op, Now{Seq: seq, US: int64(seq), Day: "2026-11-22"})
			if short != nil {
				return fault.InsufficientFunds
			}
			if refusal != nil {
				return refusal.Code
			}
			for _, a := range d.Applied {
				v.stripes[a.Account+a.Asset.Code] = a.After
			}
			for _, h := range d.Holds {
				v.holds[h.Seq] = h
			}
			for _, r := range d.Record.GetRules() {
				if StandingOf(r).Status == book.Closing { // as the home ends it
					left := v.Stripe(r.GetSubject(), "RUB")
					r = Closed(r, left.Balance(book.Liability).IsZero() && left.HeldDebit.IsZero(), Now{US: int64(seq)})
					v.rules[r.GetSubject()] = r
					if r.GetChange() == Keep {
						return fault.AccountNotEmpty
					}
				}
				v.rules[r.GetSubject()] = r
			}
			return ""
		}
		for range rapid.IntRange(1, 100).Draw(rt, "steps") {
			x := rapid.SampledFrom(names).Draw(rt, "account")
			m := model[x]
			sum := rapid.Int64Range(0, 500).Draw(rt, "kopecks")
			var got, want fault.Code
			switch what := rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10}).Draw(rt, "what"); what {
			case 0, 1, 2: // in, out, or to the other one
				from, to := "bank:s", x
				other := names[0]
				if x == other {
					other = names[1]
				}
				if what > 0 {
					from, to = x, []string{"", "bank:s", other}[what]
				}
				sum++
				got = decide(transfer(from, to, money.New(sum, 2)))
				want = model.try(from, to, sum)
			case 8:
				sum++
				got = decide(&commandv1.Operation{What: &commandv1.Operation_Place{Place: &commandv1.Place{
					Account: x, Asset: "RUB", Amount: money.RUB.Format(money.New(sum, 2)), Open: true,
				}}})
				if want = m.hold(sum); want == "" {
					placed[seq] = &naiveHold{m, sum}
				}
			case 9, 10:
				if len(placed) == 0 {
					continue
				}
				of := rapid.SampledFrom(slices.Sorted(maps.Keys(placed))).Draw(rt, "hold")
				op := &commandv1.Operation{What: &commandv1.Operation_Void{Void: &commandv1.Void{PlacedSeq: of}}}
				if what == 9 {
					op.What = &commandv1.Operation_Settle{Settle: &commandv1.Settle{PlacedSeq: of, Kind: "transfer", Credits: []*commandv1.Leg{
						{Account: "bank:s", Asset: "RUB", Amount: money.RUB.Format(money.New(placed[of].sum, 2))},
					}}}
				}
				got = decide(op)
				if want = placed[of].end(what == 9); want == "" {
					delete(placed, of)
				}
			default:
				c := &commandv1.ChangeAccount{Account: x, Reason: "r", Asset: "RUB"}
				c.Debits, c.Credits = rapid.Bool().Draw(rt, "debits"), rapid.Bool().Draw(rt, "credits")
				c.What = commandv1.AccountChange(what - 2)
				c.Limit = money.RUB.Format(money.New(sum, 2))
				got = decide(&commandv1.Operation{What: &commandv1.Operation_Change{Change: c}})
				want = m.change(c, sum)
			}
			if got != want {
				rt.Fatalf("got %q, the naive model says %q", got, want)
			}
			for n, m := range model {
				if b := v.Stripe(n, "RUB").Balance(book.Liability); b.Cmp(money.New(m.balance, 2)) != 0 {
					rt.Fatalf("%s has %s, want %d", n, b, m.balance)
				}
			}
		}
	})
}

type naives map[string]*naive

// try moves money if both sides take it and the one that gives has it.
func (n naives) try(from, to string, sum int64) fault.Code {
	for _, side := range []struct {
		name   string
		credit bool
	}{{from, false}, {to, true}} {
		m := n[side.name]
		switch {
		case m == nil:
		case m.shut:
			return fault.AccountClosed
		case side.credit && m.noCredits, !side.credit && m.noDebits:
			return fault.AccountFrozen
		}
	}
	if m := n[from]; m != nil {
		if m.balance-m.held-sum < -m.limit {
			return fault.InsufficientFunds
		}
		m.balance -= sum
	}
	if m := n[to]; m != nil {
		m.balance += sum
	}
	return ""
}

// naiveHold is money that somebody promised.
type naiveHold struct {
	of  *naive
	sum int64
}

func (m *naive) hold(sum int64) fault.Code {
	switch {
	case m.shut:
		return fault.AccountClosed
	case m.noDebits:
		return fault.AccountFrozen
	case m.balance-m.held-sum < -m.limit:
		return fault.InsufficientFunds
	}
	m.held += sum
	return ""
}

// end pays or gives back what was promised: a limit that was cut meanwhile breaks no promise.
func (h *naiveHold) end(pay bool) fault.Code {
	if pay && h.of.noDebits {
		return fault.AccountFrozen
	}
	h.of.held -= h.sum
	if pay {
		h.of.balance -= h.sum
	}
	return ""
}

func (m *naive) change(c *commandv1.ChangeAccount, sum int64) fault.Code {
	freeze := c.GetWhat() == commandv1.AccountChange_ACCOUNT_CHANGE_FREEZE
	switch what := c.GetWhat(); {
	case what == commandv1.AccountChange_ACCOUNT_CHANGE_REOPEN:
		if !m.shut {
			return fault.WrongState
		}
		m.shut = false
	case m.shut:
		return fault.AccountClosed
	case what == commandv1.AccountChange_ACCOUNT_CHANGE_CLOSE:
		if m.balance != 0 || m.held != 0 {
			return fault.AccountNotEmpty
		}
		m.shut = true
	case what == commandv1.AccountChange_ACCOUNT_CHANGE_LIMIT:
		if m.limit == sum {
			return fault.WrongState
		}
		m.limit = sum
	case !c.GetDebits() && !c.GetCredits():
		return fault.Malformed
	case (!c.GetDebits() || m.noDebits == freeze) && (!c.GetCredits() || m.noCredits == freeze):
		return fault.WrongState
	default:
		m.noDebits = m.noDebits && !c.GetDebits() || freeze && (m.noDebits || c.GetDebits())
		m.noCredits = m.noCredits && !c.GetCredits() || freeze && (m.noCredits || c.GetCredits())
	}
	return ""
}

func transfer(from, to string, amount money.Amount) *commandv1.Operation {
	text := money.RUB.Format(amount)
	return &commandv1.Operation{What: &commandv1.Operation_Post{Post: &commandv1.Post{Kind: "transfer", Legs: []*commandv1.Leg{
		{Account: from, Asset: "RUB", Debit: true, Amount: text, Open: true},
		{Account: to, Asset: "RUB", Amount: text, Open: true},
	}}}}
}

// TestAmountsOfEveryScale moves one smallest unit and the largest amount of every asset,
// and every digit is there afterwards.
func TestAmountsOfEveryScale(t *testing.T) {
	t.Parallel()
	for _, asset := range money.Assets() {
		t.Run(fmt.Sprint(asset.Code, asset.Scale), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				v := single{stripes: map[string]book.Stripe{}, rules: map[string]*journalv1.Rule{}, holds: map[uint64]book.Hold{}}
				sum := money.Zero
				for range rapid.IntRange(1, 5).Draw(rt, "entries") {
					whole := rapid.StringMatching(fmt.Sprintf(`[1-9][0-9]{0,%d}`, 35-asset.Scale)).Draw(rt, "whole")
					text := whole
					if asset.Scale > 0 {
						text += "." + rapid.StringMatching(fmt.Sprintf(`[0-9]{%d}`, asset.Scale)).Draw(rt, "places")
					}
					op := transfer("bank:s", "merchant:a", money.New(1, 2))
					for _, l := range op.GetPost().GetLegs() {
						l.Asset, l.Amount = asset.Code, text
					}
					d, refusal, short := Decide(v, op, Now{Seq: 1, US: 1, Day: "2026-11-22"})
					if refusal != nil || short != nil {
						rt.Fatal(refusal, short)
					}
					for _, a := range d.Applied {
						v.stripes[a.Account+a.Asset.Code] = a.After
					}
					sum = sum.Add(money.MustParse(text))
					if got := d.Record.GetLegs()[0].GetAmount(); got != text {
						rt.Fatalf("%s is journaled as %s", text, got)
					}
				}
				if got := v.Stripe("merchant:a", asset.Code).Balance(book.Liability); got.Cmp(sum) != 0 {
					rt.Fatalf("%s, want %s", got, sum)
				}
			})
		})
	}
}

// TestAFlowsFactOfAClosedDay is booked on the first open day, and says which day it was of.
func TestAFlowsFactOfAClosedDay(t *testing.T) {
	t.Parallel()
	v := single{stripes: map[string]book.Stripe{}, rules: map[string]*journalv1.Rule{PeriodSubject: {
		What: &journalv1.Rule_Period{Period: &journalv1.Period{Through: "2026-10-31"}},
	}}}
	legs, _ := changes(nil, "legs", transfer("bank:s", "merchant:a", money.New(100, 2)).GetPost().GetLegs())
	links := map[string]string{"incoming": "1"}
	for day, want := range map[string][2]string{"2026-10-30": {"2026-11-01", "2026-10-30"}, "2026-11-01": {"2026-11-01", ""}} {
		d, refusal, short := Entry(v, "transfer", day, legs, links)
		if refusal != nil || short != nil {
			t.Fatal(refusal, short)
		}
		e := d.Record.GetEntry()
		if got := [2]string{e.GetDay(), e.GetLinks()[LinkDated]}; got != want || e.GetLinks()["incoming"] != "1" || len(links) != 1 {
			t.Errorf("of %s: %v, want %v", day, e, want)
		}
	}
}
