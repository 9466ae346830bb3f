// Package tax says how much of a price is withheld from a person, what the company
// pays on top, and how much our commission is.
//
//	price, terms (kind, payer, status, day, ── tax.md ──▶ Sum: gross = payout + tax, contributions
//	  bonus left, the year so far)                             on top, and the rules used
//	Sum, terms ──▶ Explain: inputs, rule, version, rounding of every amount
//
// The rates are the dated tables of tax.md, read at start; a rate or a date that
// does not parse, bands out of order and periods that overlap stop the program.
//
// Laws kept (tax_test.go, against exact fractions): payout + tax = gross; a net
// price is paid out to the kopeck by the smallest gross that does so; a day that no row
// covers is an error; a row dated ahead works from its day on.
//
// It refuses to know: who the person is, what the tax service answered, the year's
// income and the bonus so far (they are inputs), accounts, the clock.
package tax
