package ledger

import (
	"io"
	"strings"

	"github.com/provodka/provodka/ledger/money"
)

// sheetHead is the first line of a sheet as CSV.
const sheetHead = "Счёт 1С,Вид счёта,Владелец,Счёт,Валюта,Сальдо на начало Дт,Сальдо на начало Кт,Оборот Дт,Оборот Кт,Сальдо на конец Дт,Сальдо на конец Кт\n"

// SheetCSV writes a sheet as CSV, in one form (Sheet.Hash has another, which the chart does not touch):
//
//   - UTF-8 without a mark, a comma between cells, LF after every line, the last one too;
//     no cell is quoted, because no name or amount has a comma, a quote or a space
//   - the first line is the head; a cell that a line does not stand for is empty
//   - amounts have all places of their asset, "0.00" where there is nothing
//   - lines in the order of the chart, then owner, part and asset by their bytes; a line of
//     nothing but zeros is left out; no line of totals
type SheetCSV struct {
	to  io.Writer
	err error
}

// NewSheetCSV writes the head.
func NewSheetCSV(to io.Writer) *SheetCSV {
	w := &SheetCSV{to: to}
	_, w.err = io.WriteString(to, sheetHead)
	return w
}

// Write writes lines.
func (w *SheetCSV) Write(lines []SheetLine) error {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.Join([]string{l.Code1C, l.Type, l.Owner, l.Account, l.Asset}, ","))
		asset, _ := money.LookupAsset(l.Asset)
		for _, a := range []money.Amount{l.Opening.Debit, l.Opening.Credit, l.Turnover.Debit, l.Turnover.Credit, l.Closing.Debit, l.Closing.Credit} {
			b.WriteString("," + asset.Format(a))
		}
		b.WriteString("\n")
	}
	if w.err == nil {
		_, w.err = io.WriteString(w.to, b.String())
	}
	return w.err
}
