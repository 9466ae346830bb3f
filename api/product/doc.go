// Package product is the API of the product's document: REST under /api with its names,
// for the programs of companies.
//
//	POST /api/tasks ─▶ key of a company ─▶ fields of product.md ─▶ request of a method ─▶ Connect handler
//	{"errors":{…}}  ◀─ words in Russian ◀─ the same refusal ◀──────────────────────────── or its answer
//
// product.md is the program: which path calls which method, which fields a call takes,
// of what kind each is and in which words it is refused, and what the answers hold. The
// tables are compared with this package both ways at start.
//
// A call is the Connect call of its method inside the process, as in api/rest: the same
// gate, rules, log, metrics and refusals. Idempotency keys of a company are its own.
//
// Laws kept: a field that a call does not know is refused by its name; an amount is read
// and written digit by digit, as a number or as a text; a company names itself by its key
// and in no other way; what is wrong is said of every field at once, in Russian.
//
// It refuses to know: rules of the books and of the flows, who may call what.
package product
