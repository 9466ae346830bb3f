// Package stage is what every sandbox stands on: its own books on disk and the
// script of its misbehaviour. A sandbox speaks the partner's protocol; the stage
// remembers what was really executed and says how to behave.
//
//	POST ─▶ sandbox ─▶ Books.Post ─▶ Payment, Rule ─▶ execute? answer? keep silent?
//	                      │                              │
//	                  books.jsonl ◀──────────────────────┘   GET /sandbox/books ─▶ tests, auditors
//
// The books are an append-only file of JSON lines, one per event, fsynced before
// any answer leaves. After kill -9 the file is read again; a torn last line is cut
// off: its event was never answered. A line that cannot be read elsewhere stops the start.
//
// A payment is known by the partner's dedup key. The script is a list of rules; the
// first rule that fits a payment when it is first seen is written down with it, so
// that a restart changes nothing. Rules fit by texts, by the count of payments that
// fit so far, and by seed: a share of payments chosen by a hash of seed and id, the
// same on every run.
//
// Laws kept (stage_test.go): a payment is executed at most once, counted in the
// file, not in memory; the state after a restart at any byte of the file is the state
// of some moment before.
//
// It refuses to know: HTTP paths, fields and words of any partner; our books.
package stage
