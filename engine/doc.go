// Package engine is the loop: every change is a record on the command log, one
// writer per shard decides in order and in memory, one transaction writes
// everything, and what follows from it leaves the shard by itself.
//
//	Submit ─▶ command log ─▶ writer: decide ─▶ commit ─┬─▶ outcome to the waiting caller
//	              ▲                                     ├─▶ relay: journal ─▶ event log
//	              ├──── answers ◀── effects ◀───────────┤
//	              └──── due ◀───── timers ◀─────────────┘
//
//	submit.go   splits operations by route, appends, waits
//	shard.go    lease, take-over, hand-over of one shard
//	writer.go   batches and the commit pipeline
//	decide.go   one command against memory
//	state.go    the memory of a shard, load.go fills it in sets
//	relay.go    journal to event log, exactly once
//	effect.go   open effects to ports, answers back as commands
//	timer.go    due timers back as commands
//
// Laws kept: nothing is acknowledged before the commit; a decision reads its own
// shard and its command, nothing else; the same log gives the same head hash
// whatever the batches; an effect's attempt acts once; an error that is not an
// answer is Unknown.
//
// It refuses to know: products (flows are tables), wire formats, who its callers
// are.
package engine
