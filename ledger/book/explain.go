package book

import (
	"fmt"

	"github.com/provodka/provodka/ledger/money"
)

// Made is what a balance is made of, besides its sums.
type Made struct {
	Stripes int          // shards that have a part of the account
	Holds   int          // that stand
	More    bool         // whether there are more holds than were counted
	Limit   money.Amount // how far below zero it may go
	Transit money.Amount // of the balance, on its way between the stripes
}

// Explain tells what a balance is made of, a sentence each: the sums, what is held, what
// is on its way.
func (s Stripe) Explain(class Class, asset money.Asset, m Made) (russian, english []string) {
	f := func(a money.Amount) string { return asset.Format(a) + " " + asset.Code }
	plusRU, minusRU, plus, minus := "кредит", "дебет", "credits", "debits"
	up, down, held := s.Credit, s.Debit, s.HeldDebit
	if class.DebitNormal() {
		plusRU, minusRU, plus, minus = minusRU, plusRU, minus, plus
		up, down, held = s.Debit, s.Credit, s.HeldCredit
	}
	say := func(ru, en string) { russian, english = append(russian, ru), append(english, en) }
	say(fmt.Sprintf("Остаток %s = %s %s − %s %s.", f(s.Balance(class)), plusRU, f(up), minusRU, f(down)),
		fmt.Sprintf("Balance %s = %s %s − %s %s.", f(s.Balance(class)), plus, f(up), minus, f(down)))
	more := ""
	if m.More {
		more = "+"
	}
	available, limitRU, limit := s.Available(class).Add(m.Limit), "", ""
	if !m.Limit.IsZero() {
		limitRU, limit = " + лимит "+f(m.Limit), " + limit "+f(m.Limit)
	}
	say(fmt.Sprintf("Доступно %s = остаток %s − удержано %s (удержаний: %d%s)%s.", f(available), f(s.Balance(class)), f(held), m.Holds, more, limitRU),
		fmt.Sprintf("Available %s = balance %s − held %s (holds: %d%s)%s.", f(available), f(s.Balance(class)), f(held), m.Holds, more, limit))
	if !m.Transit.IsZero() {
		say(fmt.Sprintf("В пути между сегментами %s: это часть остатка, но сию минуту её нельзя потратить.", f(m.Transit)),
			fmt.Sprintf("On its way between shards %s: a part of the balance that cannot be spent this moment.", f(m.Transit)))
	}
	if m.Stripes > 1 {
		say(fmt.Sprintf("Счёт лежит на %d сегментах; остаток — их сумма.", m.Stripes),
			fmt.Sprintf("The account lies on %d shards; the balance is their sum.", m.Stripes))
	}
	return russian, english
}
