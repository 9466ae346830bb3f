// Package play performs a play against a running server, as a company, a bank and
// executors would, over the API, and checks that the books say what the play expects. What
// the world takes back it takes back in the sandboxes.
//
//	open the company ▶ register executors ▶ import the statement ▶ import the register
//	▶ sign, do, accept ▶ pay all ▶ cure what stops ▶ wait for the world ▶ remit taxes ▶ compare, report
//
// Every step has a key that derives from the play, so a play that was killed goes
// on where it stopped, and a second run finds the books of the first.
//
// It refuses to know: databases, brokers, how the server decides.
package play
