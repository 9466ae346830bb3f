// Package executor is the flow of a person who does the work: what of the person
// belongs into the event log.
//
//	register ─▶ registered ◀─▶ blocked      kind, tax status, versions
//	                              │ erase: no document has to be kept
//	                              └──▶ erasing ──effect──▶ erased
//
// Laws kept: versions only grow; a task that runs keeps what its own command was
// stamped with; nobody is erased before the last day of executor.md's Keep; an answer
// never changes what is erased.
//
// It refuses to know: names, INN, phones, requisites. They have versions here and
// live in private tables.
//
// Decided, with the reasons:
//
//   - A person whose INN became another stays who he is: the id was made of the first INN and is a
//     name from then on; the private data has the new INN beside the old ones, and the journal
//     neither. If another executor has the new INN, nobody is merged: which of the two goes on is
//     support's to decide, because both have their own tasks, sums and requisites.
//   - What ties a phone to a person is that he came by it himself, or that who has it knows the INN:
//     a company's slip of a digit must not lead anybody's money elsewhere. That an INN can be found
//     out is why five wrong ones end it for a day, and why it opens one phone that a company gave.
//   - A person's binding at the tax service is taken back by the effect that erases him, before
//     anything is deleted: without the INN nobody could; while the service keeps silent the
//     erasure waits.
package executor
