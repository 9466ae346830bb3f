// Package feed is the flow that reads the tax service's lists of people: who took his
// binding to us back, and whose INN became another.
//
//	every night ─▶ leavers: page, page … ─▶ changes: page, page … ─▶ waiting
//	                  │ each of our people          │
//	                  ▼                             ▼
//	               npd: observed          executor: change_inn | inn_taken, npd: inn_changed
//
// One aggregate a book. It keeps where it is; what a page says goes to the people's own
// aggregates, by keys that the item gives, so that a page read twice says nothing twice.
//
// Laws kept (feed_test.go): nothing of a list is left out, whatever answers are lost, late
// or told twice: a window begins where the one before ended, less what may have come late,
// and a page is behind us when it was answered; one page is asked for at a time.
//
// It refuses to know: INN, names, what becomes of a person, the service's wire format.
//
// Decided, with the reasons:
//
//   - The reading is an aggregate with a timer and a cursor in the log, not a job beside it: a
//     restore and a take-over go on where the log is.
//   - It is opened by the first question to the tax service about a person of the book: a book
//     without people has nobody to look for.
package feed
