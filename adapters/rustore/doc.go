// Package rustore sends push messages to devices through the HTTP API of RuStore.
//
//	port.Notice ─▶ Check ─▶ POST /v1/projects/{project}/messages:send ─▶ port.Answer
//	                 │                          │
//	             not sent         status.go: one table of what it says
//
// Facts and their marks ([H] primary source or two libraries, [M] one library, ? unknown):
//
//   - POST https://vkpns.rustore.ru/v1/projects/{project}/messages:send with Authorization:
//     Bearer and the project's service token; both are of the developer's console [H, the
//     service's own pages].
//   - The body is {"message": {"token", "notification": {"title", "body"}, "data", "android":
//     {"ttl": "3600s"}}} [H]. Data and ttl may be left out [H].
//   - 200 is "taken"; what the answer's body says then nobody tells ?: it is not read.
//   - Errors are INVALID_ARGUMENT, INTERNAL, TOO_MANY_REQUESTS, PERMISSION_DENIED and
//     NOT_FOUND [H]; NOT_FOUND is a token that is not, or no longer, a device's [H]. They
//     come as {"error": {"code", "message", "status"}}, as Firebase writes them [M], or
//     without "error" around [M]: both are read. UNREGISTERED is Firebase's word for the
//     same, and taken for it [M]. HTTP 404 or 410 without such words is no answer: a wrong
//     address or project looks the same ?.
//   - The service knows no id of ours: what was sent without an answer cannot be asked about,
//     and a message twice is harmless. Rates and the length of a message are not said ?
//     (4,096 bytes in Firebase).
//
// Laws kept (porttest.ExerciseNotifier against sandbox): only the service's word about the
// token is Refused; what it does not say is Unknown; neither the token, the text nor the
// service token is in an answer.
//
// It refuses to know: whose device it is, what is told, when to ask again.
package rustore
