// Package rule is how a rule comes to hold on every shard: a frozen or closed
// account, a closed period. It may not be broken anywhere once it is acknowledged,
// also not by a shard that never saw what it is about.
//
//	home of the subject              every other shard
//	  │ Begin: Put here
//	  │ put(version) ───────────────────▶ │ Put: its record says from when
//	  │ ◀── confirmed(version, record, found)
//	  │ all in: Confirmed ─▶ next step, or the operation is over
//
// A Home is told events, Begin and Receive; what it decides it gives at once to
// Books. What it remembers are rows, taken by Changes after the event and given back
// by Open. One change of a subject is under way at a time, and its home decides them
// in order, so a rule's versions are dense on every shard.
//
// A change may have a second step that depends on what the shards found: closing an
// account blocks it everywhere and sweeps its money to the home, and only when every
// shard has said that nothing is left, is it closed; otherwise it is opened again.
//
// It relies on links between shards that deliver in order and once, also over a
// restart (package stripe), and that carry the swept money before the confirmation.
//
// Laws kept: nothing is acknowledged before every shard holds the rule; what a
// confirmation says was found is of the same moment at which the rule was put; a
// change that began ends when the messages are delivered, whatever their order
// (model_test.go walks all orders).
//
// It refuses to know: what a rule says, accounts, money, databases, topics.
//
// Decided, with the reasons:
//
//   - A rule for all shards (freeze, close, limit, period) rides the numbered links of gathering
//     (ledger/rule): an account's money reaches its home before the confirmation that nothing is
//     left.
//   - What two people decide is a rule that waits for a second key; an approval brings in just
//     that rule, while it is still the next of its subject: both have decided about the same
//     thing; works for every kind of rule.
//   - What takes two people is a rule of the book in the log (kind policy), not a setting of a
//     process; freezing is never in it, and two alone make it less: every shard and every replay
//     decides the same; what stops a loss waits for nobody.
package rule
