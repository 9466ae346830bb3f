// Package call makes one HTTP exchange with a partner: within a time, within a
// pace, within a size.
//
//	request ──▶ pace (at most n per second) ──▶ HTTP ──▶ Reply{Status, Body} | error: nobody knows
//
// Laws kept: nothing is sent twice by itself — no redirects are followed, nothing
// is repeated here; the context ends every wait; a body longer than the limit is an
// error, not a shorter body; an error never holds a credential.
//
// It refuses to know: what a status means. Each adapter's status.go says that.
package call
