package closing

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Account types of a company's money.
const (
	typeWallet  = "wallet"
	typeReserve = "reserve"
	typeDeposit = "deposit"
	typeClaim   = "claim"
)

// taskFlow books to reserves, and its charges are by kind of executor.
const taskFlow = "task"

// Standing is what stood in a company's accounts: credits less debits, rubles.
type Standing struct{ Wallet, Reserved, Deposit money.Amount }

// Months adds the records of a company's accounts up to sheets of months.
type Months struct {
	company  string
	from, to string
	opening  Standing
	months   map[string]*month
}

// month is what was booked in one: in and out by line, charges by kind, and what the legs of
// each account come to.
type month struct {
	in, out               map[string]money.Amount
	charges               map[string]money.Amount
	net                   Standing
	depositIn, depositOut money.Amount
}

// NewMonths begins the sheets of months, both included; opening is what stood before the
// first.
func NewMonths(company, from, to string, opening Standing) *Months {
	return &Months{company: company, from: from, to: to, opening: opening, months: map[string]*month{}}
}

// Add counts a record in: one of the company's wallet, its deposit, or of one of its tasks.
// The same record must not be added twice; what is dated elsewhere is left out.
func (m *Months) Add(r *journalv1.Record) error {
	day := r.GetEntry().GetDay()
	if len(day) < len(monthForm) {
		return nil // money between the stripes of an account: to its owner nothing happened
	}
	name := day[:len(monthForm)]
	if name < m.from || name > m.to {
		return nil
	}
	in := m.months[name]
	if in == nil {
		in = &month{in: map[string]money.Amount{}, out: map[string]money.Amount{}, charges: map[string]money.Amount{}}
		m.months[name] = in
	}
	legs, err := m.legs(r)
	if err != nil {
		return err
	}
	in.count(legs)
	about, err := aboutOf(r)
	if err != nil {
		return err
	}
	if about.flow != noFlow && paired(legs) {
		for i := 0; i < len(legs); i += 2 {
			in.passed(legs[i:i+2], about)
		}
		return nil
	}
	in.passed(legs, about)
	return nil
}

// leg is a posting in rubles.
type leg struct {
	kind, owner string
	debit       bool
	amount      money.Amount
	ours        bool // of the wallet or a reserve
}

// legs are the record's postings in rubles.
func (m *Months) legs(r *journalv1.Record) ([]leg, error) {
	var out []leg
	for _, l := range r.GetLegs() {
		if l.GetAsset() != money.RUB.Code {
			continue
		}
		debit := l.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT
		if !debit && l.GetKind() != journalv1.LegKind_LEG_KIND_CREDIT {
			continue
		}
		amount, err := money.RUB.Parse(l.GetAmount())
		if err != nil {
			return nil, fmt.Errorf("record %d of shard %d: %w", r.GetSeq(), r.GetShard(), err)
		}
		kind, rest, _ := strings.Cut(l.GetAccount(), ":")
		owner, _, _ := strings.Cut(rest, ":")
		out = append(out, leg{
			kind: kind, owner: owner, debit: debit, amount: amount,
			ours: kind == typeWallet && owner == m.company || kind == typeReserve && r.GetMove().GetFlow() == taskFlow,
		})
		if kind == typeDeposit && owner != m.company {
			out[len(out)-1].kind = "deposit of another"
		}
	}
	return out, nil
}

// count adds what the legs come to in each account.
func (m *month) count(legs []leg) {
	for _, l := range legs {
		signed := l.amount
		if l.debit {
			signed = signed.Neg()
		}
		switch {
		case l.ours && l.kind == typeWallet:
			m.net.Wallet = m.net.Wallet.Add(signed)
		case l.ours:
			m.net.Reserved = m.net.Reserved.Add(signed)
		case l.kind == typeDeposit && l.debit:
			m.depositOut = m.depositOut.Add(l.amount)
			m.net.Deposit = m.net.Deposit.Add(signed)
		case l.kind == typeDeposit:
			m.depositIn = m.depositIn.Add(l.amount)
			m.net.Deposit = m.net.Deposit.Add(signed)
		}
	}
}

// about is whose entry a record is.
type about struct{ flow, id, charge string }

