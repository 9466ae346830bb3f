// Package server puts the parts together: database, broker, engine, adapters,
// API. Main is one server process; the program and the end-to-end tests start it
// the same way.
//
//	Config ──▶ Open ──▶ Main{DB, log, engine, API} ──▶ Run ──▶ Close
//
// Laws kept: a wrong configuration stops the start with the field's name; a wrong
// schema version is refused, never migrated by the way; a graceful stop finishes
// what was taken and hands the shards over.
//
// It refuses to know: business rules, protocols, statements.
package server
