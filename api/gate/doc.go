// Package gate is what every call goes through, and what every service stands on.
//
//	HTTP ─▶ request id, size ─▶ key or session, role ─▶ log, metrics, deadline ─▶ book, owner ─▶ rules ─▶ handler
//	                             access.md, people.md          metrics.md                                   │
//	                                                                                                        │
//	 private data, stamps ◀── Commit ◀── Recall: was it asked before? ◀── NewChange ◀─── writes ────────────┤
//	 outcomes ◀── Engine ◀── Submit, SubmitChanges ◀─────────────────────────────────────┘                  │
//	 snapshots ◀── store ◀── Must, Load, ListPage ◀── WaitFor, WaitForSearch ◀────────── reads ─────────────┤
//	 code, field, retry ◀── errors.md ◀── any error that a handler gives back ──────────────────────────────┘
//
//	Gate              one for all services; Options are those of every handler of Connect
//	CallOf            who asks, from where, by which request
//	Change            one command to an aggregate in the making, under its idempotency key
//	Run               a request of many commands under one key: its first answer is its answer for ever
//	Aggregate         an aggregate as it stands; Must reads one, or refuses as if there were none
//	Position          how far a caller has seen: a number of a record for each of some shards
//	Token, Cursor     page tokens that nobody can read, invent or take to another filter
//	BeginSession      sessions of people; Logins, Even and RefuseLogin stand before them
//
// A request with private data or stamps leaves a stamp under its key and its keyed
// digest: the command that was made of it. A retry sends the same command, whatever has
// changed since; another request under the key is refused once the books have taken the
// key, which a refusal that is not remembered does not do.
//
// Laws kept: every refusal is typed, names its field and says whether a retry helps; a call
// without a key or with a foreign book changes and shows nothing; an aggregate of another
// company is as one that is not there; an idempotency key of a company's person is the company's; a method without a row in access.md stops the program;
// personal data is in no log, no address and no command; nothing is acknowledged that the
// engine did not acknowledge.
//
// It refuses to know: what any service does, rules of the books and of the flows, SQL.
//
// Decided, with the reasons:
//
//   - A session is valid by the moment that its user's aggregate names, whatever stands in its
//     table; its begin is the clock of the login's record: a block or another password ends
//     sessions by the log, also where deleting rows fails.
//   - A method opens to people only by a row of the table People; a test wants a row for each:
//     what nobody has decided is for nobody.
//   - Keys are of the whole book, as design has it, and whoever took another's would stand in his
//     way. So the gate puts before a key whose it is: the company's, of its people (user:) and its
//     programs (api:), the person's in his application (app/); no two companies, and no two
//     persons, have a key in common. Callers with a key of the book share one set of keys: they
//     are the house's own services. Nobody's key begins as one that the house makes itself
//     (engine.HouseKey), written by whomever; what such a key did may be looked up.
package gate
