// Package document serves DocumentService: the papers of a task, their templates, and who
// signed what.
//
//	task, parties, template ─▶ compose ─▶ PDF ─▶ shown ─▶ code by SMS, or a key ─▶ evidence, file ─▶ signature in the log
//	/sign/… the page of a signing link: its secret stands behind #, and the page asks with it
//	SubmitTemplate ─▶ DecideTemplate ─▶ ChooseTemplates: which ones a task's command names
//
// Links, Accepted and ChooseTemplates are what api/task uses.
//
// Laws kept: what is signed is the file that was seen, by its SHA-256; the file and the
// evidence are written before the command that names them; a link that is wrong in any way
// has one answer; codes and tries are counted by the log.
//
// It refuses to know: how a paper is set (engine/document), what a signature changes
// (engine/flow/sign, engine/flow/task).
package document
