// Package sandbox is a mail relay that delivers to nobody and misbehaves on request. What
// it took stands in its books: the address in account, the text in purpose, the subject in
// detail; a message is known by its Message-ID, copies of it are counted as posts.
//
//	Serve(listener)        SMTP, as a relay speaks it
//	GET  /sandbox/books    what was really taken, with the texts: for tests and dev
//	POST /sandbox/script   which messages misbehave, and how; op "rcpt" strikes the address
//
// Laws kept: a message is on disk before its reply leaves; a silent one was taken or not as
// the script says.
//
// It refuses to know: our flows and what the texts mean.
package sandbox
