// Package api is the door: Connect, gRPC and JSON over HTTP. It translates, checks the
// caller, stamps what commands must know of other aggregates, writes private data
// before the command that names it, and waits for outcomes.
//
//	HTTP ─▶ request id, size ─▶ gate: key, role ─▶ log, metrics, deadline ─▶ book ─▶ rules ─▶ handler
//	                                                                                   │
//	            private data, stamps ◀── vault ◀───────── writes ──────────────────────┤
//	            outcomes ◀── Engine.Submit ◀── operations ─────────────────────────────┤
//	            snapshots ◀── store ◀───────── reads, waiting for a position ──────────┘
//
//	product     REST under /api with the names of the product's document
//	postback    what is told to companies' own servers
//	errors.md   how a refusal leaves the house
//	access.md   which role may call what
//	metrics.md  every metric
//
// A request with private data or stamps leaves a stamp under its key and its keyed
// digest: the command that was made of it. A retry sends the same command, whatever has
// changed since; another request under the key is refused once the books have taken the
// key, which a refusal that is not remembered does not do.
//
// Laws kept: every refusal is typed, names its field and says whether a retry helps;
// a call without a key or with a foreign book changes and shows nothing; a method
// without a row in access.md stops the program; personal data is in no log, no
// address and no command; nothing is acknowledged that the engine did not acknowledge.
//
// It refuses to know: rules of the books and of the flows, SQL, brokers, file formats.
package api
