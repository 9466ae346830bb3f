package export

import (
	"bufio"
	"cmp"
	"context"
	"io"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// accountsAtOnce is how many accounts of a sheet are in memory at once.
const accountsAtOnce = 2000

// writeTurnovers writes the turnover balance sheet (ОСВ), and refuses one that does not balance.
func writeTurnovers(ctx context.Context, b Books, o Options, upto []store.Seen, out io.Writer, done *meter, report *Report) error {
	o.sees(upto)
	w := csvRows{out: bufio.NewWriterSize(out, outBytes)}
	w.row("code_1c", "type", "owner", "account", "asset", "opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit")
	sheet := ledger.Sheet{Book: o.Book, From: o.From, To: o.To, KnownUS: o.KnownUS, Upto: upto, By: o.By}
	totals, err := sheet.Each(ctx, b, accountsAtOnce, done.part(0, 99), func(lines []ledger.SheetLine) error {
		for _, l := range lines {
			asset, _ := money.LookupAsset(l.Asset)
			w.row(append([]string{l.Code1C, l.Type, l.Owner, l.Account, l.Asset}, amounts(asset, l.Opening, l.Turnover, l.Closing)...)...)
		}
		return nil
	})
	if err == nil {
		err = ledger.Balanced(totals)
	}
	if err != nil {
		return err
	}
	return w.flush(&report.Lines)
}

// amounts are the two cells of each pair of sums: "0.00" where there is nothing.
func amounts(asset money.Asset, pairs ...store.Sums) (cells []string) {
	for _, p := range pairs {
		cells = append(cells, asset.Format(p.Debit), asset.Format(p.Credit))
	}
	return cells
}

// writeTrial writes the trial balance, and refuses one that does not balance. Of now it is the sums
// that the shards keep; of another moment every account of the book is read.
func writeTrial(ctx context.Context, b Books, o Options, upto []store.Seen, out io.Writer, done *meter, report *Report) error {
	trial := ledger.Trial{Book: o.Book, Day: o.To, KnownUS: o.KnownUS}
	if o.To != "" || o.KnownUS != 0 {
		trial.Upto = upto
	}
	rows, totals, seen, err := trial.Read(ctx, b, done.part(0, 99))
	for _, t := range totals {
		err = cmp.Or(err, ledger.Balanced([]ledger.SheetSum{{Asset: t.Asset.Code, Turnover: t.Turnover, Closing: t.Balance}}))
	}
	if err != nil {
		return err
	}
	o.sees(seen)
	w := csvRows{out: bufio.NewWriterSize(out, outBytes)}
	w.row("code_1c", "type", "class", "asset", "debit", "credit", "debit_balance", "credit_balance", "meaning")
	for _, r := range rows {
		cells := append([]string{r.Type.Code1C, r.Type.Name, string(r.Type.Class), r.Asset.Code}, amounts(r.Asset, r.Turnover, r.Balance)...)
		w.row(append(cells, csvText(r.Type.Meaning))...)
	}
	return w.flush(&report.Lines)
}

// endOfMonths is after every month.
const endOfMonths = "9999-12"

// writeGeneral writes the general ledger from the month of the first day, or of the first turnover, to
// the month of the last. How much it reads is bounded by the months and the types of the chart.
func writeGeneral(ctx context.Context, b Books, o Options, out io.Writer, report *Report) error {
	month := func(day string) string { return day[:min(len("2006-01"), len(day))] }
	from, until := month(o.From), month(o.To)
	turnovers, seen, err := b.Correspondences(ctx, o.Book, cmp.Or(until, endOfMonths))
	if err != nil {
		return err
	}
	var months []string
	if len(turnovers) > 0 {
		first := cmp.Or(from, turnovers[0].Month)
		last := cmp.Or(until, max(first, turnovers[len(turnovers)-1].Month))
		var refusal *fault.Refusal
		if months, refusal = ledger.Months(first, last); refusal != nil {
			refusal.Field = "from"
			return refusal
		}
	}
	o.sees(seen)
	w := csvRows{out: bufio.NewWriterSize(out, outBytes)}
	w.row("line", "month", "code_1c", "type", "asset", "counter_code_1c", "counter_type", "debit", "credit")
	for _, r := range generalRows(turnovers, months) {
		if o.Type != "" && r.Type.Name != o.Type || o.Code1C != "" && r.Type.Code1C != o.Code1C {
			continue
		}
		asset, _ := money.LookupAsset(r.Asset)
		head := []string{r.Month, r.Type.Code1C, r.Type.Name, r.Asset}
		line := func(line string, counter ledger.GeneralTurn, debit, credit string) {
			w.row(append(append([]string{line}, head...), counter.Type.Code1C, counter.Type.Name, debit, credit)...)
		}
		bound := func(name string, balance money.Amount) {
			sums := amounts(asset, store.Sums{Debit: money.Max(balance, money.Zero), Credit: money.Max(balance.Neg(), money.Zero)})
			line(name, ledger.GeneralTurn{}, sums[0], sums[1])
		}
		bound("opening", r.Opening)
		for _, d := range r.Debits {
			line("turnover", d, asset.Format(d.Amount), "")
		}
		for _, c := range r.Credits {
			line("turnover", c, "", asset.Format(c.Amount))
		}
		bound("closing", r.Closing)
	}
	return w.flush(&report.Lines)
}

func generalRows(turnovers []store.Correspondence, months []string) []ledger.GeneralRow {
	if len(months) == 0 {
		return nil // nothing was booked yet
	}
	return ledger.General(turnovers, months)
}
