// Command generate writes the files of examples/payroll: a bank statement, a
// register of tasks, the executors, the scripts of the sandboxes, and what must
// come out, worked out here with fractions and nothing of the engine.
//
//	go run ./examples/generate        writes examples/payroll
//
// Laws kept (generate_test.go): the committed files are what the generator
// writes, and readable on every day; every number has right check digits; nobody in them exists.
//
// It refuses to know: rates, accounts and states of the engine. The expectations
// are a second opinion.
package main
