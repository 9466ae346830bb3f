package play

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/examples/play"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// expected reads a table of what must come out, without its heading; columns is how many it has.
func (p *Player) expected(name string, columns int) ([][]string, error) {
	f, err := os.Open(filepath.Join(p.Dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = columns
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("%s: %d строк: %w", name, len(rows), err)
	}
	return rows[1:], nil
}

// compareAccounts compares every account of the books with the expected trial balance, both
// ways: one that is in the books alone is a difference too.
func (p *Player) compareAccounts(ctx context.Context, d *differences) error {
	rows, err := p.expected(play.TrialBalance, 5)
	if err != nil {
		return err
	}
	ids, err := p.ids(ctx)
	if err != nil {
		return err
	}
	got, err := p.turnovers(ctx)
	if err != nil {
		return err
	}
	differ := len(d.list)
	compared := 0
	for _, row := range rows {
		name := ids.Replace(row[0])
		if typ, all := strings.CutSuffix(name, "*"); all {
			for account, line := range got {
				if strings.HasPrefix(account, typ) {
					compared++
					d.account(account, row, line)
					delete(got, account)
				}
			}
			continue
		}
		compared++
		d.account(row[0], row, got[name])
		delete(got, name)
	}
	for account, line := range got {
		d.want(account, side(line.GetClosingDebit())+" "+side(line.GetClosingCredit()), "такого счёта нет")
	}
	p.say("\nСчетов сверено с %s: %d, расхождений %d", play.TrialBalance, compared, len(d.list)-differ)
	return nil
}

// account compares a line: turnovers that are not foretold are empty.
func (d *differences) account(name string, row []string, line *ledgerv1.TurnoverLine) {
	for i, got := range []string{line.GetDebit(), line.GetCredit(), line.GetClosingDebit(), line.GetClosingCredit()} {
		if want := row[i+1]; want != "" {
			d.want(name+", "+[]string{"оборот Дт", "оборот Кт", "сальдо Дт", "сальдо Кт"}[i], side(got), want)
		}
	}
}

// side writes a column of the books with its kopecks.
func side(text string) string {
	if text == "" {
		return "0.00"
	}
	return text
}

// ids puts the ids of the books in place of the play's own names.
func (p *Player) ids(ctx context.Context) (*strings.Replacer, error) {
	pairs := []string{"{company}", p.company.GetCompanyId()}
	for ref, id := range p.people {
		pairs = append(pairs, "{"+ref+"}", id)
	}
	for line, id := range p.lines {
		pairs = append(pairs, fmt.Sprintf("{line %d}", line), id)
	}
	r, err := p.statements.ListLines(ctx, &statementv1.ListLinesRequest{Book: p.Book, PageSize: 100, MinPosition: p.position})
	if err != nil {
		return nil, err
	}
	for _, l := range r.GetLines() {
		pairs = append(pairs, "{"+l.GetAmount()+"}", l.GetLineId())
	}
	return strings.NewReplacer(pairs...), nil
}

// turnovers reads the whole sheet by account.
func (p *Player) turnovers(ctx context.Context) (map[string]*ledgerv1.TurnoverLine, error) {
	all := map[string]*ledgerv1.TurnoverLine{}
	for token := ""; ; {
		r, err := p.ledger.ListTurnovers(ctx, &ledgerv1.ListTurnoversRequest{
			Book: p.Book, By: ledgerv1.TurnoverBy_TURNOVER_BY_ACCOUNT, PageToken: token, MinPosition: p.position,
		})
		if err != nil {
			return nil, err
		}
		for _, l := range r.GetLines() {
			all[l.GetAccount()] = l
		}
		if token = r.GetNextPageToken(); token == "" {
			return all, nil
		}
	}
}

// earned is what the tasks of one person come to.
type earned struct {
	paid                                           int
	gross, payout, npd, ndfl, contributions, bonus money.Amount
	left                                           []string
}

// line writes the columns of the table of persons that tasks tell.
func (e *earned) line() []string {
	out := []string{fmt.Sprint(e.paid)}
	for _, a := range []money.Amount{e.gross, e.payout, e.npd, e.ndfl, e.contributions, e.bonus} {
		out = append(out, money.RUB.Format(a))
	}
	slices.Sort(e.left)
	return append(out, strings.Join(e.left, " "))
}

// comparePersons compares what each person has earned, and what was held of it.
func (p *Player) comparePersons(ctx context.Context, d *differences) error {
	rows, err := p.expected(play.Persons, 13)
	if err != nil {
		return err
	}
	by, err := p.earnings(ctx)
	if err != nil {
		return err
	}
	columns := []string{"оплачено заданий", "начислено", "выплачено", "НПД", "НДФЛ", "взносы", "бонус", "ошибки"}
	differ := len(d.list)
	for _, row := range rows {
		e := by[p.people[row[0]]]
		if e == nil {
			e = new(earned)
		}
		want := append(slices.Clone(row[2:9]), row[12])
		for i, got := range e.line() {
			d.want(row[0]+", "+columns[i], got, want[i])
		}
	}
	if err := p.compareYears(ctx, d, rows); err != nil {
		return err
	}
	p.say("Исполнителей сверено с %s: %d, расхождений %d", play.Persons, len(rows), len(d.list)-differ)
	return nil
}

// compareYears compares what the engine counts of each person's year: income against the limit
// and what is left of the bonus, or the base of NDFL and what was withheld.
func (p *Player) compareYears(ctx context.Context, d *differences, rows [][]string) error {
	years := make([]*taxv1.GetEarningsResponse, len(rows))
	day, err := time.Parse(time.DateOnly, p.play.Day) // a year later the play still says the same
	if err != nil {
		return err
	}
	err = each(ctx, len(rows), func(ctx context.Context, i int) (err error) {
		years[i], err = p.taxes.GetEarnings(ctx, &taxv1.GetEarningsRequest{Book: p.Book, ExecutorId: p.people[rows[i][0]], Year: uint32(day.Year()), MinPosition: p.position})
		return err
	})
	if err != nil {
		return err
	}
	for i, row := range rows {
		y := years[i]
		switch row[1] {
		case "civil_contract":
			d.want(row[0]+", база НДФЛ", y.GetNdflBase(), row[3])
			d.want(row[0]+", удержано за год", y.GetNdflWithheld(), row[6])
		case "selfemployed":
			d.want(row[0]+", доход в чеках", y.GetRegistered(), row[10])
			d.want(row[0]+", свободно под лимитом", y.GetFree(), row[11])
			if row[9] != "" {
				d.atMost(row[0]+", остаток бонуса", y.GetBonusLeft(), row[9])
			}
		}
	}
	return nil
}

// atMost compares what is an estimate on the safe side: the engine takes a bonus that it has used
// off what the tax service says, and after a restart cannot know whether that was off already.
// What was used in all is compared to the kopeck with the tasks.
func (d *differences) atMost(what, got, want string) {
	g, err := money.RUB.Parse(got)
	w, wrong := money.RUB.Parse(want)
	if err != nil || wrong != nil || g.Cmp(w) > 0 {
		d.want(what, got, "не больше "+want)
	}
}

// earnings sums the tasks up by person.
func (p *Player) earnings(ctx context.Context) (map[string]*earned, error) {
	tasks, err := p.list(ctx, "paid", "error")
	if err != nil {
		return nil, err
	}
	by := map[string]*earned{}
	for _, t := range tasks {
		id := t.GetExecutor().GetExecutorId()
		if by[id] == nil {
			by[id] = new(earned)
		}
		e := by[id]
		if t.GetStatus() == "error" {
			e.left = append(e.left, t.GetPaymentErrors()[0].GetCode())
			continue
		}
		a := t.GetAmounts()
		tax, npd := a.GetTax(), &e.npd
		if t.GetEmploymentKind() == "civil_contract" {
			npd = &e.ndfl
		}
		if a.GetFinalTax() != "" {
			tax = a.GetFinalTax()
		}
		e.paid++
		for _, x := range []struct {
			to  *money.Amount
			sum string
		}{{&e.gross, a.GetGross()}, {&e.payout, a.GetPayout()}, {npd, tax}, {&e.contributions, a.GetContributions()}, {&e.bonus, a.GetBonus()}} {
			sum, err := money.RUB.Parse(side(x.sum))
			if err != nil {
				return nil, fmt.Errorf("задание %s: %w", t.GetId(), err)
			}
			*x.to = x.to.Add(sum)
		}
	}
	return by, nil
}
