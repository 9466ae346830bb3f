package incoming

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Invented numbers with valid check digits; nobody's accounts.
const (
	ourAccount   = "40702810338000001464"
	otherAccount = "40702810338000009999"
	payerAccount = "40702810338000001111"
	romashkaINN  = "7701234560"
	lutikINN     = "7804437548"
	bankINN      = "7707083893"
)

func world() Known {
	return Known{
		Own: map[string]string{ourAccount: "settlement", otherAccount: "other"}, BankINN: bankINN,
		Companies: []Candidate{
			{CompanyID: "romashka", INN: romashkaINN, Marker: "ПВ-000042", Contracts: []string{"17/2026-А"}, Accounts: []string{payerAccount}},
			{CompanyID: "lutik", INN: lutikINN, Marker: "ПВ-000043", Contracts: []string{"18/2026-А", "1"}},
			{CompanyID: "lutik-spb", INN: lutikINN, Marker: "ПВ-000044"},
		},
		Payouts: []Payout{
			{Attempt: "00112233445566778899aabbccddeeff", Account: "40817810338000000001", Amount: money.MustParse("94.00")},
			{Attempt: "ffeeddccbbaa99887766554433221100", Account: "40817810338000000002", Amount: money.MustParse("94.00"), Number: "7"},
			{Attempt: "0102030405060708090a0b0c0d0e0f10", Account: "40817810338000000002", Amount: money.MustParse("94.00"), Number: "8"},
		},
	}
}

// out are payments that have not come back: two of one sum to one person.
func out() []Payout {
	var all []Payout
	for _, p := range world().Payouts {
		p.Shown = true
		all = append(all, p)
	}
	return append(all, Payout{Attempt: "fedcba98765432100123456789abcdef", Account: "40817810338000000005", Amount: money.MustParse("94.00")})
}

// from is a credit of a person's account.
func from(account, purpose string) Line {
	l := credit("", purpose)
	l.OtherAccount = account
	return l
}

func credit(inn, purpose string) Line {
	return Line{
		Account: ourAccount, Day: "2026-03-02", DocumentDay: "2026-03-01", Number: "15", Amount: money.MustParse("94.00"),
		OtherINN: inn, OtherAccount: "40702810338000007777", Purpose: purpose,
	}
}

func debit(inn, account, number, purpose string) Line {
	l := credit(inn, purpose)
	l.Debit, l.OtherAccount, l.Number = true, account, number
	return l
}

