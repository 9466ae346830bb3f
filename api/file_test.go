package api_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/provodka/provodka/adapters/onec"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

const registerHead = "title;description;category;executor_inn;executor_phone;amount_gross;amount_net;employment_kind\r\n"

func (c *caller) importRegister(company string, file []byte) (*registerv1.ImportRegisterResponse, error) {
	return c.Registers.ImportRegister(c.t.Context(), &registerv1.ImportRegisterRequest{Book: c.book, CompanyId: company, File: file, FileName: "март.csv"})
}

func testRegister(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	c.executor(1, "selfemployed", account(1))
	c.executor(2, "entrepreneur", account(2))
	file := []byte(registerHead +
		"Вёрстка;\"Две\nстроки; \"\"кавычки\"\"\";Работы;" + requisite.ExamplePersonINN(1) + ";;100.00;;selfemployed\r\n" +
		"Перевод;Текст;Работы;;" + requisite.ExamplePhone(2) + ";;50,00;entrepreneur\r\n" +
		"Чужой;Текст;Работы;" + requisite.ExamplePersonINN(3) + ";;10.00;;selfemployed\r\n" +
		"Другой вид;Текст;Работы;" + requisite.ExamplePersonINN(1) + ";;10.00;;civil_contract\r\n" +
		"Плохая сумма;Текст;Работы;" + requisite.ExamplePersonINN(1) + ";;1.005;;selfemployed\r\n")
	first, err := c.importRegister(company, file)
	if err != nil {
		t.Fatal(err)
	}
	if r := first.GetRegister(); r.GetAccepted() != 2 || r.GetRefused() != 3 || r.GetLines() != 5 || first.GetAlreadyImported() || r.GetFileName() != "март.csv" {
		t.Fatalf("%v", first)
	}
	var found []string
	for _, l := range first.GetResults() {
		for _, r := range l.GetRefusals() {
			found = append(found, fmt.Sprint(l.GetLine(), " ", r.GetCode(), " ", r.GetField()))
		}
	}
	if fmt.Sprint(found) != "[5 not_found executor_inn 6 kind_mismatch employment_kind 7 amount_invalid amount_gross]" {
		t.Error(found)
	}
	again, err := c.importRegister(company, file)
	if err != nil || !again.GetAlreadyImported() || !again.GetResults()[0].GetReplayed() || again.GetResults()[0].GetTaskId() != first.GetResults()[0].GetTaskId() {
		t.Errorf("%v %v", again, err)
	}
	list, err := c.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book, CompanyId: company})
	if err != nil || len(list.GetTasks()) != 2 {
		t.Fatalf("%v %v", list, err)
	}
	for _, task := range list.GetTasks() {
		if task.GetRegisterId() != first.GetRegister().GetRegisterId() || task.GetTitle() == "Вёрстка" && task.GetDescription() != "Две\nстроки; \"кавычки\"" {
			t.Errorf("%v", task)
		}
	}
	errors, err := c.Registers.DownloadErrors(t.Context(), &registerv1.DownloadErrorsRequest{Book: c.book, RegisterId: first.GetRegister().GetRegisterId()})
	if err != nil || !bytes.Contains(errors.GetFile(), []byte("Чужой")) || bytes.Contains(errors.GetFile(), []byte("Перевод")) {
		t.Errorf("%s %v", errors.GetFile(), err)
	}
	// Whoever was unknown has registered meanwhile: the same file makes that task, and no other.
	c.executor(3, "selfemployed", nil)
	late, err := c.importRegister(company, file)
	if err != nil || late.GetRegister().GetAccepted() != 3 || late.GetResults()[2].GetReplayed() || late.GetResults()[2].GetTaskId() == "" {
		t.Errorf("%v %v", late, err)
	}
	kept, err := c.Registers.GetRegister(t.Context(), &registerv1.GetRegisterRequest{Book: c.book, RegisterId: first.GetRegister().GetRegisterId()})
	if err != nil || kept.GetRegister().GetAccepted() != 3 || len(kept.GetResults()) != 5 {
		t.Errorf("%v %v", kept, err)
	}
}

