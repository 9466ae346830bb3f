package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/big"
	"path/filepath"
	"strconv"
	"time"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/adapters/onec"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/examples/play"
	"github.com/provodka/provodka/ledger/money"
)

// The company and our bank accounts.
var (
	companyINN     = requisite.ExampleINN(512)
	companyBIC     = requisite.ExampleBIC(500)
	companyAccount = requisite.ExampleAccount("40702", companyBIC, 9001)
	strangerINN    = requisite.ExampleINN(777)
	strangerBIC    = requisite.ExampleBIC(501)
	stranger       = requisite.ExampleAccount("40702", strangerBIC, 9002)
	ourINN         = requisite.ExampleINN(1)
	ourBIC         = requisite.ExampleBIC(600)
	ourAccount     = requisite.ExampleAccount("40702", ourBIC, 1)
	ourSecond      = requisite.ExampleAccount("40702", ourBIC, 2)
)

// rubles of the statement.
var (
	deposit  = money.MustParse("300000.00")
	topUps   = []money.Amount{money.MustParse("9000000.00"), money.MustParse("7500000.00")}
	unknown  = money.MustParse("77777.77")
	bankFee  = money.MustParse("1250.00")
	transfer = money.MustParse("50000.00")
)

// statement is the bank's file of the day before the play: the security deposit, two top-ups, a payment of a
// stranger, a bank fee and a transfer between our own accounts.
func statement() ([]byte, error) {
	day := time.Date(2001, time.February, 3, 0, 0, 0, 0, time.UTC) // stands for the day before, until it is encoded
	us := func() onec.Party {
		return onec.Party{Account: ourAccount, Name: "ООО «Проводка»", INN: ourINN, BIC: ourBIC,
			CorrAccount: requisite.ExampleCorrAccount(ourBIC), Bank: [2]string{"АО «Опорный банк»"}}
	}
	company := onec.Party{Account: companyAccount, Name: "ООО «Ромашка»", INN: companyINN, BIC: companyBIC}
	order := func(number string, from, to onec.Party, sum money.Amount, in bool, purpose string) onec.Document {
		d := onec.Document{Kind: "Платежное поручение", Number: number, Date: day, Amount: sum, Payer: from, Payee: to,
			OperationKind: "01", PurposeText: purpose, Priority: "5"}
		if in {
			d.Payee.Date = day
		} else {
			d.Payer.Date = day
		}
		return d
	}
	second := us()
	second.Account = ourSecond
	documents := []onec.Document{
		order("41", company, us(), deposit, true, "Обеспечительный платеж по договору РВ-1, без НДС"),
		order("42", company, us(), topUps[0], true, "Пополнение кошелька по договору РВ-1, без НДС"),
		order("43", company, us(), topUps[1], true, "Пополнение кошелька по договору РВ-1, ещё раз, без НДС"),
		order("900", onec.Party{Account: stranger, Name: "ООО «Василёк»", INN: strangerINN, BIC: strangerBIC}, us(), unknown, true,
			"Оплата по счету 15, в том числе НДС 22%"),
		order("7", us(), second, transfer, false, "Перевод собственных средств между счетами, без НДС"),
	}
	fee := order("55", us(), onec.Party{Account: "70601810000000002101", Name: "АО «Опорный банк»"}, bankFee, false,
		"Комиссия за ведение счета, без НДС")
	fee.Kind, fee.OperationKind = "Банковский ордер", "17"
	documents = append(documents, fee)
	before := amount(broughtForward())
	in := money.Sum(deposit, topUps[0], topUps[1], unknown)
	out := money.Sum(transfer, bankFee)
	closing := before.Add(in).Sub(out)
	s := onec.Statement{
		Encoding: onec.Windows, Version: "1.03", Declared: "Windows", Sender: "Опорный банк", From: day, To: day,
		CreatedOn: day.AddDate(0, 0, 1), CreatedAt: "06:30:00", Accounts: []string{ourAccount},
		Sections: []onec.Section{{From: day, To: day, Account: ourAccount,
			Opening: &before, In: &in, Out: &out, Closing: &closing}},
		Documents: documents,
	}
	text, err := s.Encode()
	text = bytes.ReplaceAll(text, []byte(day.Format("02.01.2006")), []byte(play.Yesterday))
	return bytes.ReplaceAll(text, []byte(s.CreatedOn.Format("02.01.2006")), []byte(play.Today)), err
}

// register is the company's file: a line for each task, and six that must be refused.
func register(all []task) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = ';', true
	rows := [][]string{{
		"title", "description", "category", "executor_inn", "amount_gross", "amount_net", "employment_kind",
		"act_required", "autocomplete", "document_number", "document_date", "period_to",
	}}
	yes := map[bool]string{true: "да", false: "нет"}
	for _, t := range all {
		gross, net := t.Amount.FloatString(2), ""
		if t.Net {
			gross, net = "", gross
		}
		date := ""
		if t.Paper != "" {
			date = play.TenDaysAgo
		}
		rows = append(rows, []string{
			t.Title, "Работы по заявке «" + t.Title + "»;\nсрок — по договору", "Разовые работы", t.Person.INN, gross, net,
			t.Person.Kind, yes[t.Act], yes[t.Autocomplete], t.Paper, date, t.Until,
		})
	}
	p := all[0].Person
	bad := func(inn, gross, net, kind string) []string {
		return []string{"Ошибочная строка", "Эта строка должна быть отклонена", "Разовые работы", inn, gross, net, kind, "нет", "нет", "", "", ""}
	}
	rows = append(rows,
		bad(p.INN[:11]+string('0'+(p.INN[11]-'0'+1)%10), "100.00", "", selfEmployed),
		bad(p.INN, "1.005", "", selfEmployed),
		bad(p.INN, "-5.00", "", selfEmployed),
		bad(p.INN, "100.00", "94.00", selfEmployed),
		bad(p.INN, "100.00", "", "friend"),
		bad(requisite.ExamplePersonINN(999_999), "100.00", "", selfEmployed)) // nobody has registered this person
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write the register: %w", err)
	}
	return b.Bytes(), nil
}

