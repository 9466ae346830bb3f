// Package table lays text out in columns for people: what the commands print, and the play.
//
// It refuses to know: what stands in the cells.
package table
