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
//	confirm.go  final answers asked about again; hint.go what callbacks hint at
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
//
// Decided, with the reasons:
//
//   - A parked operation takes no key; externals are named by command and operation: what lets it
//     go on is another command.
//   - A rebuild is the fold of a take-over from zero; it proves the command topic by the last
//     records before it takes an offset: an offset says nothing without its topic.
//   - provodka replay decides the log again and compares record by record: the audit checks that
//     books follow from records, a replay that records follow from what was asked.
//   - A dry run gathers nothing: a shard that is short says so, the submitter reads the whole
//     account and asks again with it in the command; balances of such an account are told as a
//     whole: a decision reads its shard and its command; how money lies on shards after gathering
//     nobody can know before.
//   - What memory keeps of a million accounts (stripes, open names) has no pointers and is found
//     by a seeded hash of 128 bits: the collector took 60 % of the server's time; two names that
//     meet are as likely as two accounts with one id.
//   - A command that this process encoded is taken from memory when the log's bytes are the same:
//     decoding it again made 10 % of the garbage; any other byte is read from the log.
//   - Small commits share a transaction of the event log (25 ms) and of the search tables (100
//     ms); a stop publishes what is committed: each transaction costs durable writes whatever it
//     holds: a quarter of all processor time of single posts.
//   - Final answers are asked about again along the journal, one cursor for each pause of a table,
//     and only another answer becomes a command: a payment costs no row and no record more; what
//     is heard from several sides is the same word about the same attempt.
//   - A provider's callback is a row (hint) before it is answered and a question of the shard's
//     owner after it, never a command: it outlives the process that heard it, any process may
//     hear it, and the log has only what the provider said when it was asked. What it says is
//     used for one thing: when the journal says the same, nothing is asked.
package engine
