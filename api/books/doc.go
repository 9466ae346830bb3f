// Package books serves the ledger: LedgerService, ProofService and ExportService.
//
//	Post, DryRun ─▶ accounts: which are open ─▶ translate ─▶ Engine ─▶ results
//	balances, legs, entries, turnovers, sheets ◀── one snapshot of the store ◀── WaitFor
//	rules (freeze, close, limit, period, policy) ─▶ Engine ─▶ a rule, or one that awaits a second key
//
// Service is LedgerService, Proofs and Exports are the others. A company's own accounts are
// read by Rubles, and remembered as open by Opened.
//
// Laws kept: an answer is of one snapshot and says its position; an amount is shown in the
// scale of its asset; an account that was once seen open is not asked for again, and no
// operation is refused here for an account that the books might have.
//
// It refuses to know: companies, tasks and whatever else books entries.
package books
