// Package lint holds the house to its own rules: what may import what, and what no
// source file may contain. It is tests only.
//
//	imports.md ──▶ imports_test.go    packages, compared with `go list`
//	             ▲ modules_test.go    foreign modules, compared with go.mod and ARCHITECTURE.md
//	 the source ─▶ source_test.go     floats, clocks, chance, errors, SQL, metrics, sleeps
//	             ▶ form_test.go       doc.go, comments, sizes, names
//	 dated tables ─▶ dated_test.go    rows before the last release, compared with testdata/dated.txt
//
// An exception is a comment with its reason at the place, never a list in here:
// `// float: …`, `// clock: …`, `// sql: …`, `// sleep: …`, `// long: …`.
//
// Laws kept: every rule is shown to catch what it forbids (rules_test.go).
//
// It refuses to know: what the packages do.
//
// Decided, with the reasons:
//
//   - Tools are modules of their own; exceptions to the house's rules are comments at the place:
//     buf needs a newer protobuf; a list elsewhere would be forgotten.
package lint
