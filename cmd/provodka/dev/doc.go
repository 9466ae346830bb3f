// Package dev is the whole world on one machine: PostgreSQL, a broker, the
// sandboxes of the bank, of the tax service, of a provider of SMS and of a mail relay, a
// server, and a play.
//
//	DIR/postgres, DIR/broker   database and broker (cmd/provodka/embed)
//	DIR/bank, DIR/tax,
//	DIR/sms, DIR/mail          the sandboxes' own books
//	DIR/secret, DIR/api_key,
//	DIR/installation_key       made at the first start, mode 0600
//	DIR/dev.json               addresses of what runs, for commands and scripts
//
// Laws kept: everything is on loopback; what was acknowledged before a kill -9 is
// there after the next start; a second start finds the books of the first.
//
// It refuses to know: anything a production server needs and this one does not.
package dev
