// Command bench measures the ledger against bare SQL on the same PostgreSQL, in one
// interleaved run, and prints ratios.
//
//	bench ──▶ floor: a transfer, two entries, balances; SERIALIZABLE, one round trip
//	  │  └──▶ client ──▶ server (child process) ──▶ broker (child process)
//	  └───────────────▶ PostgreSQL ◀─────────────────┘
//
// Server and broker are this same binary, run again as children, so that memory and
// processor time of the server are its own. README.md says what was measured and what
// was tried.
//
// Laws kept: a figure is printed only after the books of its run were recomputed from
// the stored rows and agree with what was acknowledged; servers listen on loopback;
// every child ends with this process.
//
// It refuses to know: how the figures should have come out.
//
// Decided, with the reasons:
//
//   - Grown books of the bench are laid in by the store's own writer, without decisions: ten
//     million legs in minutes; what is measured is what stands behind the commit and the next
//     posts.
package main
