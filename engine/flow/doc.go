// Package flow runs product flows from their tables.
//
// A flow is a Markdown document with tables — States, Entries, Asks, Timers,
// Names and Holding — and a thin pure function, Decide, that names the event, the
// amounts and the accounts. Step does the rest: it looks the transition up, writes the
// entry by the recipes, opens the effects and sets the timers.
//
//	View, Command ──▶ Decide ──▶ Decision ──▶ Step: tables ──▶ Move
//	                  (product)                (this package)
//
// An answer of the world comes back as a command: EventFor names its event, and
// Command.Number says which attempt it is about, because an answer to an older
// attempt is not an answer to the open one.
//
// Laws kept: no row, no move (wrong_state); an entry's debits equal its credits;
// an ask that repeats an attempt keeps its id; a refusal changes nothing.
//
// It refuses to know: databases, brokers, adapters, the clock of the machine.
//
// Decided, with the reasons:
//
//   - Recipes of a move are one entry; its kind joins their names with +, which no caller can
//     write: the chart names passages by recipe.
package flow
