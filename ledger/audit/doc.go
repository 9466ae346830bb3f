// Package audit rebuilds the books from published events alone and says where they
// first contradict themselves, an archive's footer or a snapshot of the database.
//
//	events, shard by shard ──Add──▶ envelope ▸ chain ▸ legs ▸ entry ▸ holds ▸ flow ──▶ state
//	                                                                                   │
//	database snapshot ──ReadSnapshot──▶ one digest per stripe ─────────Compare─────────┤
//	                                                                                   ▼
//	                                             nothing, or the first *Difference, in one line
//
//	audit.go     Auditor: the order of records, counts, heads
//	legs.go      stripes: amounts, dense versions, after-sums, floors, double entry
//	holds.go     holds: placed, settled, voided, expired; held sums
//	flow.go      moves, effects, timers of product flows
//	keys.go      idempotency keys over all shards
//	snapshot.go  what is kept of a database snapshot
//	compare.go   state against snapshot; locate.go names the row inside a stripe
//	stripes.go   where stripes are kept: a million of them, cheap for the collector
//	follow.go    Follower: one shard without an end, with bounded memory
//	archive.go   the file that holds events without a broker
//
// Laws kept (audit_test.go, tamper_test.go): books that the engine wrote pass; a changed
// byte of a value, a key or a header is a difference, and so is one of an archive; a
// changed row of a snapshot is named with its field; memory grows with stripes, holds,
// aggregates and keys, never with legs.
//
// An auditor believes nothing that a record says about its own result: it computes
// every sum again and compares. It knows the chart of this program: a log written under
// another chart is audited by the program of that chart.
//
// It refuses to know: brokers, SQL, what a flow's data means, the gathering between
// stripes (its messages are carried by the chain, its money by ordinary legs).
//
// Decided, with the reasons:
//
//   - The continuous auditor forgets quiet stripes and reads them back; one fault is one finding:
//     bounded memory; keys, flows and what is changed behind it are for provodka audit.
package audit
