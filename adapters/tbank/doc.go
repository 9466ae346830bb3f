// Package tbank pays rubles through the business API of T-Bank, and reads its statements.
//
//	port.Payment ─▶ Check ─▶ POST /api/v1/payment/{way}/pay ─201─▶ GET /api/v1/payment/{id} … ─▶ port.Answer
//	                  │                    │                                        │
//	              not sent          status.go: one table of what the bank says ◀────┘
//
// Facts and their marks ([H] primary source or two libraries, [M] one, ? unknown):
//
//   - Host secured-openapi.tbank.ru, Bearer token and a client certificate; paths and
//     fields as in message.go; POST answers 201 without a body, the payment goes on by
//     itself; id up to 64 characters, purpose up to 210; 10 POST and 20 GET a second [H,
//     developer.tbank.ru payments-core-pay and payments-core-get-status; masasibata/tbank].
//   - Ways: ruble-transfer to an account; sbp to a phone, to{phone, bankId, lastName, firstName, middleName}
//     [H], the phone without + [M]; card-transfer by agreementNumber [H], whose part of the card is
//     not documented ?: {from{accountNumber, agreementNumber}, to{cardToken}} is our reading, and
//     without Options.CardAgreement no card is paid. That ids of all ways are one space, and that
//     GET answers about each, is taken from the common path [M].
//   - Calls are deduplicated by id within the company: two calls with one id make one
//     payment [H]. How long ids are remembered is not said ?; Options.Memory says what we trust.
//   - Statuses IN_PROGRESS, EXECUTED, FAILED, CANCELLED, with errorMessage [H]. Errors are
//     {errorId, errorCode, errorMessage, errorDetails} with 400, 401, 403, 422, 429, 500 [H].
//   - What GET answers about an id that the bank never saw is not documented ?. 404 is taken
//     for "never heard of it"; 400 and 422 are not, because a wrong "never heard of it"
//     would pay twice.
//   - A payment to the budget carries kpp, uin and the block tax{payerStatus, kbk, oktmo,
//     evidence, period, docNumber, docDate, thirdParty} [H]; what stands in thirdParty is not
//     documented ?, so it is not sent.
//   - The bank calls back (webhook payment-status): POST over HTTPS, Basic or Bearer that we
//     choose, from 212.233.80.7 and 91.218.132.2, 2xx is heard, else up to 5 tries, 30 s to 10 min
//     apart [H, developer.tbank.ru webhooks, add-webhook]. It is there for payments that the API
//     has made. What the body holds is not documented ? ("as the method that gets the status"),
//     nor how the signature of hasSignature is made ?: any text in it that looks like an id
//     of ours is a hint, and nothing that it says is believed (callback.go).
//   - The statement: GET /api/v1/statement by cursor, up to 5000 operations at once, 20 a second,
//     balances on the first page only; only operations of the status Transaction are for books;
//     ids of operations of 22:00 to 03:00 may change, so the last two days are read again and
//     told apart by requisites [H]. documentNumber, vo and corrAccount of the other side, the
//     form of docDate, and whether the balances are of transactions only, are not documented ?.
//     That an operation's date and requisites stay is trusted once the night is over ?.
//   - A payee without an INN is sent with inn "0", as payment orders write it [M].
//
// Laws kept (porttest.ExercisePayout against sandbox): an attempt is paid at most once;
// only EXECUTED is Done; a refusal of POST is believed only when the bank does not
// know the attempt; amounts are JSON numbers written from decimals, never floats. Of callbacks (callback_test.go):
// whoever shows another header, or calls from elsewhere, is not admitted; every id of ours is
// found, wherever it stands. Of statements (statement_test.go): whole days whose operations add
// up to the bank's own sums, or an error; the same days again give the same movements, however
// they were paged and ordered.
//
// It refuses to know: flows, the books, other banks, when to ask again.
package tbank