// aboutOf reads it.
func aboutOf(r *journalv1.Record) (about, error) {
	a := about{flow: r.GetMove().GetFlow(), id: r.GetMove().GetId(), charge: chargeOther}
	if a.flow == "" {
		a.flow = noFlow
	}
	if a.flow != taskFlow {
		return a, nil
	}
	var t flowv1.TaskData
	if err := proto.Unmarshal(r.GetMove().GetData(), &t); err != nil {
		return a, fmt.Errorf("task %s: %w", a.id, err)
	}
	if name := lists.byKind[t.GetKind()]; name != "" {
		a.charge = name
	}
	return a, nil
}

// paired says whether legs are pairs of a debit and a credit, as recipes make them.
func paired(legs []leg) bool {
	for i := 0; i < len(legs); i += 2 {
		if i+1 == len(legs) || !legs[i].debit || legs[i+1].debit || !legs[i].amount.Equal(legs[i+1].amount) {
			return false
		}
	}
	return true
}

// passed counts what an entry took out of the company's money, or brought in, by the accounts
// on the other side. Legs that do not say which went where are one sum under "other".
func (m *month) passed(legs []leg, a about) {
	net, debits, credits, says := money.Zero, false, false, true
	for _, l := range legs {
		if !l.ours {
			continue
		}
		if l.debit {
			debits, net = true, net.Sub(l.amount)
		} else {
			credits, net = true, net.Add(l.amount)
		}
	}
	if net.IsZero() {
		return
	}
	for _, l := range legs {
		says = says && (l.ours || l.debit == credits)
	}
	if debits && credits || !says {
		m.add(lineOther, net, a)
		return
	}
	for _, l := range legs {
		if l.ours {
			continue
		}
		counter := l.kind
		if l.kind == typeClaim && a.flow == taskFlow && l.owner == a.id {
			counter = itself
		}
		sum := l.amount
		if !l.debit {
			sum = sum.Neg()
		}
		m.add(lineOf(a.flow, counter), sum, a)
	}
}

// add counts a sum into a line: above zero it came in.
func (m *month) add(line string, sum money.Amount, a about) {
	if sum.Sign() > 0 {
		m.in[line] = m.in[line].Add(sum)
	} else {
		m.out[line] = m.out[line].Sub(sum)
	}
	if line == lineCommission {
		m.charges[a.charge] = m.charges[a.charge].Sub(sum)
	}
}

// Sheets are the sheets of the months in order, and what stands after the last. An error is
// a sheet that does not close: nothing is to be drawn up of it.
func (m *Months) Sheets() ([]*flowv1.ClosingSheet, Standing, error) {
	var out []*flowv1.ClosingSheet
	now := m.opening
	for name := m.from; name <= m.to; name = After(name) {
		in := m.months[name]
		if in == nil {
			in = &month{}
		}
		next := Standing{now.Wallet.Add(in.net.Wallet), now.Reserved.Add(in.net.Reserved), now.Deposit.Add(in.net.Deposit)}
		_, last, refusal := Days("month", name)
		if refusal != nil {
			return nil, now, refusal
		}
		s := &flowv1.ClosingSheet{
			CompanyId: m.company, Month: name, ToDay: last,
			Wallet: span(now.Wallet, next.Wallet), Reserved: span(now.Reserved, next.Reserved), Deposit: span(now.Deposit, next.Deposit),
		}
		s.Deposit.In, s.Deposit.Out = text(in.depositIn), text(in.depositOut)
		sum := now.Wallet.Add(now.Reserved)
		for _, l := range lists.lines {
			came, went := in.in[l.name], in.out[l.name]
			if came.IsZero() && went.IsZero() {
				continue
			}
			sum = sum.Add(came).Sub(went)
			s.Lines = append(s.Lines, &flowv1.ClosingLine{Line: l.name, Title: l.title, In: text(came), Out: text(went)})
		}
		if want := next.Wallet.Add(next.Reserved); !sum.Equal(want) {
			return nil, now, fmt.Errorf("the sheet of %s for %s does not close: the lines give %s, the legs %s", m.company, name, text(sum), text(want))
		}
		for _, c := range lists.charges {
			if a := in.charges[c.name]; !a.IsZero() {
				s.Charges = append(s.Charges, &flowv1.ClosingCharge{Charge: c.name, Title: c.title, Amount: text(a)})
			}
		}
		out, now = append(out, s), next
	}
	return out, now, nil
}

