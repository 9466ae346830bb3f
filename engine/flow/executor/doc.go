// Package executor is the flow of a person who does the work: what of the person
// belongs into the event log.
//
//	register ─▶ registered ◀─▶ blocked      kind, tax status, versions
//
// Laws kept: versions only grow; a task that runs keeps what its own command was
// stamped with.
//
// It refuses to know: names, INN, phones, requisites. They have versions here and
// live in private tables.
package executor
