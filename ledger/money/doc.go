// Package money is the only place that knows how decimal amounts are represented.
//
// An Amount is an exact decimal number without an asset; an Asset is a code and
// a scale. Amounts enter and leave as decimal strings ("106.38"), never as
// floats, and are held in NUMERIC columns.
//
//	"106.38" --Asset.Parse--> Amount --Add, Sub, Cmp--> Amount --Asset.Format--> "106.38"
//
// Addition and subtraction are exact. The only operations that round are Percent
// and Div, and both take the rounding rule as an argument.
//
// Laws kept (money_test.go): Parse∘Format is the identity on every amount of the
// asset's scale; a+b-b = a; Split hands out exactly what it was given.
//
// It refuses to know: accounts, sides, signs of balances, exchange rates.
//
// Decided, with the reasons:
//
//   - An amount has at most 38 digits, a sum at most 57: sums of a type, and of money that
//     travels, are bounded by nothing that could be refused; 57 digits hold more amounts of 38
//     than a version can number.
package money
