package play

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger/money"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// holding are the account types that hold a task's money while it is on its way.
var holding = []string{"reserve", "claim"}

// report prints what happened in a form that finance reads, and compares it with
// what the play expects: every difference is named.
func (p *Player) report(ctx context.Context) error {
	failed := &differences{}
	steps := []func(context.Context, *differences) error{
		p.reportTroubles, p.reportTasks, p.reportWallet, p.reportTrialBalance, p.reportTaxes, p.reportOwnTaxes, p.reportWays, p.reportSignatures, p.compareAccounts, p.comparePersons, p.reportHolding, p.reportHeads,
	}
	for _, step := range steps {
		if err := step(ctx, failed); err != nil {
			return err
		}
	}
	p.say("\nвсего %.1f с", time.Since(p.started).Seconds())
	return failed.error()
}

// differences collects what did not come out as expected.
type differences struct{ list []string }

func (d *differences) want(what, got, want string) {
	if got != want {
		d.list = append(d.list, fmt.Sprintf("%s: вышло %s, ожидалось %s", what, got, want))
	}
}

func (d *differences) error() error {
	if len(d.list) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(d.list, "; "))
}

// titles of the states, in the order of a task's life.
var states = [][2]string{
	{"draft", "Черновик"}, {"inwork", "В работе"}, {"accepting", "На подпись"}, {"completed", "На оплату"},
	{"paying", "В процессе"}, {"paid", "Завершенное"}, {"error", "Ошибка оплаты"}, {"canceled", "Неактивное"},
}

func allStates() (words []string) {
	for _, s := range states {
		words = append(words, s[0])
	}
	return words
}

func (p *Player) reportTasks(ctx context.Context, d *differences) error {
	counts, err := p.counts(ctx)
	if err != nil {
		return err
	}
	failed, why, err := p.reasons(ctx, "error")
	if err != nil {
		return err
	}
	waiting, whyNot, err := p.reasons(ctx, "draft")
	if err != nil {
		return err
	}
	p.say("\nЗадания компании %s", p.play.Company.Name)
	t := table.New("Состояние", ">Заданий", "Почему")
	reasons := map[string][]string{"error": why, "draft": whyNot}
	for _, s := range states {
		if counts[s[0]] > 0 {
			t.Add(s[1], fmt.Sprint(counts[s[0]]), strings.Join(reasons[s[0]], "; "))
		}
		d.want("заданий в состоянии «"+s[1]+"»", fmt.Sprint(counts[s[0]]), fmt.Sprint(p.play.Expected.States[s[0]]))
	}
	if err := t.Write(p.Out); err != nil {
		return err
	}
	d.want("ошибки оплаты", fmt.Sprint(failed), fmt.Sprint(p.play.Expected.Errors))
	d.want("не принятые задания", fmt.Sprint(waiting), fmt.Sprint(p.play.Expected.Drafts))
	return nil
}

