// Package booktest is the second model of the books: plain, slow and whole. It keeps the
// book of one shard as a bookkeeper would on squared paper, with big.Int in the smallest
// units and big.Rat for shares, and shares no code with the rules that it checks.
//
//	Model + operation ──▶ Do ──▶ the code of a refusal, or "" and the model after it
//
// A feature adds its verb to Verbs (by the name of the operation's field: "post"), what
// it forbids to Guards, and how to draw it to Draws. A verb works on a copy that is
// thrown away when it refuses, so it may change things before it knows.
//
// It refuses to know: ledger/book, gathering between shards, what a record looks like.
package booktest
