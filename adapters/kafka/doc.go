// Package kafka carries the logs of the loop on Apache Kafka, or on anything that
// speaks its protocol with transactions and leader epochs.
//
//	Append ──▶ provodka.commands     partition = shard   stamped by the broker, kept for ever
//	Read   ◀──        "              from a stored offset, checked, never reset
//	Own ─────▶ provodka.events       partition = shard   one transactional writer, kept for ever
//	Replay ◀──        "              committed records only
//	Tell ────▶ provodka.outcomes     one partition       kept for minutes, may be lost
//	PutCheckpoint  ─▶ provodka.checkpoints   one partition   signed heads of all shards, kept for ever
//	LastCheckpoint ◀─        "               from the end backwards
//
// Taking a shard's event log over, each step useless without the one before:
//
//	InitProducerID("provodka-relay-<shard>")   fences the earlier owner, ends what it left open
//	last stable offset                         nothing of the earlier owner can come before it
//	last committed record below it             the tail: the new owner publishes what follows
//
// Laws kept (the same suite runs on the embedded broker and on Apache Kafka): records
// of one shard stand in the order they were appended; after Own nothing of an earlier
// owner appears; a Publish is visible whole or not at all; a position that no longer
// fits its topic is an error with a name and never a jump to another offset; an error
// in the middle of a batch leaves no gap, because the results of the records are
// looked at before the transaction is ended (ending it says nothing about them).
//
// On a broker of one's own, `add.partitions.to.txn.retry.backoff.ms=1` makes
// transactions two to five times as frequent; it is a setting of the broker (Apache
// Kafka 4.x) and cannot be set from here.
//
// It refuses to know: what the records say. Producers and consumers of other groups,
// rebalancing and committed group offsets have no part in the loop.
//
// Decided, with the reasons:
//
//   - Kafka is written by one fenced transactional producer a shard; results are looked at before
//     the end of a transaction; no empty one proves ownership: ending answers success also when a
//     record was refused, or the writer fenced long ago.
//   - Committed events are told by their markers, not by the broker's list of aborted ones: after
//     a kill the embedded broker lists a transaction without a marker, and clients then drop what
//     was committed after it.
//   - Commands that come thick (25 in 10 ms) wait up to 2 ms for each other, one that comes alone does
//     not: 16 to 64 clients who post singly get a fifth to a third more through, each answered sooner.
//   - A caller's context does not travel into the producer: the client fails a whole batch when
//     its first record's context ends.
package kafka
