// Package smtp sends mail through a relay: RFC 5321 with STARTTLS (RFC 3207) and AUTH PLAIN.
//
//	port.Notice ─▶ Check ─▶ dial ─ greet ─ STARTTLS ─ auth ─ mail ─ rcpt ─ data ─▶ port.Answer
//	                 │                    one deadline over all steps            │
//	             not sent                 status.go: step and reply code ◀───────┘
//
// The standard library speaks the protocol: github.com/wneessen/go-mail 0.7.2 lets the
// context end with the dial, so that a relay that keeps silent holds the caller for ever.
//
// A message is plain text in UTF-8, quoted-printable, its subject in encoded words. Its
// Message-ID is made of the attempt: the same message handed over twice has the same, and
// mailboxes that compare them show one.
//
// Laws kept (porttest.ExerciseNotifier against sandbox): only 250 after the whole message is
// Done; only the relay's word about the address or the message is Refused; our login, our
// sender and everything temporary is Unknown; without TLS nothing is sent unless the
// configuration says so; neither the address nor the text is in an answer.
//
// It refuses to know: what is told, bounces that come later as mail, when to ask again.
//
// Decided, with the reasons:
//
//   - Mail is sent with the standard library: go-mail 0.7.2 lets the context end with the dial: a
//     relay that keeps silent would hold its caller for ever.
package smtp
