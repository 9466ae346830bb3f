// Package task is the flow of a task: work for a price, with tax withheld.
//
//	create ─▶ draft ─▶ inwork ─▶ (accepting) ─▶ completed ─▶ paying ─▶ paid
//	                                                 ▲  │
//	                                      retry ─────┴─ error ─▶ canceled
//
// Payment has one order: reserve gross and commission, check the right to
// register the income (self-employed only), pay, register the income, settle tax
// and commission. task.md is the program; Decide only names the row, the amounts
// and the accounts.
//
// Laws kept (task_test.go): paid and canceled leave nothing in reserve:{task} and
// claim:{task}; while paying exactly one ask is open; a payment that may have gone
// out is never sent again; what left the bank equals what its last words say.
//
// It refuses to know: names, INN, requisites, purposes (ids and versions only),
// the year's income so far, who may send a command, the clock.
package task
