// Package port says what we ask of the world, in our words.
//
// The engine knows one shape, Port: send an ask under an attempt id, or find out
// what became of it. Each kind of ask has a typed interface that an adapter
// implements (Payout, Income); port turns the typed interface into a Port.
//
//	flow ── effect row ──▶ engine/effect ── Port.Send / Port.Find ──▶ adapter ──▶ bank, tax service
//	                            ▲                                        │
//	                            └──────────── Answer as a command ◀──────┘
//
// Laws kept (porttest, one suite per port): the same attempt sent twice acts
// once; a timeout, a 5xx and an unknown status are Unknown, never Refused;
// Refused is final for its attempt; Find never acts.
//
// It refuses to know: wire formats, hosts, credentials, the books.
package port
