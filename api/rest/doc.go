// Package rest is the API over plain HTTP: paths and verbs as the .proto files say
// them by google.api.http, JSON in and out, problem+json (RFC 9457) for refusals.
//
//	GET /v1/books/main/entries/2.7 ─▶ path, query, body ─▶ one JSON request ─▶ Connect handler
//	problem+json                   ◀─ the same refusal ◀───────────────────── or its JSON answer
//
// A REST call is the Connect call of the same method: the same keys, rules, limits,
// log and metrics, because it is made of it inside the process.
//
// Laws kept: what a path or a query names that the method does not know is refused by
// its name, never passed over; a value is read exactly as the JSON of Connect reads
// it; every error has the code, field and retry of the refusals' table.
//
// It refuses to know: any method by name, any rule of the books.
//
// Decided, with the reasons:
//
//   - A body of REST is translated when the Connect handler reads it, behind the gate: one gate; a
//     stranger's bytes are never read.
//   - OpenAPI is written by a plugin of ours when code is generated: comments are in no descriptor
//     at run time.
package rest
