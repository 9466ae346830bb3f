package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// books are the spreadsheet of the play: debits and credits of every account.
type books struct {
	accounts map[string]*sides
	wallet   *big.Rat       // of the company
	ways     map[string]int // payments that the bank executed, by the way that they took
}

type sides struct{ debit, credit *big.Rat }

func newBooks() *books {
	return &books{accounts: map[string]*sides{}, wallet: new(big.Rat), ways: map[string]int{}}
}

// Names of accounts; what stands in braces is an id that the player puts in.
const (
	settlement = "bank:settlement"
	second     = "bank:second"
	walletOf   = "wallet:{company}"
)

func (b *books) at(account string) *sides {
	if b.accounts[account] == nil {
		b.accounts[account] = &sides{new(big.Rat), new(big.Rat)}
	}
	return b.accounts[account]
}

func (b *books) debit(account string, sum *big.Rat)  { s := b.at(account); s.debit.Add(s.debit, sum) }
func (b *books) credit(account string, sum *big.Rat) { s := b.at(account); s.credit.Add(s.credit, sum) }

// pay is a payment that left the bank, and back one that came back to it.
func (b *books) pay(way string, sum *big.Rat) {
	b.credit(settlement, sum)
	b.wallet.Sub(b.wallet, sum)
	b.ways[way]++
}

func (b *books) back(sum *big.Rat) { b.debit(settlement, sum); b.wallet.Add(b.wallet, sum) }

// settle holds the tax, charges the contributions and earns the commission; unsettle undoes it.
func (b *books) settle(p person, s sums) {
	for account, sum := range held(p, s) {
		b.credit(account, sum)
		b.wallet.Sub(b.wallet, sum)
	}
}

func (b *books) unsettle(p person, s sums) {
	for account, sum := range held(p, s) {
		b.debit(account, sum)
		b.wallet.Add(b.wallet, sum)
	}
}

func held(p person, s sums) map[string]*big.Rat {
	out := map[string]*big.Rat{"revenue:commission": s.commission}
	if s.contributions.Sign() > 0 {
		out["contribution:{"+p.Ref+"}"] = s.contributions
	}
	switch {
	case s.tax.Sign() == 0:
	case p.Kind == civil:
		out["tax-ndfl:{"+p.Ref+"}"] = s.tax
	default:
		out["tax-npd:{"+p.Ref+"}"] = s.tax
	}
	return out
}

// play posts what becomes of a task's money.
func (b *books) play(t task, s sums, end string) {
	switch {
	case t.Mark == returned: // paid and settled, and all of it came back
		b.pay(t.way(), s.payout)
		b.settle(t.Person, s)
		b.back(s.payout)
		b.unsettle(t.Person, s)
	case t.Mark == annulled: // the money stays with the person
		b.settle(t.Person, s)
		b.unsettle(t.Person, s)
	case t.Mark == after: // it left with nothing set aside for it
		claim := fmt.Sprintf("claim:{line %d}", t.Line)
		b.debit(claim, s.payout)
		b.credit(claim, s.payout)
	}
	if end == paid {
		b.pay(t.way(), s.payout)
		b.settle(t.Person, s)
	}
}

// statement posts what the bank's statement says.
func (b *books) statement() {
	for account, sum := range map[string]*big.Rat{"deposit:{company}": rat(deposit), "suspense:{" + unknown.String() + "}": rat(unknown)} {
		b.debit(settlement, sum)
		b.credit(account, sum)
	}
	for _, sum := range topUps {
		b.debit(settlement, rat(sum))
		b.wallet.Add(b.wallet, rat(sum))
	}
	b.credit(settlement, rat(transfer))
	b.debit(second, rat(transfer))
	b.credit(settlement, rat(bankFee))
	b.debit("expense:bank-fee", rat(bankFee))
}

// sheet is the trial balance by accounts: turnovers, and the balance on its side. How often a
// wallet's money is set aside and comes back depends on how often a payment is tried, so
// turnovers of wallet and reserves are not foretold: their balances are.
func (b *books) sheet() ([]byte, error) {
	rows := [][]string{{"account", "debit", "credit", "debit_balance", "credit_balance"}}
	names := make([]string, 0, len(b.accounts))
	for name := range b.accounts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := b.at(name)
		over, under := new(big.Rat).Sub(s.debit, s.credit), new(big.Rat).Sub(s.credit, s.debit)
		rows = append(rows, []string{name, kopecks(s.debit), kopecks(s.credit), positive(over), positive(under)})
	}
	// What goes over reserves and other claims depends on how often a payment is tried; it ends empty.
	rows = append(rows, []string{"claim:*", "", "", "0.00", "0.00"}, []string{"reserve:*", "", "", "0.00", "0.00"}, []string{walletOf, "", "", "0.00", kopecks(b.wallet)})
	// Those of the README's tour are the newcomer's own.
	rows = append(rows, []string{"capital:*", "", "", "", ""}, []string{"clearing:*", "", "", "", ""})
	return table(rows)
}