func span(opening, closing money.Amount) *flowv1.ClosingSpan {
	return &flowv1.ClosingSpan{Opening: text(opening), Closing: text(closing)}
}

func text(a money.Amount) string { return money.RUB.Format(a) }

// Quiet says that nothing moved and nothing stands: such a month needs no document.
func Quiet(s *flowv1.ClosingSheet) bool {
	for _, a := range []string{
		s.GetWallet().GetOpening(), s.GetWallet().GetClosing(), s.GetReserved().GetOpening(), s.GetReserved().GetClosing(),
		s.GetDeposit().GetOpening(), s.GetDeposit().GetClosing(), s.GetDeposit().GetIn(), s.GetDeposit().GetOut(),
	} {
		if !sum(a).IsZero() {
			return false
		}
	}
	return len(s.GetLines()) == 0
}

// Closing is what the wallet and the reserves hold at the end of a sheet.
func Closing(s *flowv1.ClosingSheet) money.Amount {
	return sum(s.GetWallet().GetClosing()).Add(sum(s.GetReserved().GetClosing()))
}

// Opening is what they held at its beginning.
func Opening(s *flowv1.ClosingSheet) money.Amount {
	return sum(s.GetWallet().GetOpening()).Add(sum(s.GetReserved().GetOpening()))
}

// Commission is what the act of a month is about.
func Commission(s *flowv1.ClosingSheet) money.Amount {
	total := money.New(0, money.RUB.Scale)
	for _, c := range s.GetCharges() {
		total = total.Add(sum(c.GetAmount()))
	}
	return total
}

// sum reads an amount of a sheet.
func sum(text string) money.Amount {
	a, err := money.RUB.Parse(text)
	if err != nil {
		panic("closing: a sheet's own amount: " + err.Error())
	}
	return a
}

// VAT is the part of a sum that a rate in percent makes of it, in kopecks, half up.
func VAT(total, percent money.Amount) money.Amount {
	return total.Times(percent).Div(percent.Add(money.New(100, 0)), money.RUB.Scale, money.HalfUp)
}

// csvHead begins every sheet as CSV; the mark tells programs that it is UTF-8.
const csvHead = "\ufeffРаздел;Код;Статья;На начало;Поступило;Списано;На конец\r\n"

// CSV is a sheet as CSV: UTF-8 with a mark, semicolons, decimal commas, CRLF: as tables open
// it in Russia. The same figures are the same bytes.
func CSV(s *flowv1.ClosingSheet) []byte {
	var b strings.Builder
	b.WriteString(csvHead)
	row := func(cells ...string) {
		for i := 3; i < len(cells); i++ {
			cells[i] = strings.Replace(cells[i], ".", ",", 1)
		}
		b.WriteString(strings.Join(cells, ";") + "\r\n")
	}
	row("Месяц", s.GetMonth(), s.GetCompanyId(), "", "", "", "")
	w, r, d := s.GetWallet(), s.GetReserved(), s.GetDeposit()
	row("Остатки", "wallet", "Кошелёк", w.GetOpening(), "", "", w.GetClosing())
	row("Остатки", "reserved", "Отложено на оплату заданий", r.GetOpening(), "", "", r.GetClosing())
	row("Остатки", "deposit", "Обеспечительный платёж", d.GetOpening(), d.GetIn(), d.GetOut(), d.GetClosing())
	came, went := money.New(0, money.RUB.Scale), money.New(0, money.RUB.Scale)
	for _, l := range s.GetLines() {
		row("Обороты", l.GetLine(), l.GetTitle(), "", l.GetIn(), l.GetOut(), "")
		came, went = came.Add(sum(l.GetIn())), went.Add(sum(l.GetOut()))
	}
	row("Итого", "total", "Кошелёк и отложенное", text(Opening(s)), text(came), text(went), text(Closing(s)))
	for _, c := range s.GetCharges() {
		row("Вознаграждение", c.GetCharge(), c.GetTitle(), "", "", c.GetAmount(), "")
	}
	return []byte(b.String())
}
