// Package tax serves TaxService: taxes that were withheld go to the budget.
//
//	accounts of a tax ─▶ what is due of each person ─▶ Remit: entries into the period's pool ─▶ one order of the pool
//	                                                └▶ RemitNpd: one order per person and month
//	GetCertificate, StreamWithheld ◀── paid tasks, and the entries that collected
//
// Laws kept: of a person and period nothing is collected twice, from however many sides and
// after whatever crash: the entry's key says how much had been passed on before; an order takes
// what the pool has and never more; under one key nothing is offset or repaid twice, and the first answer
// is given again.
//
// It refuses to know: periods, days and rates (engine/flow/remittance, engine/flow/tax).
//
// Decided, with the reasons:
//
//   - Remit's steps have keys made of the caller's (gate.Run), and what they settled is read from their
//     records: a run goes on by the books alone, also when the stamps are lost; what a run that broke off had
//     collected is not counted again, its answer says what was collected since.
package tax
