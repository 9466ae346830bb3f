// Package user serves UserService: the people who act for a company, their passwords and
// sessions.
//
//	Login ─▶ limits ─▶ who is it? ─▶ password ─▶ command: right or wrong ─▶ session of gate
//	invite, roles, block, remove ─▶ the one aggregate of the company's users ─▶ sessions that it ended are forgotten
//
// Laws kept: the way of a login is the same whoever is named, in steps of one length; tries are
// counted by the log; an address is a user of one company; no password and no link is in the
// log or in a command.
//
// It refuses to know: that an owner must remain (engine/flow/user), what a role opens
// (api/gate).
//
// Decided, with the reasons:
//
//   - A login is one way whoever is named, to a command about nobody; refusals take whole steps of
//     250 ms: nobody learns by words or by time who has an account.
package user
