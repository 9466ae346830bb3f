// Package registercsv reads the register of tasks that a company uploads to pay
// many people at once, and writes the register of the lines that were refused.
//
//	reader ──▶ rows ──▶ encoding ──▶ delimiter, columns ──▶ Row: a Line, or refusals
//	             │          │                 │                      │
//	    64 KiB at most  file_encoding    file_format         ErrorHead, ErrorRow ──▶ CSV to mend and upload again
//
// A file is read as it comes (Open, Next), however long it is: one row is kept, and 64 KiB
// ahead of it. Read is for files that lie in memory.
//
// # The format
//
// It is ours. Its columns are the fields of a task (source document 000, "Параметры
// для создания задания"). The first row names the columns, in any order and any
// letter case; every further row is one task.
//
//	title              required   what the receipt will say, at most 255 characters
//	description        required   what is to be done, at most 4,000 characters
//	category           required   the kind of task, at most 255 characters
//	executor_inn       one of     the executor's INN, 12 digits
//	executor_phone     the two    the executor's phone, as people write it; kept as +7XXXXXXXXXX
//	amount_gross       exactly    the contract's sum before tax, rubles
//	amount_net         one        what the executor gets, rubles
//	employment_kind    required   selfemployed | civil_contract | entrepreneur
//	period_from        optional   first day of the work
//	period_to          optional   last day of the work, not before period_from
//	act_required       optional   a certificate of work is needed; no by default
//	autocomplete       optional   the task is created completed; no by default, only without an act
//	document_number    optional   number of a contract signed on paper; goes with document_date
//	document_date      optional   its date
//	additional_info    optional   more for the executor, at most 4,000 characters
//
// The file must have title, description, category, employment_kind, at least one
// of the executor's columns and at least one of the amounts' columns. A column that is
// not in the list refuses the file: a misspelled act_required must not be passed
// over. The columns line, errors and raw, which WriteErrors adds, are passed over.
//
// Amounts: digits, a dot or a comma, at most two decimals; more than zero; no
// spaces between thousands. Dates: 2026-03-02 or 02.03.2026. Yes and no: true,
// false, 1, 0, yes, no, да, нет, empty for no. Text is kept as it is, but for spaces around it.
//
// Bytes: UTF-8 with or without a byte order mark, or windows-1251 (spreadsheets in
// Russia write it), found by looking at the first bytes that are not ASCII. Anything else is
// file_encoding: UTF-16, cp866, KOI8-R. The delimiter is ; or , whichever the first row uses.
// Fields may be in double quotes and then hold delimiters, doubled quotes and line breaks.
// Lines end with LF, CR LF or CR, also by turns.
//
// A file is refused whole for its encoding, its columns, more than MaxLines tasks. Everything
// else refuses one line and names every field that is wrong in it, at once: also a quote that
// is never closed (the next line is read as if that one were not there), a line longer than
// MaxRowBytes, zero bytes, letters lost in a conversion, a line in another encoding than
// the file's.
//
// Laws kept: every row that is not empty is in Lines or in Refused, never in both,
// never in none; the error register read again is refused in the same rows, and
// written again it is the same file; the reader never panics (FuzzRead).
//
// It refuses to know: whether the executor exists, what their tax will be, balances.
package registercsv
