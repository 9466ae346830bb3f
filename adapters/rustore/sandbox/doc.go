// Package sandbox is a server that speaks the protocol of RuStore's push messages and
// misbehaves on request. What it was given stands in its books: the token in account, the
// title in subject, the text in purpose; every send has its own line, for the service knows
// no id of ours. A token that begins with "dead" is no device's.
//
//	POST /v1/projects/{project}/messages:send    as the service
//	GET  /sandbox/books                          what was really taken: for tests and dev
//	POST /sandbox/script                         which messages misbehave, and how
//
// Laws kept: a message is on disk before its answer leaves; a silent one was taken or not
// as the script says.
//
// It refuses to know: our flows and what the texts mean.
package sandbox
