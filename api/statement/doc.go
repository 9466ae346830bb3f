// Package statement serves StatementService: bank statements of our own accounts.
//
//	file, bank ─▶ movements ─▶ lines with ids ─▶ match: whose money is it? ─▶ one command a line ─▶ what became of each
//	                                          ▲ companies by INN, account, marker, contract; payouts that no statement has shown
//
// The bank itself tells of accounts for which it is asked (pull.go): the same lines, the same way.
// An account has one source, the bank or files.
//
// A line's id follows from what it says, so the same movement of another file, or the other
// side of a transfer between our accounts, is the same line.
//
// The bank may change what it has told: names of operations, requisites, sums. tell.go finds the line
// of each (incoming.Tell) by what it has kept of what was told (table bank_line), beside the log:
// where that is lost a line is known by its requisites, and one that was changed by what the books say of it (recall.go). How far an account was read is kept too (bank_read),
// and reading goes on from there, however long ago that was; what is refused holds it back.
//
// Lines are listed by state, or, by account, value day and sum, from the search tables (store.Dated); the steps
// of one line are the records that moved it (line.go).
//
// Laws kept: a movement is booked once, from however many files; a line is sent again as it
// was sent first; a file of an account that is not ours changes nothing; what is personal
// stands beside the log.
//
// It refuses to know: formats of files (engine/port.StatementReader), the rules of matching
// (engine/flow/incoming).
package statement
