// Package book holds the pure rules of double entry: account names, the chart,
// stripes, entries and holds. No I/O, no clock.
//
//	operation + View of stripes and holds ──▶ Apply ──▶ legs with after-sums, or a refusal
//
// Laws kept (book_test.go, against a naive second model): debits equal credits
// per asset; a stripe's sums are the sum of its legs; the version of a stripe is
// dense; what is held is the sum of the open holds; a floor is never crossed; a
// refusal changes nothing.
//
// It refuses to know: shards other than its own, where rows come from, products.
//
// Decided, with the reasons:
//
//   - A hold pays no more in time and late together than it held, unless an operation says its own
//     limit beyond: late money and over-capture are explicit, never an accident.
package book