// paid is how many payments the bank executed.
func (b *books) paid() (n int) {
	for _, way := range b.ways {
		n += way
	}
	return n
}

func kopecks(r *big.Rat) string { return r.FloatString(2) }

func positive(r *big.Rat) string {
	if r.Sign() < 0 {
		return "0.00"
	}
	return kopecks(r)
}

func table(rows [][]string) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write a table: %w", err)
	}
	return out.Bytes(), nil
}

// earner is a line of the table of persons.
type earner struct {
	person
	paid                                           int
	gross, payout, npd, ndfl, contributions, bonus *big.Rat
	held                                           *big.Rat // income of tasks that are not paid: it has its room under the limit
	left                                           []string // errors that stay
}

// line writes the person's line. Income against the limit is that of the self-employed.
func (e *earner) line() []string {
	bonus, registered, free := "", "", ""
	if e.Kind == selfEmployed {
		registered, free = kopecks(e.gross), kopecks(new(big.Rat).Sub(yearlyLimit, new(big.Rat).Add(e.gross, e.held)))
		if e.Bonus != "" {
			given, _ := new(big.Rat).SetString(e.Bonus)
			bonus = kopecks(given.Sub(given, e.bonus))
		}
	}
	return []string{
		e.Ref, e.Kind, fmt.Sprint(e.paid), kopecks(e.gross), kopecks(e.payout), kopecks(e.npd), kopecks(e.ndfl), kopecks(e.contributions),
		kopecks(e.bonus), bonus, registered, free, strings.Join(e.left, " "),
	}
}

var yearlyLimit = big.NewRat(2_400_000, 1)

// outcome is all that comes of the play.
type outcome struct {
	*books
	earners        []*earner
	states         map[string]int
	errors, drafts map[string]int
}

// perform works the play out task by task, in a year of that border.
func perform(all []person, list []task, border int64) outcome {
	o := outcome{books: newBooks(), states: map[string]int{}, errors: map[string]int{}, drafts: map[string]int{}}
	o.statement()
	o.remit(all)
	by, years := map[string]*earner{}, map[string]*year{}
	for _, p := range all {
		e := &earner{person: p, gross: new(big.Rat), payout: new(big.Rat), npd: new(big.Rat), ndfl: new(big.Rat), contributions: new(big.Rat), bonus: new(big.Rat), held: new(big.Rat)}
		o.earners, by[p.Ref], years[p.Ref] = append(o.earners, e), e, newYear(border, p.Bonus)
	}
	for _, t := range list {
		e := by[t.Person.Ref]
		end, code := t.end(list)
		o.states[end]++
		switch end {
		case stopped:
			o.errors[code]++
			e.left = append(e.left, code)
			e.held.Add(e.held, t.price(newYear(border, "")).gross)
			continue
		case draft:
			o.drafts[code]++
			continue
		}
		if t.Unsigned {
			continue
		}
		s := t.price(years[t.Person.Ref])
		o.play(t, s, end)
		if end == paid {
			e.earn(s)
		}
	}
	return o
}

func (e *earner) earn(s sums) {
	e.paid++
	tax := e.npd
	if e.Kind == civil {
		tax = e.ndfl
	}
	for to, sum := range map[*big.Rat]*big.Rat{e.gross: s.gross, e.payout: s.payout, tax: s.tax, e.contributions: s.contributions, e.bonus: s.bonus} {
		to.Add(to, sum)
	}
}

// persons is the table of what each has earned.
func (o outcome) persons() ([]byte, error) {
	rows := [][]string{{
		"person", "kind", "paid_tasks", "gross", "payout", "npd", "ndfl", "contributions", "bonus_used", "bonus_left",
		"registered_income", "free_under_limit", "left_in_error",
	}}
	for _, e := range o.earners {
		rows = append(rows, e.line())
	}
	return table(rows)
}