func TestMatch(t *testing.T) {
	t.Parallel()
	fromKnownAccount := credit("0", "Пополнение счета")
	fromKnownAccount.OtherAccount = payerAccount
	order := debit(bankINN, "30101810338000000000", "1", "Комиссия за ведение счёта")
	order.BankOrder = true
	for name, tc := range map[string]struct {
		line    Line
		kind    flowv1.LineKind
		who     string // company, account or attempt
		rules   string
		suggest string
	}{
		"marker and INN":                {credit(romashkaINN, "Пополнение, пв-000042, без НДС"), topup, "romashka", "marker inn", ""},
		"contract and INN":              {credit(romashkaINN, "По договору №17/2026-А"), topup, "romashka", "contract inn", ""},
		"INN alone":                     {credit(romashkaINN, "Оплата"), topup, "romashka", "inn", ""},
		"account without INN":           {fromKnownAccount, topup, "romashka", "account", ""},
		"deposit":                       {credit(romashkaINN, "Обеспечительный платёж. НДС не облагается"), deposit, "romashka", "inn", ""},
		"deposit declined":              {credit(romashkaINN, "Внесение обеспечительного платежа ПВ-000042"), deposit, "romashka", "marker inn", ""},
		"two of one INN":                {credit(lutikINN, "Оплата"), unmatched, "", "", "lutik lutik-spb"},
		"the marker tells them":         {credit(lutikINN, "ПВ-000044"), topup, "lutik-spb", "marker inn", ""},
		"a foreign INN":                 {credit("7700000000", "За ООО Ромашка ПВ-000042"), unmatched, "", "", "romashka"},
		"no INN, foreign account":       {credit("", "ПВ-000042"), unmatched, "", "", "romashka"},
		"INN of one, marker other":      {credit(romashkaINN, "ПВ-000043"), unmatched, "", "", "lutik romashka"},
		"two markers":                   {credit(romashkaINN, "ПВ-000042 и ПВ-000043"), unmatched, "", "", "romashka lutik"},
		"a longer number":               {credit("7700000000", "ПВ-0000421"), unmatched, "", "", ""},
		"a contract of one digit":       {credit("7700000000", "счет 1"), unmatched, "", "", ""},
		"nobody":                        {credit("7700000000", "Возврат"), unmatched, "", "", ""},
		"own transfer out":              {debit("", otherAccount, "3", "Перевод собственных средств"), ownTransfer, "other", "own_account", ""},
		"our payout by its marker":      {debit("", "40817810338000000009", "9", "Выплата 001122334455 по заданию"), knownDebit, "00112233445566778899aabbccddeeff", "payout_marker", ""},
		"our payout by its order":       {debit("", "40817810338000000001", "99", "Выплата"), knownDebit, "00112233445566778899aabbccddeeff", "payout_order", ""},
		"the order tells them":          {debit("", "40817810338000000002", "8", "Выплата"), knownDebit, "0102030405060708090a0b0c0d0e0f10", "payout_order", ""},
		"no such order":                 {debit("", "40817810338000000002", "9", "Выплата"), unknown, "", "", ""},
		"came back, by its marker":      {from("30232810338000000009", "Возврат перевода (001122334455). Счёт закрыт"), cameBack, "00112233445566778899aabbccddeeff", "returned_marker", ""},
		"came back, by payer and sum":   {from("40817810338000000001", "Возврат: счёт получателя закрыт"), cameBack, "00112233445566778899aabbccddeeff", "returned_account", ""},
		"the same without the word":     {from("40817810338000000001", "Перевод"), unmatched, "", "", ""},
		"one of two of one sum":         {from("40817810338000000002", "Возврат"), unmatched, "", "", ""},
		"no statement has shown it":     {from("40817810338000000005", "Возврат"), unmatched, "", "", ""},
		"a marker with a company's INN": {credit(romashkaINN, "Возврат 001122334455"), cameBack, "00112233445566778899aabbccddeeff", "returned_marker", ""},
		"a company that says the word":  {credit(romashkaINN, "Возврат займа"), topup, "romashka", "inn", ""},
		"the bank's charge":             {debit(bankINN, "30101810338000000000", "1", "Комиссия за ведение счёта"), bankFee, "", "bank_charge", ""},
		"the bank's order":              {order, bankFee, "", "bank_charge", ""},
		"a charge of a stranger":        {debit("7700000000", "40702810338000005555", "1", "Комиссия агента"), unknown, "", "", ""},
	} {
		known := world()
		known.Out = out()
		m := Match(tc.line, known)
		var suggested []string
		for _, s := range m.Suggestions {
			suggested = append(suggested, s.CompanyId)
		}
		who := m.CompanyID + m.OtherAccount + m.Attempt
		if m.Kind != tc.kind || who != tc.who || strings.Join(m.Rules, " ") != tc.rules || strings.Join(suggested, " ") != tc.suggest {
			t.Errorf("%s: got %s %q by %v, suggestions %v", name, m.Kind, who, m.Rules, m.Suggestions)
		}
	}
}

// TestAnotherSumIsNoReturn: a marker alone says nothing when the sum is another.
func TestAnotherSumIsNoReturn(t *testing.T) {
	t.Parallel()
	known := world()
	known.Out = out()
	l := from("40817810338000000001", "Возврат 001122334455")
	l.Amount = money.MustParse("93.00")
	if m := Match(l, known); m.Kind != unmatched {
		t.Error(m)
	}
}

