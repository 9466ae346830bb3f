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
package rule
