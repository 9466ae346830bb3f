// Package leanxml reads and writes XML as encoding/xml does, cheaper for the documents
// that partners exchange by the thousand.
//
//	plain document ──▶ tokens ──▶ encoding/xml's own decoder ──▶ value
//	any other, or one that the tokens do not understand ──▶ encoding/xml alone
//
// Plain is: no entities, comments, directives or instructions but the first line. The
// library takes names, namespaces and fields apart in both ways; only cutting the text
// into tags is done here.
//
// Laws kept (leanxml_test.go): what is read is what the library reads, to the field, and
// what it refuses is refused with its own words; what is written is the library's bytes.
//
// It refuses to know: any message.
package leanxml
