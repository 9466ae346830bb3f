// Package ledger is the face of the books: it turns an operation of the command
// log into a journal record by the pure rules below it, and a record into an
// answer.
//
//	commandv1.Operation + View ──▶ Decide ──▶ Draft ──▶ journalv1.Record
//	                                 │
//	                     book.CheckEntry, Apply, Settle …
//
//	store.DB + record or account ──▶ Prove… ──▶ proof.Proof, for whoever does not trust us
//
// Laws kept: Decide reads the view and the operation, nothing else; a refusal
// changes nothing; a record says everything that folding it needs.
//
// It refuses to know: products, brokers, who waits for the answer.
//
// Decided, with the reasons:
//
//   - A scheduled entry is no entry before its day: a record holds, a timer posts: no read has to
//     leave it out.
//   - A condition available is money to be secured, so it gathers and needs a floor, and there is
//     none "at most"; version is of one stripe and decided on its shard, where gathering counts as
//     a move: an upper bound of a striped account cannot be decided without stopping its shards; a
//     lower one can be held in one place.
//   - A reversal lists every leg of its entry with what is gone; it is not reversed itself, nor is
//     what a flow booked; a correction is one record: the newest reversal alone is the state;
//     floors are looked at after both.
//   - Closing a period is a rule for all shards; its sheet is hashed at the records that confirmed
//     it, types in name order, without 1C numbers; the audit makes it again from the database
//     whose legs it has compared, so it keeps no sums by day; a flow's fact dated inside moves to
//     the first open day and keeps its own day in a link: what may change later is not hashed; a
//     fact is never lost and stops no flow.
//   - An exchange is checked, not computed; the position account of a pair is derived; client
//     money meets it only through an exchange: the caller says both sums, the books refuse with
//     what they expected and found.
package ledger
