package main_test

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/money"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// bankLine is a line of a statement of our account.
type bankLine struct {
	number               int
	amount, inn, purpose string
	account              *executorv1.Requisites // of the other side
	out                  bool
}

// imports imports a statement of one day.
func (m *matrix) imports(lines ...bankLine) ([]*statementv1.LineResult, error) {
	return importLines(m.t.Context(), m.api, m.Book, lines...)
}

// importLines imports a statement of one day of our account.
func importLines(ctx context.Context, api *client.Client, book string, lines ...bankLine) ([]*statementv1.LineResult, error) {
	ours, in, out := requisite.ExampleAccount("40702", requisite.ExampleBIC(600), 1), money.Zero, money.Zero
	var b strings.Builder
	for _, l := range lines {
		from, to, side, date := l.account.GetAccountNumber(), ours, "Плательщик", "ДатаПоступило"
		if l.out {
			from, to, side, date = ours, from, "Получатель", "ДатаСписано"
			out = out.Add(money.MustParse(l.amount))
		} else {
			in = in.Add(money.MustParse(l.amount))
		}
		fmt.Fprintf(&b, "СекцияДокумент=Платежное поручение\r\nНомер=%d\r\nДата=02.03.2026\r\nСумма=%s\r\nПлательщикСчет=%s\r\nПолучательСчет=%s\r\n", l.number, l.amount, from, to)
		fmt.Fprintf(&b, "%[1]sБИК=%[2]s\r\n%[1]sКорсчет=%[3]s\r\n%[1]sБанк1=АО Банк\r\n%[1]sИНН=%[4]s\r\n%[1]s=Контрагент\r\n%[5]s=02.03.2026\r\nНазначениеПлатежа=%[6]s\r\nКонецДокумента\r\n",
			side, l.account.GetBic(), l.account.GetCorrAccount(), l.inn, date, l.purpose)
	}
	opening := money.MustParse("1000000.00")
	text := fmt.Sprintf("1CClientBankExchange\r\nВерсияФормата=1.03\r\nКодировка=Windows\r\nОтправитель=Банк\r\nДатаНачала=02.03.2026\r\nДатаКонца=02.03.2026\r\nРасчСчет=%[1]s\r\n"+
		"СекцияРасчСчет\r\nДатаНачала=02.03.2026\r\nДатаКонца=02.03.2026\r\nРасчСчет=%[1]s\r\nНачальныйОстаток=%[2]s\r\nВсегоПоступило=%[3]s\r\nВсегоСписано=%[4]s\r\nКонечныйОстаток=%[5]s\r\nКонецРасчСчет\r\n%[6]sКонецФайла\r\n",
		ours, opening, money.RUB.Format(in), money.RUB.Format(out), opening.Add(in).Sub(out), b.String())
	file, err := charmap.Windows1251.NewEncoder().String(text)
	if err != nil {
		return nil, err
	}
	got, err := api.Statements.ImportStatement(ctx, &statementv1.ImportStatementRequest{Book: book, File: []byte(file), FileName: "выписка"})
	return got.GetResults(), err
}

// shows plays what the statement says of a task's payment: twice the same; that it left,
// before the bank has answered; that it came back, before it shows that it left, and before the
// bank says so too.
func (m *matrix) shows(name string, i int, r struck) {
	who, err := m.registered(i, r)
	if err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	// wants imports a line and wants it to be of a kind.
	wants := func(kind string, again bool, l bankLine) {
		got, err := m.imports(l)
		if err != nil || len(got) != 1 || got[0].GetLine().GetKind() != kind || got[0].GetReplayed() != again {
			m.t.Errorf("%s: want %s again %t: %v %v", name, kind, again, got, err)
		}
	}
	lines := func() (left, back bankLine) {
		p := m.paid(i, r)
		left = bankLine{number: 1000 + i, amount: p.Amount, account: accountOf(i), inn: p.INN, purpose: p.Purpose, out: true}
		back = left
		back.number, back.out, back.purpose = 3000+i, false, "Возврат: счёт закрыт ("+private.PurposeMarker(p.ID)+")"
		back.account = accountOf(5000 + i) // of the bank that returns it
		return left, back
	}
	early := r.fault == stage.Early
	if early {
		go func() {
			if eventually(m.t, name+" is at the bank", func() bool { return m.paid(i, r).Status == stage.Pending }) {
				left, _ := lines()
				wants("known_debit", false, left)
			}
		}()
	}
	m.pays(name, i, who, struck{at: r.at, end: "paid"})
	left, back := lines()
	switch r.fault {
	case stage.Early:
		wants("known_debit", true, left)
	case stage.Duplicate:
		wants("known_debit", false, left)
		wants("known_debit", true, left)
	case stage.Reordered:
		wants("returned_payout", false, back)
		wants("returned_payout", true, back)
		m.word(m.paid(i, r).ID, stage.Returned)
		wants("known_debit", false, left)
	}
	m.ends(name, i, r)
}

// revives waits until a failed payment is known to have left, and pays the task again: nothing
// more leaves.
func (m *matrix) revives(name string, i int, r struck) {
	who, err := m.registered(i, r)
	if err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	m.pays(name, i, who, struck{at: r.at, end: "error", error: "payout_refused"})
	m.word(m.paid(i, r).ID, stage.Executed)
	eventually(m.t, name+" is known to have left", func() bool { return m.sum("claim:"+m.task(i)).Sign() != 0 })
	if _, err := m.api.Tasks.RetryTask(m.t.Context(), &taskv1.RetryTaskRequest{Book: m.Book, TaskId: m.task(i)}); err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	m.ends(name, i, r)
}

// word has the bank change its word about a payment.
func (m *matrix) word(id string, to stage.State) {
	m.post(m.Sandboxes["bank"]+"/sandbox/word", stage.Word{ID: id, State: to})
}

// task is the task of a row.
func (m *matrix) task(i int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ids[i]
}

// ends waits until a row's task is in its state.
func (m *matrix) ends(name string, i int, r struck) {
	eventually(m.t, name+" ends as "+r.end, func() bool {
		got, err := m.api.Tasks.GetTask(m.t.Context(), &taskv1.GetTaskRequest{Book: m.Book, TaskId: m.task(i)})
		return err == nil && got.GetTask().GetStatus() == r.end
	})
}
