// Package engine is the loop: every change is a record on the command log, one
// writer per shard decides in order and in memory, one transaction writes
// everything, and what follows from it leaves the shard by itself.
//
//	Submit ─▶ command log ─▶ writer: decide ─▶ commit ─┬─▶ outcome to the waiting caller
//	              ▲                                     ├─▶ relay: journal ─▶ event log
//	              ├──── answers ◀── effects ◀───────────┤
//	              └──── due ◀───── timers ◀─────────────┘
//
//	submit.go   splits operations by route, appends, waits; hub.go tells, lookup.go asks
//	text.go     what may not enter the log
//	lease.go    which shards are ours; shard.go takes one over and runs its parts
//	fold.go     a database gets the events that it lacks, rebuild.go all of them;
//	            rejoin.go finds its place in the command log again
//	reader.go   decodes and waits for the clock
//	writer.go   batches and the commit pipeline; mend.go decides again what failed
//	decide.go   one command against memory: group.go all or none, key.go known keys,
//	            step.go flows, gather.go and link.go money of other shards,
//	            change.go rules that hold on every shard, aside.go what waits for a person
//	state.go    the memory of a shard, load.go fills it in sets
//	follow.go   behind the commits: from memory, or read back
//	relay.go    journal to event log, exactly once
//	project.go  journal to the tables that records are searched by
//	effect.go   open effects to ports, answers back as commands
//	timer.go    due timers back as commands
//	replay.go   the whole log decided again, to compare the heads
//
// Laws kept: nothing is acknowledged before the commit; a decision reads its own
// shard and its command, nothing else; the same log gives the same head hash
// whatever the batches; an effect's attempt acts once; an error that is not an
// answer is Unknown; a command that fails alone is put aside, whatever it did
// (panicked, clashed with itself, makes a record that cannot be kept), and the
// shard goes on; what only a person can mend has a name (Engine.Stopped).
//
// A rule for all shards (package rule; a frozen account is one) is added so: give it a
// kind and its own message in the oneof of journalv1.Rule; let its operation be routed
// to the one home of its subject (Route) and decided to a draft with that Rule (as
// ledger/change.go does), and send it through decider.change. Put then brings it into
// force on each shard by a record of its own, store.Rows keeps it, state.rules holds
// it; whoever decides asks view.Rule(kind, subject), and needs.rule loads it beforehand.
// The answer's record holds Confirmed: the rule and the vector of records with which
// the shards took it. A kind that must look before it is final (closing looks for
// money) answers its second step in Confirmed.
//
// A rule that takes two people is asked for with Ask: add its operation to the oneof of
// commandv1.Ask and to ledger.Guarded. What waits, expires and is approved is the same
// for every kind of rule (ledger/approval.go).
//
// It refuses to know: products (flows are tables), wire formats, who its callers
// are.
package engine