func describe(all []person, list []task, o outcome) play.Play {
	own := func(name, account string) play.Account {
		return play.Account{Name: name, Account: account, BIC: ourBIC, Bank: "АО «Опорный банк»",
			Corr: requisite.ExampleCorrAccount(ourBIC), Holder: "ООО «Проводка»", INN: ourINN}
	}
	p := play.Play{
		Day: play.Day,
		Company: play.Company{Name: "ООО «Ромашка»", INN: companyINN, Account: companyAccount, BIC: companyBIC, Contract: "РВ-1",
			CommissionPercent: commissionPercent.FloatString(2), DepositRequired: deposit.String(), Limits: limits, Raised: raisedLimits},
		Own: []play.Account{own("settlement", ourAccount), own("second", ourSecond)},
	}
	for _, x := range all {
		e := play.Executor{
			Ref: x.Ref, Kind: x.Kind, INN: x.INN, Phone: x.Phone, LastName: x.Last, FirstName: x.First, SecondName: x.Second,
			Nonresident: x.Foreign, Later: x.later(), NoPapers: x.NoPapers, Meanwhile: x.Meanwhile, Invited: x.Invited,
		}
		if !x.Bare {
			e.Requisites = &x.Pays
		}
		p.Executors = append(p.Executors, e)
	}
	for _, t := range list {
		if t.Unsigned {
			p.UnsignedActs = append(p.UnsignedActs, t.Line)
		}
		if t.ByLink {
			p.ByLink = append(p.ByLink, t.Line)
		}
	}
	p.Troubles, p.NotPlayed, p.Taxes = troubles(list), notPlayed, taxes()
	p.Expected = play.Expected{
		RegisterAccepted: len(list), RegisterRefused: 6, States: o.states, Errors: o.errors, Drafts: o.drafts, BankPayments: o.books.paid(), Ways: o.ways,
	}
	return p
}

// bankScript says how the bank sandbox treats the special payments: some by their mark, those
// with a story once.
func bankScript(list []task) stage.Script {
	rules := []stage.Rule{
		{Field: "purpose", Contains: string(late), Fault: stage.InProgress, Polls: 6},
		{Field: "purpose", Contains: string(mute), Fault: stage.SilentApplied, Posts: 1},
	}
	fates := map[mark]stage.Rule{
		refused: {Fault: stage.Refuse, Code: "PAYEE_BLOCKED", Message: "Операции по счету получателя ограничены"},
		after:   {Fault: stage.Fail, Message: "Банк получателя не отвечает"},
	}
	for _, t := range list {
		r, special := fates[t.Mark]
		switch {
		case special:
			r.Field, r.Contains, r.Nth = "purpose", t.Title, 1
		case t.Person.Later && !t.Person.Bare && t.Mark == "" && t.Person.Pays.Way() == play.ByAccount:
			r = stage.Rule{Field: "account", Contains: t.Person.Pays.Account, Fault: stage.Refuse, Code: play.UnknownAccount, Message: "Счёт получателя не найден"}
		case t.unserved():
			r = stage.Rule{Field: "account", Contains: t.Person.Pays.Card.Token, Fault: stage.Refuse, Code: play.UnservedWay, Message: "Карта не обслуживается по договору"}
		default:
			continue
		}
		rules = append(rules, r)
	}
	return stage.Script{Rules: rules}
}

// registry is whom the tax service's sandbox knows.
func registry(all []person) []sandbox.Person {
	var out []sandbox.Person
	for _, x := range all {
		if x.Kind != selfEmployed {
			continue
		}
		p := sandbox.Person{INN: x.INN, FirstName: x.First, LastName: x.Last, Phone: x.Phone, Registered: true, Bound: x.Permitted, Answers: x.Answers, Documents: x.Documents}
		if x.Permitted {
			p.Permissions = []string{"INCOME_REGISTRATION", "INCOME_LIST", "INCOME_SUMMARY"}
		}
		if x.Permitted && !x.NoAnnul {
			p.Permissions = append(p.Permissions, "CANCEL_INCOME")
		}
		if x.Bonus != "" {
			p.Bonus, p.Permissions = x.Bonus, append(p.Permissions, "PAYMENT_INFORMATION")
		}
		out = append(out, p)
	}
	return out
}

func rat(a money.Amount) *big.Rat {
	r, ok := new(big.Rat).SetString(a.String())
	if !ok {
		panic(a.String())
	}
	return r
}

// files gives every file of the play by name; what comes out stands in a folder for each year.
func files() (map[string][]byte, error) {
	all := people()
	list := tasks(all)
	st, err := statement()
	if err != nil {
		return nil, err
	}
	reg, err := register(list)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{play.Statement: st, play.Register: reg}
	var o outcome // what it counts is the same in every year
	for calendar, border := range borders {
		o = perform(all, list, border)
		dir := strconv.Itoa(calendar)
		if out[filepath.Join(dir, play.TrialBalance)], err = o.sheet(); err != nil {
			return nil, err
		}
		if out[filepath.Join(dir, play.Persons)], err = o.persons(); err != nil {
			return nil, err
		}
	}
	for name, value := range map[string]any{
		play.Description: describe(all, list, o), play.BankScript: bankScript(list), play.People: registry(all),
	} {
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return nil, err
		}
		out[name] = append(text, '\n')
	}
	return out, nil
}
