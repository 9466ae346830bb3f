// Package executor is the flow of a person who does the work: what of the person
// belongs into the event log.
//
//	register ─▶ registered ◀─▶ blocked      kind, tax status, versions; whose phone it is
//	                              │ erase: no document has to be kept
//	                              └──▶ erasing ──effect──▶ erased
//
// Laws kept: nobody signs as self-employed by a phone that a company gave; versions only grow; a task that runs keeps what its own command was
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
//   - A company knows the INN of whom it registers or invites, so by it nobody signs as self-employed:
//     the tax service has to know the person by this phone, or support to have seen him. A binding
//     alone proves that the INN's owner wants us, and nothing of the phone. Of the other kinds no
//     second source tells a phone; the table Signing says what is taken for them.
//   - A dispute stops what would be hard to take back (signatures, sessions, new tasks, payments that
//     have not begun) and nothing that runs; support ends it with a reason, for the data that it saw.
//   - A person's binding at the tax service is taken back by the effect that erases him, before
//     anything is deleted: without the INN nobody could; while the service keeps silent the
//     erasure waits.
package executor
