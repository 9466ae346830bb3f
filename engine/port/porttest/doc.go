// Package porttest holds one suite per port. An adapter is finished when it passes
// its port's suite against its sandbox.
//
//	adapter_test.go ─▶ ExercisePayout(t, fresh) ─▶ fresh(t): adapter + sandbox on loopback
//	                        │                          ▲
//	                        └── Script, Books (HTTP) ──┘   what was really executed decides
//
// The suites look at the answers and at the sandbox's own books: an answer may be
// Unknown, the money may not move twice.
//
// Laws kept: a suite waits for nothing but the adapter; every case has its own
// adapter and sandbox and runs in parallel.
//
// It refuses to know: protocols. What differs between partners is in their sandboxes.
package porttest
