// Package secret counts the codes and links that flows send to people: which one lives,
// how long, how many tries it has, and when the next one may be asked for.
//
//	Next ─▶ issued {number, at, wrong} ─▶ Living, Wrong
//	  ▲                │
//	  └──── Paused ◀───┘
//
// The secret itself is derived from its number where it is sent and where it is compared,
// and stands nowhere. A flow is told that the number's secret was right or wrong; so tries
// are counted by the log, in order, however many come at once.
//
// Laws kept (secret_test.go): only the newest number lives, and never again once it was
// replaced, used up or rested; a number is never issued twice.
//
// It refuses to know: what a secret is, where it goes, and what it opens.
package secret
