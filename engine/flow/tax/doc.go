// Package tax says how much of a price is withheld from a person and how much
// our commission is.
//
//	price, terms (kind, payer, status, day) ── tax.md ──▶ Sum: gross = payout + tax, and the rule used
//
// The rates are the dated tables of tax.md, read at start; a rate or a date that
// does not parse, bands out of order and periods that overlap stop the program.
//
// Laws kept (tax_test.go, against exact fractions): payout + tax = gross; a net
// price is paid out to the kopeck; FromGross of FromNet's gross is the same sum.
//
// It refuses to know: who the person is, what the tax service answered, the year's
// income so far (it is an input), accounts, the clock.
package tax
