// Package press makes the files of a task's documents: as they are signed, and with the stamps
// of who signed them.
//
//	what a file was made of ──▶ Render ──▶ PDF
//	the same, and the signatures in the log ──▶ Stamped ──▶ PDF with stamps
//	StampAsk ──▶ Stamp ──▶ the file under its SHA-256, in the private tables ──▶ the hash, to the log
//
// Laws kept (api/document_test.go): a file with stamps is a pure function of the file that was
// signed and of what the log says of its signatures, so whoever draws it again draws the same
// bytes; only Stamp writes; few files are made at once.
//
// It refuses to know: how a paper is set (engine/document), who may see it, what a signature
// changes (engine/flow/task).
package press
