// Package login is the flow of an executor's way into his application: a code by SMS to
// the phone that is known, and the moment before which sessions are over.
//
//	ask ─▶ waiting ── confirm ─▶ open       the API begins a session
//	          │ codes or tries used up
//	          └─▶ locked ── an hour ─▶ open
//
// Laws kept (login_test.go): only the newest code opens, while it lives and has tries
// left; tries are counted in the log, however many come at once; sessions of before the
// moment that is kept stay over.
//
// It refuses to know: phones, codes, tokens, devices.
//
// Decided, with the reasons:
//
//   - The code of a phone that several have is counted where the first of them stands; who logs in
//     is chosen after it was right: one code a phone, and strangers learn nothing of who has it.
package login
