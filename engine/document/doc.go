// Package document makes the papers that two sides sign: from a template and values to
// the bytes of a PDF, the same bytes each time.
//
//	template ──Parse──▶ Template ──Fill(values)──▶ Paper ──Render──▶ PDF
//	 (checked)                                       ▲
//	 sums, stamps, tables of the program itself ─────┘
//
// A template is text with a few marks (headings, tables) and names in double braces. It is
// taken apart before any value is known, so a value is never read as a mark or a name.
// document.md lists the names; a template with another one is refused, and names it.
//
// Laws kept (document_test.go, render_test.go): the same paper gives the same bytes; every
// character of a value is in the PDF, in order, or its visible replacement; no text leaves
// the page; whatever comes in, nothing panics and no paper has more than MaxPages.
//
// It refuses to know: databases, who may see a paper, the clock, what a signature means.
//
// Decided, with the reasons:
//
//   - A template is taken apart before any value is known; the setter works in whole thousandths
//     of a point; what the font lacks is a visible box: a value is never read as a mark; the same
//     paper is the same bytes; nobody takes a text for whole that is not.
package document