func testRegisterRefused(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	c.executor(1, "selfemployed", nil)
	good := registerHead + "Вёрстка;Текст;Работы;" + requisite.ExamplePersonINN(1) + ";;100.00;;selfemployed\r\n"
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(good)
	if err != nil {
		t.Fatal(err)
	}
	koi, err := charmap.KOI8R.NewEncoder().String(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, file, field string
		code              fault.Code
	}{
		{"UTF-16", utf16, "file", fault.FileEncoding},
		{"KOI8-R", koi, "file", fault.FileEncoding},
		{"three columns", "title;description;category\r\na;b;c\r\n", "file: line 1", fault.FileFormat},
		{"a misspelled column", strings.Replace(good, "category", "categry", 1), "file: line 1", fault.FileFormat},
	} {
		_, err := c.importRegister(company, []byte(tc.file))
		r := refusal(t, err)
		if r.Code != string(tc.code) || !strings.HasPrefix(r.Field, "file") || r.Reason == "" {
			t.Errorf("%s: %+v", tc.name, r)
		}
	}
	_, err = c.importRegister("company-none", []byte(good))
	refused(t, err, fault.NotFound, "company_id")
	if list, err := c.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book, CompanyId: company}); err != nil || len(list.GetTasks()) != 0 {
		t.Errorf("%v %v", list, err)
	}
	for name, file := range map[string]string{"with a BOM": "\ufeff" + good} {
		if answer, err := c.importRegister(company, []byte(file)); err != nil || answer.GetRegister().GetAccepted() != 1 {
			t.Errorf("%s: %v %v", name, answer, err)
		}
	}
	windows, err := charmap.Windows1251.NewEncoder().String(good)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := c.importRegister(company, []byte(windows)); err != nil || answer.GetRegister().GetAccepted() != 1 {
		t.Errorf("windows: %v %v", answer, err)
	}
}

// bankLine is a document of a test's statement.
type bankLine struct {
	number, amount, inn, account, purpose string
	out                                   bool
}

