// Package closing is the flow of a company's monthly documents, and what a month's figures
// are.
//
//	company active ─ open ─▶ waiting ─ the 3rd ─▶ drawing ─ a document ─▶ issued: its number
//	                            ▲                    │  ▲                      │
//	                            └── nothing is new ──┘  └────── another one? ──┘
//
//	records of the books ──▶ Months ──▶ a sheet per month: opening + in − out = closing
//
// Laws kept (closing_test.go, sheet_test.go): numbers of a company and year are 1, 2, 3 … in
// the order of issue; a correction has the number of its first document and the next number
// of corrections; what was issued stays as it was; a sheet's opening and lines give its
// closing, and its closing is the next month's opening; a sheet says what a naive sum of the
// legs says.
//
// It refuses to know: how the books are read, what a document looks like, the VAT.
package closing
