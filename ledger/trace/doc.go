// Package trace begins the spans of all roles, in OpenTelemetry's words.
//
// A trace follows a command: the API's call, the record on the command log (which carries
// the trace in a header), its decision and commit by the shard's owner, the call to the
// world, and the answer, which is a command again. Who comes behind the commits works on
// many commands at once and leaves one span a portion, linked to the commands' spans:
//
//	call ─▶ submit ─▶ decide and commit ─▶ port.verb ─▶ decide and commit
//	                        ▲   ▲   ▲
//	            publish ────┘   │   └──── seal        (Trail: the last commits, in memory)
//	                        project
//
// The auditor, postbacks and messages to devices read what is published or committed,
// which carries no trace: a trace is no part of what the books say, and a header more would
// be a difference to the audit. Their spans say shard and numbers of records, as the spans
// of commits do.
//
// Laws: without a collector nothing is allocated and nothing is done (the zero Tracer). A
// span says who, what and how many: ids, codes, numbers and names that are in the log, which
// has no personal data; never what was asked, an address, or words of a partner. No decision
// reads a trace and no record has one.
//
// It refuses to know: what is traced, and where spans go.
package trace
