// Package registration is the flow of a stranger who becomes a company.
//
//	start ─▶ phone ─▶ agreement ─▶ inn ─▶ checking ─▶ email ─▶ conditions ─▶ opening ─▶ deposit ─▶ link ─▶ password ─▶ founding ─▶ active
//	          ▲ │                    ▲        │                    ▲           │          ▲          ▲        │
//	       locked ◀                  └ no such company             └ refused ◀─┘     company's       └────────┘
//	                                                                                  deposit          resend
//
// Laws kept (registration_test.go): a wrong code is counted whatever comes at once, and a
// right one counts only while its code lives; nobody passes the register's silence; what
// was accepted keeps its version and moment; a link is followed once.
//
// It refuses to know: phones, INN, mail addresses, codes, links, passwords and the
// addresses people come from (private tables, by version), who sends messages.
//
// Decided, with the reasons:
//
//   - A registration's link is followed under its token; the phone's code gives the token back: a
//     mail that went to a wrong address gives nobody a company with its deposit.
//   - A registration is begun anew each time, under an id of its request; what the phone began
//     before is told after its code: an id of the phone would tell who is registered.
package registration
