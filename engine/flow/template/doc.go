// Package template is the flow of a company's own template of a document: nobody signs by it
// before somebody else than its author has read it.
//
//	submit ─▶ submitted ─▶ approved ─▶ withdrawn
//	                 └───▶ refused
//
// Laws kept (template_test.go): who submitted never decides; the text that was approved is the
// one that was submitted, by its hash; a decision stands.
//
// It refuses to know: the text, the name, what may stand in a template, who may decide.
package template
