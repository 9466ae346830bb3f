// Package sandbox is a server that speaks the protocol of sms.ru and misbehaves on
// request. What it was given stands in its books: the number in account, the text in
// purpose; every send has its own line, for the service knows no id of ours.
//
//	POST /sms/send, /sms/status    as the service
//	GET  /sandbox/books            what was really taken, with the texts: for tests and dev
//	POST /sandbox/script           which messages misbehave, and how
//
// Laws kept: a message is on disk before its answer leaves; a silent one was taken or not
// as the script says.
//
// It refuses to know: our flows and what the texts mean.
package sandbox
