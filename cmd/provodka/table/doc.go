// Package table lays text out in columns for people: what the commands print, and the play.
//
//	New("Account", ">Balance") ─▶ Add(cells) … Rule() … ─▶ Write: head, rows, and again
//
// Laws kept: a column that begins with '>' stands to the right, as money does; widths count
// characters, not bytes; the head comes once, however often Write is called.
//
// It refuses to know: what stands in the cells.
package table
