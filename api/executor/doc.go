// Package executor serves ExecutorService: the people who do the work.
//
//	person, requisites ─▶ checked digits ─▶ versions beside the log ─▶ command that names them ─▶ recheck of stopped payments
//	who is it? ◀── Find: id, INN or phone ── Named: words of the name ── People: with the data that is named now
//	at the tax service ◀── BindExecutor, CheckSelfemployed, ReadTaxLists ─▶ aggregates of its own
//
// Other services ask it for people: Find, People, Named, Message.
//
// Laws kept: an INN, also a former one, finds one person and never makes a second; no caller
// changes it, the tax service's list does; he is shown masked unless the role says
// otherwise, and that is logged; a reference that fits several people is refused; of somebody
// who is erased nothing is shown. Requisites have one way to pay (account, SBP, a card's token), a sole
// trader an account; what looks like the number of a card is refused in every field before anything
// repeats or keeps it, and a token is shown to nobody (requisites.go).
//
// It refuses to know: tasks, taxes, the protocol of the tax service.
package executor
