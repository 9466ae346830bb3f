// Package flow runs product flows from their tables.
//
// A flow is a Markdown document with four tables — States, Entries, Asks and
// Timers — and a thin pure function, Decide, that names the event, the amounts
// and the accounts. Step does the rest: it looks the transition up, writes the
// entry by the recipes, opens the effects and sets the timers.
//
//	View, Command ──▶ Decide ──▶ Decision ──▶ Step: tables ──▶ Move
//	                  (product)                (this package)
//
// Laws kept: no row, no move (wrong_state); an entry's debits equal its credits;
// an ask that repeats an attempt keeps its id; a refusal changes nothing.
//
// It refuses to know: databases, brokers, adapters, the clock of the machine.
package flow
