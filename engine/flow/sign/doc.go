// Package sign is the flow of one person who signs one document by a code from an SMS.
//
//	code ─▶ asked ─▶ confirm ─▶ telling ─▶ signed
//	         ▲ │ wrong, code         │
//	       locked            the task refused
//
// The person has seen a file; the code is for that file alone, and a right code under
// another one is refused. What the signature means the task decides: it is told, and its
// answer is waited for.
//
// Laws kept (sign_test.go): every wrong entry is counted by the log, however many come at
// once; a code signs one file, once; nothing is signed that the task did not take.
//
// It refuses to know: phones, names, codes, files, the addresses people come from (private
// tables, by id), who sends messages, what a document says.
package sign
