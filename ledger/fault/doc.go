// Package fault is the one closed table of refusals.
//
// A refusal is a fact about a request that its caller can act on: a code, the
// field, the reason with the numbers that decided it. fault.md lists every code
// with its kind, whether a retry can help, and the words in Russian and English;
// the Go constants and the table are compared both ways at start.
//
// A Refusal is not a Go error of the program: it is an answer. Errors of the
// program (a lost connection, a broken invariant) never become a Refusal, and a
// Refusal never becomes an internal error.
package fault
