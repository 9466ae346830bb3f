// Package task is the flow of a task: work for a price, with tax withheld.
//
//	create ─▶ draft ─▶ inwork ─▶ (accepting) ─▶ completed ─▶ paying ─▶ paid
//	                                                 ▲  │
//	                                      retry ─────┴─ error ─▶ canceled
//
// Payment has one order: reserve what it can cost, check the right to register the
// income (self-employed only), ask the executor's year for the cap and the tax, pay,
// register the income, settle tax, contributions and commission. task.md is the
// program; Decide only names the row, the amounts and the accounts.
//
// What the task is in the executor's year (its share) is a function of what the task
// knows; when it differs from what the year was last told, the step tells it. So no row
// can forget to undo tax and cap.
//
// Laws kept (task_test.go): paid and canceled leave nothing in reserve:{task} and
// claim:{task}; while paying exactly one ask is open; a payment that may have gone
// out is never sent again; what left the bank equals what its last words say; the changes
// of the executor's year add up to the task's share, and a canceled task has none.
//
// It refuses to know: names, INN, requisites, purposes (ids and versions only),
// what other tasks are in the executor's year, who may send a command, the clock.
//
// Decided, with the reasons:
//
//   - A payment sets aside what it can cost at most; tax accounts may fall below zero; no row in
//     the tables, no tax: an answer of the world never has to take money that may not be there.
//   - What a task's texts are is a version that the flow names; a change says which one it was
//     made of, and an executor which terms he signs: texts stay outside the log, no change is
//     lost, nobody signs what he did not see.
//   - An offer is a part of its task, so acceptances race in one aggregate; while the executor's
//     year is asked about the first, the others hear that it is taken, and a refusal opens the
//     offer again: one writer decides, and nobody is promised what another may still get.
//   - A payment that stopped is retried by a command like anybody's, which an effect sends under
//     its attempt's key; only the pauses are the flow's: floors, gathering and refusals hold as
//     for a person; an effect asked twice retries once.
package task
