// Package export writes the books in formats that other programs check.
//
//	journal of every shard ──index──▶ entries of one book by (day, clock, shard, seq) ──▶ hledger, ledger or CSV,
//	                                                                          one file or one for each month
//	postings of an account ──pages──▶ statement or card ────────────────────────────────▶ the same
//	accounts of the book ──pages──▶ turnover balance sheet, trial balance; months of types ──▶ CSV
//
// The journal passes hledger in strict mode with ordered dates, and ledger with --pedantic:
// commodities at the full scale of the asset (both programs accept an imbalance smaller
// than the declared precision), a balance assertion at every posting, and names, codes
// and comments that neither program can misread. Debits are positive; accounts stand
// under their class, so that signs read as accountants expect.
//
// A part of the books begins with what stood before it, so the months chain. CSV is
// RFC 4180; texts that a spreadsheet would compute have an apostrophe in front.
//
// Laws kept (hledger_test.go, write_test.go, with the real programs where they are installed): what is
// exported balances to the last digit of the trial balance; a kopeck planted anywhere in
// the file is found by whoever reads it; the same heads give the same file.
//
// What only moves an account's money between its stripes is left out, as a sheet of turnovers leaves
// it out: the file's turnovers are the sheet's.
//
// Every export is of one position: its pages are bounded by the heads that stood when it began. What
// leads from one balance to another is compared with both (statement_test.go compares all of it with a
// walk over the records): a statement that does not, and a sheet whose debits are not its credits, end
// with an error, not with a file.
//
// It refuses to know: holds (nothing is booked by them), files, flags, who reads it.
//
// Decided, with the reasons:
//
//   - An export streams only, by one code for API and command line: bounded memory, no half
//     answer.
//   - A statement is by business day, as all files are. As a journal it has each posting with its
//     counter-accounts alone, so the file is of the account and not of all that its entries did; what
//     it names is declared as it comes, so it is read once.
//   - A trial balance, a general ledger and a turnover balance sheet are sums: a journal would have to
//     invent entries for them, and is refused.
//   - Totals stand in no line of a file: whoever adds a column up has them.
package export
