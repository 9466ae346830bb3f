// Package company is the flow of a customer: what it may do and what it is charged.
//
//	register ─▶ registered ─ accept ─▶ awaiting_deposit ─ deposit ─▶ active
//	                                                        ▲
//	                        incoming: a line of the bank statement tells it │
//	                                      the registration that opened it ◀─┘ is told
//
// Laws kept: a statement line's deposit counts once; every day has at most one
// tariff; tariffs of the past do not change.
//
// It refuses to know: INN, names, accounts (private tables), the wallet's balance
// (the books), who may pay tasks (the API asks the state).
package company