// TestMatchNeverGuesses: whatever stands in a line, a decided company is the payer
// itself, and no other payer is named; the order of companies does not matter.
func TestMatchNeverGuesses(t *testing.T) {
	t.Parallel()
	k := world()
	turned := world()
	slices.Reverse(turned.Companies)
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{
			"ПВ-000042", "ПВ-000043", "ПВ-000044", "17/2026-А", "18/2026-А", "обеспечительный платеж", "оплата", "1",
		}), 0, 4).Draw(rt, "purpose")
		l := credit(rapid.SampledFrom([]string{romashkaINN, lutikINN, "7700000000", "", "0"}).Draw(rt, "inn"), strings.Join(words, ", "))
		l.OtherAccount = rapid.SampledFrom([]string{payerAccount, "40702810338000007777"}).Draw(rt, "account")
		m, again := Match(l, k), Match(l, turned)
		if m.CompanyID != again.CompanyID || m.Kind != again.Kind || len(m.Suggestions) != len(again.Suggestions) {
			rt.Fatalf("the order of companies decides: %+v, %+v", m, again)
		}
		if m.CompanyID == "" {
			return
		}
		for _, c := range k.Companies {
			named := slices.ContainsFunc(words, func(w string) bool { return w == c.Marker || slices.Contains(c.Contracts, w) && len(w) > 1 })
			switch {
			case c.CompanyID == m.CompanyID:
				if l.OtherINN != c.INN && (known(l.OtherINN) || l.OtherAccount != payerAccount) {
					rt.Fatalf("%s is not the payer of %+v", c.CompanyID, l)
				}
			case named:
				rt.Fatalf("%s was chosen, and %s is named: %+v", m.CompanyID, c.CompanyID, l)
			}
		}
	})
}

func TestLineIDIsOfTheContent(t *testing.T) {
	t.Parallel()
	key, own := []byte("key"), world().Own
	l := credit(romashkaINN, "Оплата  по счету")
	id := LineID(key, l, own)
	if len(id) != 32 || id != LineID(key, l, own) {
		t.Fatalf("id %q", id)
	}
	same := l
	same.Purpose = "оплата по счету"
	if LineID(key, same, own) != id {
		t.Error("spaces and capitals make another line")
	}
	for name, change := range map[string]func(*Line){
		"sum": func(l *Line) { l.Amount = money.MustParse("94.01") }, "side": func(l *Line) { l.Debit = true },
		"day": func(l *Line) { l.Day = "2026-03-03" }, "number": func(l *Line) { l.Number = "16" },
		"payer": func(l *Line) { l.OtherINN = lutikINN }, "purpose": func(l *Line) { l.Purpose = "Другое" }, "twin": func(l *Line) { l.Nth = 1 },
	} {
		other := l
		change(&other)
		if LineID(key, other, own) == id {
			t.Errorf("another %s is the same line", name)
		}
	}
	if LineID([]byte("other key"), l, own) == id {
		t.Error("the id does not depend on the key")
	}
	out := debit("", otherAccount, "3", "Перевод")
	in := Line{
		Account: otherAccount, OtherAccount: ourAccount, Day: "2026-03-03", DocumentDay: out.DocumentDay, Number: "3",
		Amount: out.Amount, Purpose: "перевод собственных средств",
	}
	if LineID(key, out, own) != LineID(key, in, own) {
		t.Error("two sides of an own transfer have two ids")
	}
}

func TestRuleTablesAreComparedBothWays(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string][2]string{
		"rule": {"| own_account |", "| oven_account |"}, "weight": {"| credit | 40 |", "| credit | heavy |"},
		"words": {"| deposit | ОБЕСПЕЧИТЕЛЬНЫЙ ПЛАТЕЖ |", "| deposit | Обеспечительный платёж |"}, "kind": {"| charge | КОМИССИЯ |", "| change | КОМИССИЯ |"},
	} {
		if _, _, err := parseRules(strings.Replace(document, tc[0], tc[1], 1)); err == nil || !strings.Contains(document, tc[0]) {
			t.Errorf("%s passed", name)
		}
	}
}
