// Package monthly reads a company's months from the books and draws up its documents.
//
//	wallet, deposit, reserves of its tasks ──▶ records of the days ──▶ closing.Months ──▶ sheets
//	                                                                                      │
//	the private tables ◀── PDF and CSV, under their SHA-256 ◀── engine/document ◀─────────┘
//
// Beginner begins the documents of active companies that have none, at the start of a process
// and every night, by one command each under a key of the company's: nobody has to call.
//
// Laws kept (api/closing_test.go, against the turnover balance sheet): everything of one
// answer is of one state of the books; a sheet whose figures and balances differ by a kopeck
// is an error and no document; the same month of the same books gives the same CSV; the act
// says of VAT what the configuration says, and nothing else.
//
// It refuses to know: numbers and versions (the flow closing gives them), when a month is
// drawn up, who may see it.
package monthly
