// Package invitation is the flow of a company's link by which one person becomes its
// executor, or is introduced to it when he is an executor already.
//
//	invite ─▶ issued ─ claim ─▶ phone ─ confirm ─▶ agreement ─ agree ─▶ person ─ enter ─▶ admitting ─▶ done
//	             ▲                │ codes used up                          │ an INN of others, five times
//	             └── a day ── locked                                       └─▶ barred
//
// Whoever has the link names a phone; whoever enters its code first has the link for good:
// from then on it opens for that phone alone. A company that knows the phone says so at
// once.
//
// Laws kept (invitation_test.go): one link makes one executor at most, however many open
// it at once; nobody is admitted without a confirmed phone and accepted texts; only the
// newest link, code and confirmation act; a link that ended opens nothing, and says why.
//
// It refuses to know: names, phones, INN, what a secret is.
//
// Decided, with the reasons:
//
//   - A link for an executor is one aggregate: whoever has it may claim it, the newest code alone
//     lives, and who enters it first has it for good: two people on one link are decided by the
//     log, and nobody is locked out by a stranger's wrong phone.
package invitation
