// Package incoming is the flow of one line of a bank statement.
//
//	line ─ Match ─▶ topped_up | depositing ─▶ deposited | own_transfer | known_debit | bank_fee
//	            └─▶ unmatched (suspense, suggestions) ─ a person ─▶ topped_up | depositing | returning ─▶ returned
//	            └─▶ unexplained (claim) ─ a person ─▶ explained | known_debit
//
// Match is a pure function over what the private tables hold; its result, ids and
// rules only, goes into the command. The same line again books nothing: its id
// derives from its content (LineID).
//
// Laws kept (incoming_test.go): every kopeck of a line is booked once; a terminal
// state leaves nothing in suspense:{line} and claim:{line}; no line is given to a
// company by a guess (match_test.go).
//
// It refuses to know: files and encodings (adapters/onec), where lines and
// companies are kept, names of banks.
//
// Decided, with the reasons:
//
//   - A statement's line that shows a payment of ours come back books nothing: it tells the
//     payment's flow, and waits in suspense when that cannot be: one place books what came back,
//     whoever says it first.
//   - A refund of tax stays in suspense until the order that was paid twice has counted it, then the
//     line books it, on the account that it came to; money of which a return was tried is somebody's,
//     and is no refund.
package incoming
