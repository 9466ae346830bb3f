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
package ledger
