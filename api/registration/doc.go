// Package registration serves RegistrationService: a stranger becomes a company.
//
//	Start ─▶ phone, code ─▶ agreement ─▶ INN ─▶ mail ─▶ conditions ─▶ deposit ─▶ link ─▶ password ─▶ company with its owner
//	  └▶ token, which every later call shows
//
// Laws kept: no key opens it and no step goes without the token; calls are limited by address,
// by phone and altogether before anything is looked up; what was accepted is kept with text,
// moment and address, its keyed hash in the log; before the phone's code was right nothing
// tells what the house knows.
//
// It refuses to know: in which order the steps stand (engine/flow/registration).
package registration
