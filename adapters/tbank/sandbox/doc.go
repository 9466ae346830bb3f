// Package sandbox is a T-Bank that misbehaves on request: the same paths, fields
// and errors as the business API, its own books, a script of faults.
//
//	adapter ─▶ POST /api/v1/payment/{ruble-transfer, sbp, card-transfer}/pay ─▶ stage.Books ─▶ books.jsonl
//	        ─▶ GET  /api/v1/payment/{id}                        ▲
//	        ─▶ POST /api/v1/webhook?eventType=payment-status ─▶ courier ─▶ our POST /callbacks/bank, until it is heard
//	        ─▶ GET  /api/v1/statement                           │
//	tests   ─▶ GET  /sandbox/books   POST /sandbox/script, /sandbox/incoming
//
// It deduplicates by id as the bank does: the first send counts, a later one
// answers 201 and changes nothing; a later one that asks for something else is counted
// as a mismatch. Without a rule a payment is executed at once.
//
// Faults played: slow, silent, silent_applied, error, error_applied, in_progress,
// unknown_status, refuse (422 with code and message), fail (201, then FAILED with
// message), refuse_second (acts in silence, then 422 to every later send), taken_back
// (EXECUTED, then FAILED, by a callback too when the rule has a delay), duplicate (the
// callback twice), reordered (EXECUTED, then IN_PROGRESS, by callback and by GET), early (the
// callback is heard before the payment is answered). Of callbacks, "callback" in scripts:
// silent (none is made).
//
// The statement is made of its own books: payments that left, those that came back, and the
// money that POST /sandbox/incoming puts there ({"account","amount","purpose","number","at",
// "from":{"account","inn","name"}}). Of statements, "statement" in scripts: slow, silent, error,
// refuse, duplicate (an operation on two pages), reordered (newest first), unknown_status
// (operations are Authorization, whatever was asked for); the other faults leave it as it is.
//
// POST /sandbox/word changes its word about a payment: EXECUTED to FAILED, FAILED to EXECUTED.
//
// A payment to the budget (account 03100…) without its tax fields is refused; what they say
// stands in the books, in the payment's detail.
//
// A payment to a person stands in the books with the way in its detail and, for the account, the
// phone (7XXXXXXXXXX) or the card's token; SBP takes 1 to 500,000 rubles.
//
// Where the bank's behaviour is not documented, the sandbox chooses and says so:
// error codes other than the HTTP status are invented; an id that was never accepted is 404.
//
// The ids of operations, and what an account had before its first one (nothing), are invented.
//
// It refuses to know: limits, other payments of the bank.
package sandbox
