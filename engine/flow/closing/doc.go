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
//
// Decided, with the reasons:
//
//   - A company's month is one numbered document, act and report together, and its CSV is its
//     figures: another CSV is a correction: one order of numbers without gaps also in a month
//     without commission; nothing but money makes a document untrue.
//   - Months are closed on the 3rd and looked at again with the next ones, a year back; the world
//     draws up the first document that is missing, the log gives it the number that it was asked
//     with: the bank's statement of the last day is here; one document is under way at a time, so
//     no number is lost.
package closing
