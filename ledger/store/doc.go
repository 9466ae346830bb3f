// Package store is all SQL of the ledger: one statement per file under sql/, one
// function per statement, one transaction runner.
//
//	journal records ──Rows.Add──▶ columns ──Writer.Commit──▶ one pipelined transaction
//	                                            │ 1 compares epoch, offset, seq; raises otherwise
//	                                            │ 2 takes the idempotency keys; raises when one is taken
//	                                            │ 3 segments, legs, holds, moves, effects, timers, totals
//	cold state ◀──Load…── sets of keys, before the transaction
//	readers    ◀──Balances, Legs, …── one snapshot, with the positions it has seen:
//	                        single seeks, many in one round trip
//
// Laws kept: rows are made from records and from nothing else, so a writer, the fold
// of missing events and a rebuild write the same rows; a commit of an owner whose
// epoch has passed changes nothing; a key is taken once in all shards; the newest leg
// of a stripe is its balance; totals are the sums of legs; every statement goes
// through the runner and is prepared, explained and checked by the tests on each
// database they are given.
//
// One database holds one installation: an owner's older sessions are found by the
// names of their connections, so two installations may share a server, but not a
// database.
//
// It refuses to know: rules of the books, Kafka, HTTP, what a flow's data means.
//
// Decided, with the reasons:
//
//   - What is searched follows the journal, as hashes, with a position of its own: never on the
//     write path; made anew when dropped.
//   - Late legs keep sums over dyadic spans of days: with one sum a day an account booked next
//     morning cost 250 round trips a year.
//   - Where a state has several lists, the record says in which one the aggregate stands; a column
//     and a partial index follow it: pages and counters are seeks; the store knows no flow's data.
//   - Who finds an aggregate beside its owner is in the record that changes it, and rows of it are
//     made behind the commits; an offer to everybody is one row: a circle of a thousand costs
//     other tasks' commits nothing.
package store
