// Package smsru sends SMS through the HTTP API of sms.ru.
//
//	port.Notice ─▶ Check ─▶ POST /sms/send ─100─▶ GET /sms/status … ─▶ port.Answer
//	                 │           │                       │
//	             not sent    status.go: one table of what it says
//
// Facts and their marks ([H] primary source or two libraries, [M] one library, ? unknown):
//
//   - POST or GET https://sms.ru/sms/send with api_id, to (digits, no plus), msg (UTF-8),
//     from, json=1; the answer has status and status_code of the request and, in sms, by
//     number, those of the message with its sms_id [H, the service's own pages].
//   - /sms/status with sms_id and json=1 answers by sms_id: 100 to 103 on its way to
//     delivered, 104 to 108 and 150 not delivered [H; 110 "read" and 150 "no route" M].
//   - Codes of refusals as in status.go [M]. 231 and 232 say that the same text went to the
//     same number within a minute or a day [M]: a text of ours has its own code, so the one
//     before was this one, and the answer is taken for Done ?.
//   - The service knows no id of ours: what was sent without an answer cannot be asked about.
//   - Rates and lengths are not said ?. An account may be set up to refuse numbers abroad [M].
//
// Laws kept (porttest.ExerciseNotifier against sandbox): only the service's word about the
// number is Refused; what it does not say is Unknown; neither the number, the text nor
// api_id is in an answer.
//
// It refuses to know: what is told, to whom it belongs, when to ask again.
package smsru
