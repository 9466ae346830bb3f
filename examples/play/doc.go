// Package play is the description of a play: what `provodka dev --play DIR` reads
// besides the files that a company and a bank would send.
//
//	DIR/play.json      who takes part, and what must come out
//	DIR/statement.txt  the bank's statement
//	DIR/register.csv   the company's register of tasks
//	DIR/bank.json      how the bank's sandbox misbehaves
//	DIR/people.json    whom the tax service's sandbox knows
//
// It refuses to know: how the play is performed.
package play
