// Package play is the description of a play: what `provodka dev --play DIR` reads
// besides the files that a company and a bank would send.
//
//	DIR/play.json      who takes part, and what must come out
//	DIR/statement.txt  the bank's statement
//	DIR/register.csv   the company's register of tasks
//	DIR/bank.json      how the bank's sandbox misbehaves
//	DIR/people.json    whom the tax service's sandbox knows
//
//	DIR/2026/expected_trial_balance.csv   every account of the books after a play in 2026
//	DIR/2026/expected_people.csv          what each person has earned, and what was held of it
//
// The files say words for days, like {yesterday}; Render writes them as they are on a day.
//
// It refuses to know: how the play is performed.
package play
