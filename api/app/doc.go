// Package app serves ExecutorAppService: what the executors' own application calls.
//
//	phone ─▶ StartLogin: a code ─▶ ConfirmLogin ─▶ session ─▶ me
//	profile, requisites, binding ─▶ api/executor as of me        tasks, offers, acts ─▶ api/task as of me
//
// Laws kept: whose data it is follows from the session, never from the request; a task of
// somebody else is as one that is not there; what is the customer's own is shown to nobody;
// neither words nor time tell whether a phone is an executor's.
//
// It refuses to know: what a task may do next, and how anything is checked: it asks the
// services that companies ask.
//
// Decided, with the reasons:
//
//   - An executor's session is a row of its own kind (no company) and opens the methods of
//     access.md's worker alone; its handlers call the other services with the session's person:
//     one place decides what a task may do; nobody's id comes from the request.
package app
