// Package password says which passwords are taken and keeps what is kept of them.
//
//	Check(text, about…) ──▶ Make ──▶ $argon2id$v=19$m=19456,t=2,p=1$salt$hash ──▶ sealed, by version
//	                                                                              │
//	login ──▶ Matches(text, kept) ◀───────────────────────────────────────────────┘
//
// Rules are those of NIST SP 800-63B: 12 to 128 characters, none of those that everybody
// tries first, nothing of what the person is called, and no demands for capitals or signs.
// Texts are compared in their normal form (NFC). Hashes are argon2id with the parameters
// that OWASP recommends and with them beside, so they can be raised; Stale says when.
//
// Few are hashed at once, because each takes 19 MiB: the others wait in line, and behind a
// line that is too long nobody stands.
//
// Laws kept (password_test.go): who has no hash costs the same work as who has; the same
// password has another hash each time; memory is bounded whatever comes.
//
// common.txt is from the list of passwords of zxcvbn (MIT licence, Dropbox and Daniel
// Wolf): those of 12 characters and more, and the first of the shorter ones as words.
//
// It refuses to know: users, tables, tries.
package password
