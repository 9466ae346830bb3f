// Package onec reads and writes bank statements in the text format of exchange
// between 1C and bank clients: 1CClientBankExchange, versions 1.02 and 1.03.
//
//	bytes ──▶ encoding ──▶ lines ──▶ sections, documents ──▶ totals ──▶ Statement{Movements}
//	            │            │                                 │
//	      file_encoding   file_format (line), file_truncated  file_totals
//
// A file is believed whole or refused whole. What each refusal means:
//
//   - file_encoding: the bytes are not of the encoding that the file declares.
//     A UTF-8 file that declares Windows is refused, whatever its words look like.
//   - file_truncated: КонецФайла is missing, or a section is not closed.
//   - file_totals: opening + in - out is not closing, one section's closing is not
//     the next one's opening, or the documents do not add up to the totals.
//   - file_format: anything else, with the number of the line.
//
// Movements are what the books want: one per document and account of ours. A
// transfer between two of our accounts is two movements; the two copies of it
// that some banks write are one document, if the totals say so.
//
// Facts of the format and their marks ([H] seen in the standard or in two
// programs, [M] in one): keys, dates dd.mm.yyyy, sums with a dot, encodings
// Windows (1251) and DOS (866), sections, direction by the account, purposes split
// over НазначениеПлатежа1..6 [H, v8.1c.ru standard 1.03, three parsers]; totals
// that some banks leave out [H]; UTF-8 files [M].
//
// Laws kept: what is written is read back the same (write_test.go); no key of
// the file is lost: unknown ones are kept in order in Extra; a file with one
// line cut off is never read as whole; the reader never panics (FuzzRead).
//
// It refuses to know: whose the money is, what a purpose means, our accounts'
// names in the books, files (it reads bytes).
package onec
