package ledger

import (
	"slices"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// MaxMonths bounds the general ledger of one question.
const MaxMonths = 120

// monthLayout is how months are written.
const monthLayout = "2006-01"

// Months lists the months from one to another, YYYY-MM, both included.
func Months(from, until string) ([]string, *fault.Refusal) {
	first, err := time.Parse(monthLayout, from)
	if err != nil {
		return nil, fault.Refuse(fault.Malformed, "from", "%.10q is no month like 2026-03", from)
	}
	last, err := time.Parse(monthLayout, until)
	if err != nil {
		return nil, fault.Refuse(fault.Malformed, "until", "%.10q is no month like 2026-03", until)
	}
	var months []string
	for m := first; !m.After(last); m = m.AddDate(0, 1, 0) {
		if months = append(months, m.Format(monthLayout)); len(months) > MaxMonths {
			return nil, fault.Refuse(fault.Malformed, "until", "more than %d months", MaxMonths)
		}
	}
	if months == nil {
		return nil, fault.Refuse(fault.Malformed, "until", "it is before from")
	}
	return months, nil
}

// GeneralRow is a month of a type of account in one asset. Balances are debits less
// credits.
type GeneralRow struct {
	Type             book.Type
	Asset, Month     string
	Opening, Closing money.Amount
	Debit, Credit    money.Amount
	Debits, Credits  []GeneralTurn // with what, in the order of the types' names
}

// GeneralTurn is a turnover with one type of account.
type GeneralTurn struct {
	Type   book.Type
	Amount money.Amount
}

// General is the general ledger (главная книга) of some months: a row for each type,
// asset and month in which it stood or moved, in the order of the chart. The turnovers
// are all that there were up to the last month, by month.
func General(turnovers []store.Correspondence, months []string) []GeneralRow {
	of := map[[2]string][]store.Correspondence{} // type and asset: what has it on a side
	var assets []string
	for _, c := range turnovers {
		debit, credit := [2]string{c.Debit, c.Asset}, [2]string{c.Credit, c.Asset}
		of[debit] = append(of[debit], c)
		if credit != debit {
			of[credit] = append(of[credit], c)
		}
		if !slices.Contains(assets, c.Asset) {
			assets = append(assets, c.Asset)
		}
	}
	slices.Sort(assets)
	var rows []GeneralRow
	for _, t := range book.Types() {
		for _, asset := range assets {
			rows = append(rows, generalRows(t, asset, of[[2]string{t.Name, asset}], months)...)
		}
	}
	return rows
}

// generalRows are the months of one type in one asset.
func generalRows(t book.Type, asset string, left []store.Correspondence, months []string) (rows []GeneralRow) {
	var balance money.Amount
	for len(left) > 0 && left[0].Month < months[0] {
		debit, credit := left[0].Sides(t.Name)
		balance, left = balance.Add(debit).Sub(credit), left[1:]
	}
	for _, month := range months {
		row := GeneralRow{Type: t, Asset: asset, Month: month, Opening: balance}
		for len(left) > 0 && left[0].Month == month {
			row.add(left[0])
			left = left[1:]
		}
		row.Closing = balance.Add(row.Debit).Sub(row.Credit)
		if len(row.Debits)+len(row.Credits) > 0 || !balance.IsZero() {
			rows = append(rows, row)
		}
		balance = row.Closing
	}
	return rows
}

func (r *GeneralRow) add(c store.Correspondence) {
	debit, credit := c.Sides(r.Type.Name)
	if debit.Sign() > 0 {
		counter, _ := book.LookupType(c.Credit)
		r.Debit, r.Debits = r.Debit.Add(debit), append(r.Debits, GeneralTurn{counter, debit})
	}
	if credit.Sign() > 0 {
		counter, _ := book.LookupType(c.Debit)
		r.Credit, r.Credits = r.Credit.Add(credit), append(r.Credits, GeneralTurn{counter, credit})
	}
}
