package sandbox

import (
	"regexp"

	"github.com/provodka/provodka/ledger/money"
)

// way is how a payment goes: the word of its path.
type way string

const (
	toAccount way = "ruble-transfer"
	toPhone   way = "sbp"
	toCard    way = "card-transfer"
)

var ways = []way{toAccount, toPhone, toCard}

// person is what stands in "to" of a payment to a person.
type person struct {
	Phone      string `json:"phone"`
	BankID     string `json:"bankId"`
	CardToken  string `json:"cardToken"`
	LastName   string `json:"lastName"`
	FirstName  string `json:"firstName"`
	MiddleName string `json:"middleName"`
}

var (
	phone  = regexp.MustCompile(`^7\d{10}$`)
	member = regexp.MustCompile(`^\d{12}$`)
	token  = regexp.MustCompile(`^[A-Za-z0-9_-]{8,256}$`)
)

// What SBP takes of a payment.
var sbpLeast, sbpMost = money.MustParse("1.00"), money.MustParse("500000.00")

// wrongPerson says what the bank would not take of a payment to a person, "" when nothing.
func (p payment) wrongPerson(by way, amount money.Amount) string {
	switch {
	case by == toCard && p.From.AgreementNumber == "":
		return "from.agreementNumber: обязательное поле"
	case by == toCard && !token.MatchString(p.To.CardToken):
		return "to.cardToken: токен карты"
	case by == toCard:
		return ""
	case !phone.MatchString(p.To.Phone):
		return "to.phone: телефон"
	case !member.MatchString(p.To.BankID):
		return "to.bankId: участник СБП"
	case p.To.LastName == "" || p.To.FirstName == "":
		return "to: имя получателя"
	case amount.Cmp(sbpLeast) < 0 || amount.Cmp(sbpMost) > 0:
		return "amount: от 1 до 500 000 рублей"
	}
	return ""
}

// target is what the books know the payee by.
func (p payment) target(by way) string {
	switch by {
	case toPhone:
		return p.To.Phone
	case toCard:
		return p.To.CardToken
	case toAccount:
	}
	return p.To.AccountNumber
}
