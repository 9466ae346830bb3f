// Package user is the flow of the people who act for a company.
//
//	found ─────────────────────────────────▶ open ─┐ invite, accept, change_roles, block,
//	invite ─▶ waiting ─ accept (an owner) ─▶  ▲    │ unblock, remove, change_password,
//	                                          └────┘ request_reset, reset, login, login_failed
//
// The aggregate is all users of one company, under the company's id. Each user's own way
// is the table Users of user.md, what he may do the table Roles.
//
// Another flow or service begins it with Found when a company's registration is over: the
// password's credential is written first, and the command carries its version.
//
// Laws kept (user_test.go): once there is an active owner there is one after every change;
// a password counts only outside of a pause, and tries are counted however many come at
// once; a link is followed once; nobody's tries pause another's known devices; whatever
// changes a password or takes a person out ends his sessions.
//
// It refuses to know: names, mail addresses, passwords, links, sessions' tokens, and which
// method a role opens (the API's access.md).
//
// Decided, with the reasons:
//
//   - All users of a company are one aggregate; each one's own way is a table of its document:
//     that an owner remains is a law about all of them, and a decision sees one aggregate.
//   - Wrong passwords are counted by the log, apart for devices that have logged in before; pauses
//     grow to an hour and a link by mail ends them: a thousand tries at once are still a thousand;
//     who guesses cannot lock the person out.
package user
