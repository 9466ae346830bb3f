// Package machine reads Markdown tables as programs: state tables, posting
// recipes, charts, refusal codes and rates.
//
// A table is what finance reads and what runs. ParseTables finds the tables of a
// document under their headings; Machine turns a state table into Next and
// checks it. Every name in a table is compared both ways with the program's
// constants at start (Names), so a typo stops the program with file and row.
//
// It refuses to know: money, accounts, databases. It has no I/O beyond the
// bytes it is given.
package machine
