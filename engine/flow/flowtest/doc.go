// Package flowtest holds what every flow must keep, as tests that a flow's own
// tests call.
//
//	Tables    the tables alone: rows, recipes, names
//	Explore   every order of commands and answers, duplicates and late ones too, up to a bound
//	Walk      random orders with random amounts
//	Scenarios testdata/*.txt in words of finance; -rewrite writes what happened
//	Document  the diagram beside the tables; -rewrite draws it anew
//
// Laws: debits equal credits in every recipe; every terminal state leaves zero in
// every holding account of the aggregate and nothing open but what nobody waits for; an attempt of an ask
// that acts once is made anew only after the last word on the older was a
// refusal; in every other state an ask is open, a timer runs or somebody can act;
// the same view and command give the same move.
//
// It refuses to know: any product; a Spec says what is tried.
package flowtest