// bankFile writes a statement of our first account in windows-1251.
func bankFile(t *testing.T, lines ...bankLine) []byte {
	t.Helper()
	ours := ownAccounts()[0].Account
	var b strings.Builder
	in, out := money.Zero, money.Zero
	for _, l := range lines {
		if l.out {
			out = out.Add(money.MustParse(l.amount))
		} else {
			in = in.Add(money.MustParse(l.amount))
		}
	}
	opening := money.MustParse("1000000.00")
	fmt.Fprintf(&b, "1CClientBankExchange\r\nВерсияФормата=1.03\r\nКодировка=Windows\r\nОтправитель=Банк\r\nДатаНачала=02.03.2026\r\nДатаКонца=02.03.2026\r\nРасчСчет=%s\r\n", ours)
	fmt.Fprintf(&b, "СекцияРасчСчет\r\nДатаНачала=02.03.2026\r\nДатаКонца=02.03.2026\r\nРасчСчет=%s\r\nНачальныйОстаток=%s\r\nВсегоПоступило=%s\r\nВсегоСписано=%s\r\nКонечныйОстаток=%s\r\nКонецРасчСчет\r\n",
		ours, opening, money.RUB.Format(in), money.RUB.Format(out), opening.Add(in).Sub(out))
	for _, l := range lines {
		from, to, date := l.account, ours, "ДатаПоступило"
		if l.out {
			from, to, date = ours, l.account, "ДатаСписано"
		}
		side := "Плательщик"
		if l.out {
			side = "Получатель"
		}
		fmt.Fprintf(&b, "СекцияДокумент=Платежное поручение\r\nНомер=%s\r\nДата=02.03.2026\r\nСумма=%s\r\nПлательщикСчет=%s\r\nПолучательСчет=%s\r\n%sИНН=%s\r\n%s=Контрагент\r\n%s=02.03.2026\r\nНазначениеПлатежа=%s\r\nКонецДокумента\r\n",
			l.number, l.amount, from, to, side, l.inn, side, date, l.purpose)
	}
	b.WriteString("КонецФайла\r\n")
	raw, err := charmap.Windows1251.NewEncoder().String(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, refusal := onec.Read([]byte(raw)); refusal != nil {
		t.Fatal(refusal)
	}
	return []byte(raw)
}

func (c *caller) importStatement(file []byte) (*statementv1.ImportStatementResponse, error) {
	return c.Statements.ImportStatement(c.t.Context(), &statementv1.ImportStatementRequest{Book: c.book, File: file, FileName: "выписка.txt"})
}

func testStatement(t *testing.T, h *house) {
	c := h.caller(t)
	req := c.openRequest(1)
	req.DepositRequired = "500.00"
	opened, err := c.Companies.OpenCompany(t.Context(), req)
	if err != nil || opened.GetCompany().GetState() != "awaiting_deposit" {
		t.Fatalf("%v %v", opened, err)
	}
	company := opened.GetCompany().GetCompanyId()
	inn, account := requisite.ExampleINN(1), req.GetDetails().GetAccounts()[0].GetAccount()
	stranger := requisite.ExampleAccount("40702", requisite.ExampleBIC(77), 7)
	file := bankFile(t,
		bankLine{"1", "500.00", inn, account, "Обеспечительный платеж по договору РВ-0001. Без НДС", false},
		bankLine{"2", "300.00", inn, account, "Пополнение счета, код " + private.Marker(company), false},
		bankLine{"3", "70.00", requisite.ExampleINN(44), stranger, "За что-то", false},
		bankLine{"4", "20.00", requisite.ExampleINN(9), ownAccounts()[1].Account, "Перевод между своими счетами", true},
		bankLine{"5", "11.00", requisite.ExampleINN(45), stranger, "Списание", true},
	)
	first, err := c.importStatement(file)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, r := range first.GetResults() {
		if r.GetRefusal() != nil || r.GetReplayed() {
			t.Fatalf("%v", r)
		}
		kinds = append(kinds, r.GetLine().GetKind()+" "+r.GetLine().GetAmount())
	}
	if fmt.Sprint(kinds) != "[deposit 500.00 topup 300.00 unmatched 70.00 own_transfer 20.00 unknown_debit 11.00]" || first.GetAlreadyImported() {
		t.Fatalf("%v", first)
	}
	again, err := c.importStatement(file)
	if err != nil || !again.GetAlreadyImported() || !again.GetResults()[0].GetReplayed() {
		t.Errorf("%v %v", again, err)
	}
	other, err := c.importStatement(append(append([]byte{}, file...), "\r\n"...)) // another file with the same lines
	if err != nil || !other.GetResults()[1].GetReplayed() || other.GetStatement().GetStatementId() == first.GetStatement().GetStatementId() || other.GetTotals()[0].GetBooked() != 0 {
		t.Errorf("%v %v", other, err)
	}
	c.wantActive(company)
	c.wantBalances([]string{"wallet:" + company, "deposit:" + company, "bank:settlement", "bank:second"},
		"300.00 300.00", "500.00 500.00", "839.00 839.00", "20.00 20.00")
	c.assign(company, first)
}

// wantActive waits until the company has heard of its deposit.
func (c *caller) wantActive(company string) {
	c.t.Helper()
	for range 300 {
		answer, err := c.Companies.GetCompany(c.t.Context(), &companyv1.GetCompanyRequest{Book: c.book, CompanyId: company})
		if err != nil {
			c.t.Fatal(err)
		}
		if answer.GetCompany().GetState() == "active" && answer.GetCompany().GetDeposit() == "500.00" {
			return
		}
		c.pause()
	}
	c.t.Fatal("the company has not heard of its deposit")
}

// assign gives the money in suspense to the company, and explains what left.
func (c *caller) assign(company string, first *statementv1.ImportStatementResponse) {
	t := c.t
	waiting, err := c.Statements.ListLines(t.Context(), &statementv1.ListLinesRequest{Book: c.book})
	if err != nil || len(waiting.GetLines()) != 2 {
		t.Fatalf("%v %v", waiting, err)
	}
	counts, err := c.Statements.CountLines(t.Context(), &statementv1.CountLinesRequest{Book: c.book})
	if err != nil || counts.GetSuspense() != "70.00" || len(counts.GetCounts()) < 4 {
		t.Errorf("%v %v", counts, err)
	}
	for _, l := range waiting.GetLines() {
		if !strings.HasPrefix(l.GetCounterpartyAccount(), "****") || l.GetPurpose() == "" {
			t.Errorf("%v", l)
		}
		if l.GetKind() == "unmatched" {
			_, err := c.Statements.AssignLine(t.Context(), &statementv1.AssignLineRequest{Book: c.book, LineId: l.GetLineId(), CompanyId: "company-none", Reason: "letter"})
			refused(t, err, fault.NotFound, "company_id")
			done, err := c.Statements.AssignLine(t.Context(), &statementv1.AssignLineRequest{Book: c.book, LineId: l.GetLineId(), CompanyId: company, Reason: "letter"})
			if err != nil || done.GetLine().GetState() != "topped_up" {
				t.Errorf("%v %v", done, err)
			}
			continue
		}
		done, err := c.Statements.ExplainLine(t.Context(), &statementv1.ExplainLineRequest{
			Book: c.book, LineId: l.GetLineId(), Explanation: statementv1.Explanation_EXPLANATION_FEE, Reason: "tariff",
		})
		if err != nil || done.GetLine().GetState() != "explained" {
			t.Errorf("%v %v", done, err)
		}
	}
	c.wantBalances([]string{"wallet:" + company, "expense:bank-fee"}, "370.00 370.00", "11.00 11.00")
	kept, err := c.Statements.GetStatement(t.Context(), &statementv1.GetStatementRequest{Book: c.book, StatementId: first.GetStatement().GetStatementId()})
	if err != nil || len(kept.GetLines()) != 5 || kept.GetStatement().GetAccounts()[0].GetClosing() != "1000839.00" {
		t.Errorf("%v %v", kept, err)
	}
}

func testStatementRefused(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	good := bankFile(t, bankLine{"1", "100.00", requisite.ExampleINN(1), requisite.ExampleAccount("40702", requisite.ExampleBIC(1), 1), "Пополнение счета", false})
	text, err := charmap.Windows1251.NewDecoder().Bytes(good)
	if err != nil {
		t.Fatal(err)
	}
	foreign := bytes.ReplaceAll(good, []byte(ownAccounts()[0].Account), []byte(requisite.ExampleAccount("40702", ownBIC, 99)))
	for _, tc := range []struct {
		name string
		file []byte
		code fault.Code
	}{
		{"UTF-8 that declares Windows", text, fault.FileEncoding},
		{"broken totals", bytes.Replace(good, []byte("1000100.00"), []byte("1000100.01"), 1), fault.FileTotals},
		{"cut in the middle", good[:len(good)/2], fault.FileTruncated},
		{"cut before its end", bytes.TrimSuffix(good, good[len(good)-14:]), fault.FileTruncated},
		{"another format", []byte("hello"), fault.FileFormat},
		{"somebody else's account", foreign, fault.FileFormat},
	} {
		_, err := c.importStatement(tc.file)
		r := refusal(t, err)
		if r.Code != string(tc.code) || !strings.HasPrefix(r.Field, "file") || r.Reason == "" {
			t.Errorf("%s: %+v", tc.name, r)
		}
	}
	c.wantBalances([]string{"wallet:" + company, "bank:settlement"}, "0.00 0.00", "0.00 0.00")
	if _, err := c.Statements.GetStatement(t.Context(), &statementv1.GetStatementRequest{Book: c.book, StatementId: "statement-none"}); refusal(t, err).Field != "statement_id" {
		t.Error(err)
	}
}