// reasons counts by code why tasks of a state are there, and says it in words.
func (p *Player) reasons(ctx context.Context, state string) (byCode map[string]int, said []string, err error) {
	tasks, err := p.list(ctx, state)
	if err != nil {
		return nil, nil, err
	}
	byCode = map[string]int{}
	words := map[string]string{}
	for _, t := range tasks {
		for _, e := range t.GetPaymentErrors()[:min(1, len(t.GetPaymentErrors()))] {
			byCode[e.GetCode()]++
			words[e.GetCode()] = e.GetMessage()
			if e.GetFree() != "" {
				words[e.GetCode()] += ", свободно " + e.GetFree() + " ₽"
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		said = append(said, fmt.Sprintf("%s: %d", words[code], byCode[code]))
	}
	return byCode, said, nil
}

func (p *Player) reportWallet(ctx context.Context, _ *differences) error {
	r, err := p.companies.GetWallet(ctx, &companyv1.GetWalletRequest{Book: p.Book, CompanyId: p.company.GetCompanyId(), MinPosition: p.position})
	if err != nil {
		return err
	}
	p.say("\nКошелёк: %s ₽, доступно %s ₽; обеспечительный платёж %s ₽", r.GetBalance(), r.GetAvailable(), r.GetDeposit())
	return nil
}

func (p *Player) reportTrialBalance(ctx context.Context, d *differences) error {
	r, err := p.ledger.TrialBalance(ctx, &ledgerv1.TrialBalanceRequest{Book: p.Book, MinPosition: p.position})
	if err != nil {
		return err
	}
	p.say("\nОборотно-сальдовая ведомость по видам счетов, ₽")
	t := table.New("Счёт 1С", "Вид", "Что на нём", ">Оборот Дт", ">Оборот Кт", ">Сальдо Дт", ">Сальдо Кт")
	for _, row := range r.GetRows() {
		t.Add(row.GetCode_1C(), row.GetType(), kinds[row.GetType()], shown(row.GetDebit()), shown(row.GetCredit()), shown(row.GetDebitBalance()), shown(row.GetCreditBalance()))
	}
	t.Rule()
	for _, sum := range r.GetTotals() {
		t.Add("", "", "всего", sum.GetDebit(), sum.GetCredit(), sum.GetDebitBalance(), sum.GetCreditBalance())
		d.want("обороты дебета и кредита", sum.GetDebit(), sum.GetCredit())
		d.want("сальдо дебета и кредита", sum.GetDebitBalance(), sum.GetCreditBalance())
	}
	return t.Write(p.Out)
}

// kinds say what stands on the accounts of a type.
var kinds = map[string]string{
	"bank": "деньги на наших счетах в банке", "wallet": "деньги компаний для исполнителей", "deposit": "обеспечительные платежи",
	"reserve": "отложено, пока банк и ФНС отвечают", "suspense": "пришло неизвестно от кого", "tax-npd": "удержанный НПД",
	"tax-ndfl": "удержанный НДФЛ", "contribution": "страховые взносы", "enp": "налоги, собранные для поручения",
	"remitting": "налоги, пока банк отвечает", "revenue": "наша комиссия", "expense": "комиссии банка", "claim": "ушло без покрытия",
}

// shown leaves a cell empty that has nothing.
func shown(sum string) string {
	if zero(sum) {
		return ""
	}
	return sum
}

func zero(text string) bool {
	a, err := money.Parse(text)
	return text == "" || err == nil && a.IsZero()
}

// reportHolding shows that nobody's money is stuck: every holding account is
// empty but for tasks that are in error or still in doubt.
func (p *Player) reportHolding(ctx context.Context, d *differences) error {
	open := map[string]bool{}
	unfinished, err := p.list(ctx, "paying", "error")
	if err != nil {
		return err
	}
	for _, t := range unfinished {
		open[t.GetId()] = true
	}
	checked, full := 0, 0
	for _, typ := range holding {
		for token := ""; ; {
			r, err := p.ledger.ListBalances(ctx, &ledgerv1.ListBalancesRequest{
				Book: p.Book, Type: typ, PageSize: 500, PageToken: token, MinPosition: p.position,
			})
			if err != nil {
				return err
			}
			for _, b := range r.GetBalances() {
				checked++
				if zero(b.GetBalance()) {
					continue
				}
				full++
				owner, _ := strings.CutPrefix(b.GetAccount(), typ+":")
				if !open[owner] {
					d.want(b.GetAccount(), b.GetBalance(), "0.00")
				}
			}
			if token = r.GetNextPageToken(); token == "" {
				break
			}
		}
	}
	p.say("\nСчетов, где деньги ждут ответа (reserve, claim): %d, из них пустых %d, с деньгами незавершённых заданий %d", checked, checked-full, full)
	return nil
}

func (p *Player) reportHeads(ctx context.Context, _ *differences) error {
	r, err := p.ledger.GetPosition(ctx, &ledgerv1.GetPositionRequest{Book: p.Book})
	if err != nil {
		return err
	}
	p.say("\nЖурнал: хеш последней записи шарда доказывает все до неё")
	t := table.New(">Шард", ">Записей", "Хеш последней")
	for _, s := range r.GetShards() {
		t.Add(fmt.Sprint(s.GetShard()), fmt.Sprint(s.GetSeq()), s.GetHead())
	}
	return t.Write(p.Out)
}
