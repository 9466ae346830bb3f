// Package api puts the door together: Connect, gRPC and JSON over HTTP, each service behind
// one gate.
//
//	HTTP ─▶ gate ─▶ one package per service, in the order in which they use each other
//	 │
//	 │          subscription   app   register             registration
//	 │                  └───────┼──────┘                        │
//	 │                         task                             │
//	 │                          │                               │
//	 │        invitation     document         tax            company   statement   user
//	 │             │            │            │   │             │
//	 │             └──────── executor ───────┘   └─── books ───┘
//	 │
//	 ├─ rest      the same calls over plain HTTP, with OpenAPI
//	 ├─ product   REST under /api with the names of the product's document
//	 ├─ postback  what is told to companies' own servers
//	 └─ consent   the texts that people accept
//
// A handler translates: it checks what it is given, writes private data before the command
// that names it, submits, and shows the outcome. All that handlers share is the gate's; what
// one service needs of another it is given when New makes it.
//
// Laws kept: every method that is served goes through the gate; a wrong configuration stops
// the program at its start, with the field's name; services know each other downwards only.
//
// It refuses to know: what any method does.
package api
