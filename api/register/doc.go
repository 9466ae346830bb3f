// Package register serves RegisterService: files of which each line becomes a task.
//
//	file or stream ─▶ rows ─▶ sets of lines ─▶ task.Make ─▶ what became of each line, kept as a part
//	                            └ some at once, told in the order of the file
//
// A line's key is the register and its number, so a file that is sent again makes nothing
// twice and goes on where it stopped.
//
// Laws kept: memory is bounded whatever the file's length; a line that cannot be a task costs
// itself alone; a stream that breaks off leaves what it has made; a set that panics ends its
// import alone.
//
// It refuses to know: formats of files (engine/port.RegisterReader), what a task needs.
//
// Decided, with the reasons:
//
//   - A register is read a row at a time and made in sets; a line's key is the file (its SHA-256
//     or the caller's name) and its number; what became of a set is kept as a part, the file is
//     not: any length in bounded memory; whoever is killed sends the file again, and nothing is
//     made twice.
//   - A line that cannot be cut costs itself alone; a file is refused whole for its encoding or
//     columns only: what a stream has made before a bad line cannot be taken back.
package register
