// Package taxpayer is the flow of a person as a taxpayer: what the years of the person
// have had of us, decided by the log on the person's own shard.
//
//	task ── effect: was, question ──▶ change ──▶ totals of the year ──▶ share: tax, bonus, contributions
//	                                    │ the cap would be passed
//	                                    └──▶ income_cap, with what is still free
//
// A task remembers what it is in the year (its share); the totals are the sum of the
// shares. So a change takes the old share out and puts the new one in, all changes commute,
// also of one task, whose tellings may overtake each other, and the totals never need a list
// of tasks, but for the newest receipts beside the bonus. A total that is below zero until everything is heard counts as none.
//
//	npd ── effect: look ──▶ how much is registered, by anybody? ──▶ elsewhere = that − ours, counts against the cap
//
// Laws kept (taxpayer_test.go, elsewhere_test.go): the totals are the sum of the shares, whatever the order;
// reserved and registered income never pass the cap through a question; taking every
// share out again leaves nothing; a refusal changes nothing; what is told of the bonus is never
// more than our receipts leave of it, and all of that once a word was asked for behind them; of what is earned
// elsewhere a sure word counts nothing twice, and none hides what was registered when it was said; of whom
// nothing is told nothing more is kept.
//
// It refuses to know: names, companies, prices, what became of a payment.
//
// Decided, with the reasons:
//
//   - A task's share of a person's year is computed from the task after every step; questions are
//     waited for, facts are told: no row can forget to undo it; a fact never holds a payment up.
//   - Two executors whom the tax service's list of changed INN makes one person share his caps: the
//     one who stops keeps what it has, the other gets the rest. One taxpayer for both would need
//     every task of the one to know the other; and what is kept is at most too much, never too little.
//   - The tax service's newest word about the bonus counts, lower or higher, and what it may not
//     have of our receipts is taken off. Its lowest word did not: one that had a receipt already
//     which we had not heard of stood for ever, and the receipt was taken off it again.
//   - What is earned elsewhere is asked for by this flow, which keeps what was ours at that moment: nobody
//     else could order a total and our receipts. In doubt it is asked again, because receipts have no
//     moment that both sides know; and believed in the end: too much for a night harms less than too little.
package taxpayer
