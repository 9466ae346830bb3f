package document

import (
	"strconv"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Operator is who runs the platform: the agent of its companies.
type Operator struct{ Name, INN, KPP string }

// Closing is what a company's document of a month is made of.
type Closing struct {
	Document *flowv1.ClosingDocument // nil = a preliminary sheet, which has no number
	Sheet    *flowv1.ClosingSheet
	Customer *privatev1.CompanyProfile
	Operator Operator
	// Commission of the month, and what stands below it about VAT.
	Commission money.Amount
	VAT        string
}

// months are the months' names.
var months = []string{
	"январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
}

// monthOf says a month in words: ноябрь 2026 года.
func monthOf(month string) string {
	at, err := time.Parse("2006-01", month)
	if err != nil {
		return month
	}
	return months[at.Month()-1] + " " + strconv.Itoa(at.Year()) + " года"
}

// Paper sets the document: the act of services, then the agent's report with the
// reconciliation of the wallet.
func (c Closing) Paper() Paper {
	title, footer := c.titles()
	made := c.Sheet.GetToDay() // a preliminary sheet is the same all day, as long as the books are
	if c.Document != nil {
		made = c.Document.GetDay()
	}
	p := Paper{Title: footer, Footer: footer, Made: time.Unix(0, 0)}
	if at, err := time.Parse(time.DateOnly, made); err == nil {
		p.Made = at
	}
	p.Blocks = append(p.Blocks, Text(Title, title[0]))
	for _, line := range title[1:] {
		p.Blocks = append(p.Blocks, Text(Body, line))
	}
	p.Blocks = append(p.Blocks,
		Text(Body, "Исполнитель (агент): "+party(c.Operator.Name, c.Operator.INN, c.Operator.KPP)),
		Text(Body, "Заказчик (принципал): "+party(c.Customer.GetName(), c.Customer.GetInn(), c.Customer.GetKpp())))
	if n := c.Customer.GetContract(); n != "" {
		p.Blocks = append(p.Blocks, Text(Body, "Договор: "+n))
	}
	p.Blocks = append(p.Blocks, c.act()...)
	return Paper{p.Title, p.Footer, p.Made, append(p.Blocks, c.report()...)}
}

// titles are the head, and what stands at the foot.
func (c Closing) titles() (head []string, foot string) {
	d, month := c.Document, monthOf(c.Sheet.GetMonth())
	if d == nil {
		return []string{
			"Предварительный расчёт за " + month,
			"Составлен на " + day(c.Sheet.GetToDay()) + ", без номера: месяц не закрыт, суммы могут измениться.",
		}, "Предварительный расчёт за " + month
	}
	name := "Акт об оказанных услугах и отчёт агента № " + strconv.FormatUint(uint64(d.GetNumber()), 10) + " от " + day(c.Sheet.GetToDay())
	head = []string{name}
	if d.GetCorrection() > 0 {
		fix := "Исправление № " + strconv.FormatUint(uint64(d.GetCorrection()), 10) + " от " + day(d.GetDay())
		head, name = append(head, fix), name+", "+strings.ToLower(fix[:2])+fix[2:]
	}
	return append(head, "За "+month), name
}

func party(name, inn, kpp string) string {
	said := name + ", ИНН " + inn
	if kpp != "" {
		said += ", КПП " + kpp
	}
	return said
}

// act is the services of the month.
func (c Closing) act() []Block {
	blocks := []Block{Text(Heading, "1. Акт об оказанных услугах")}
	if len(c.Sheet.GetCharges()) == 0 {
		return append(blocks, Text(Body, "Вознаграждение за месяц не начислялось."))
	}
	t := &Table{Weights: []int{6, 2}, Right: []bool{false, true}, Head: 1, Rows: [][][]Span{Cells(true, "Услуга", "Сумма, руб.")}}
	for _, l := range c.Sheet.GetCharges() {
		t.Rows = append(t.Rows, Cells(false, l.GetTitle(), amountOf(l.GetAmount())))
	}
	t.Rows = append(t.Rows, Cells(true, "Всего", rubles(c.Commission)))
	blocks = append(blocks, Block{Style: Tabular, Table: t}, Text(Body, strings.TrimSpace("Всего: "+inWords(c.Commission)+". "+c.VAT)))
	return append(blocks, Text(Body, "Вознаграждение удержано из средств заказчика. Услуги оказаны полностью и в срок."))
}

// report is what became of the company's money.
func (c Closing) report() []Block {
	w, r, d := c.Sheet.GetWallet(), c.Sheet.GetReserved(), c.Sheet.GetDeposit()
	money := &Table{Weights: []int{6, 3, 3}, Right: []bool{false, true, true}, Head: 1, Rows: [][][]Span{Cells(true, "Движение средств", "Поступило, руб.", "Списано, руб.")}}
	came, went := zero, zero
	for _, l := range c.Sheet.GetLines() {
		money.Rows = append(money.Rows, Cells(false, l.GetTitle(), amountOf(l.GetIn()), amountOf(l.GetOut())))
		came, went = came.Add(parsed(l.GetIn())), went.Add(parsed(l.GetOut()))
	}
	money.Rows = append(money.Rows, Cells(true, "Обороты", rubles(came), rubles(went)))
	rests := &Table{Weights: []int{6, 3, 3}, Right: []bool{false, true, true}, Head: 1, Rows: [][][]Span{
		Cells(true, "Остатки", "На начало, руб.", "На конец, руб."),
		Cells(false, "Кошелёк", amountOf(w.GetOpening()), amountOf(w.GetClosing())),
		Cells(false, "Отложено на оплату заданий", amountOf(r.GetOpening()), amountOf(r.GetClosing())),
		Cells(true, "Всего средств заказчика", rubles(parsed(w.GetOpening()).Add(parsed(r.GetOpening()))), rubles(parsed(w.GetClosing()).Add(parsed(r.GetClosing())))),
	}}
	deposit := &Table{Weights: []int{3, 3, 3, 3}, Right: []bool{true, true, true, true}, Head: 1, Rows: [][][]Span{
		Cells(true, "На начало, руб.", "Поступило, руб.", "Списано, руб.", "На конец, руб."),
		Cells(false, amountOf(d.GetOpening()), amountOf(d.GetIn()), amountOf(d.GetOut()), amountOf(d.GetClosing())),
	}}
	return []Block{
		Text(Heading, "2. Отчёт агента и сверка расчётов"), {Style: Tabular, Table: rests}, {Style: Tabular, Table: money},
		Text(Heading, "3. Обеспечительный платёж"), {Style: Tabular, Table: deposit},
		Text(Small, "Суммы взяты из учёта платформы по дате операции. Возражения по отчёту принимаются в срок, установленный договором."),
	}
}

var zero = money.New(0, money.RUB.Scale)

func amountOf(text string) string { return rubles(parsed(text)) }

// parsed reads an amount of a sheet; one that is none counts nothing, and Sheets writes none.
func parsed(text string) money.Amount {
	a, err := money.RUB.Parse(text)
	if err != nil {
		return zero
	}
	return a
}
