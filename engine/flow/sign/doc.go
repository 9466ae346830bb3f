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
//
// Decided, with the reasons:
//
//   - Signing by a code is a flow of its own that tells the task: codes and tries are counted
//     without a row in every state of a task; another document's flow can be told the same way.
//   - A file is made anew until somebody signs it, then its bytes are kept; a signing link's
//     secret stands behind # and is derived of the executor too: what was seen is signed or
//     refused; no server's log has a secret, and another executor's link is another one.
package sign
