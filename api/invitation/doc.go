// Package invitation serves InvitationService: a company invites, and whoever has the link
// becomes its executor.
//
//	CreateInvitation ─▶ link ─▶ Open, Claim ─ phone, code ─▶ Confirm ─▶ token ─▶ Accept ─▶ Join ─▶ executor
//
// Laws kept: nothing opens without the link or the token, which are derived and compared in
// constant time; a link that is not there is refused as one that is wrong; the code is
// compared here and counted by the log; an executor who exists is introduced only to whoever
// has his phone, and never written over; what was accepted is kept with text, moment and
// address, its keyed hash in the log.
//
// It refuses to know: in which order the steps stand (engine/flow/invitation).
package invitation
