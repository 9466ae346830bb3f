// Command provodka is a double-entry ledger and payment engine, and the tools of the
// people who run it, reconcile with it and audit it.
//
//	main.go    run: arguments in, exit code out
//	root.go    the commands; each has a file of its own: newXCmd(env)
//	env.go     where a command finds database, broker and clock; flags, environment, dev.json
//	table.go   tables for people, JSON for programs
//
// Laws kept (testdata/script, on a real database and broker): data goes to stdout, talk to
// stderr; exit codes are 0 done, 1 failed, 2 wrong usage, 3 the audit found a difference;
// reading commands change nothing.
//
// It refuses to know: rules of the books. It puts parts together and prints.
package main
