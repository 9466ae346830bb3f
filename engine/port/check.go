package port

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// MaxPurpose is the longest purpose of a ruble payment, in characters: field 24 of
// a payment order.
const MaxPurpose = 210

// maxAttempt is the longest attempt id that every provider takes.
const maxAttempt = 64

// Check says what is wrong with a payment that no bank should see, nil when
// nothing is. It looks at the message alone, so an attempt is always refused or never.
func (p Payment) Check() *fault.Refusal {
	refusal := checkAttempt(p.Attempt)
	keep := func(found *fault.Refusal) {
		if refusal == nil {
			refusal = found
		}
	}
	if !plainDigits(p.FromAccount, 20) {
		keep(fault.Refuse(fault.RequisitesInvalid, "from_account", "an account has 20 digits, not %d characters", len(p.FromAccount)))
	}
	if strings.TrimSpace(p.To.Name) == "" {
		keep(fault.Refuse(fault.RequisitesInvalid, "to.name", "the payee has no name"))
	}
	if p.To.INN != "" {
		keep(requisite.INN("to.inn", p.To.INN))
	}
	if p.To.KPP != "" {
		keep(requisite.KPP("to.kpp", p.To.KPP))
	}
	keep(p.To.checkWay(p.Budget != nil || p.UIN != ""))
	keep(checkRubles("amount", p.Amount))
	keep(checkPurpose(p.Purpose))
	if p.UIN != "" && (len(p.UIN) != 20 && len(p.UIN) != 25 || !capitals(p.UIN)) {
		keep(fault.Refuse(fault.RequisitesInvalid, "uin", "a УИН has 20 or 25 digits and capital letters, not %d characters", len(p.UIN)))
	}
	keep(p.Budget.check(p.To))
	return refusal
}

// checkWay says what is wrong with the way of a payment; a tax goes to an account only.
func (r Requisites) checkWay(budget bool) *fault.Refusal {
	way := r.Way()
	switch {
	case way == ByAccount:
		return r.checkAccount()
	case budget:
		return fault.Refuse(fault.RequisitesInvalid, "to.account_number", "a tax is paid to an account, not by %s", way)
	case r.BIC != "" || r.AccountNumber != "" || r.CorrAccount != "" || way == BySBP && r.Card != Card{}:
		return fault.Refuse(fault.RequisitesInvalid, "to", "there are two ways to pay")
	case r.Person.LastName == "" || r.Person.FirstName == "":
		return fault.Refuse(fault.RequisitesInvalid, "to.name", "a payment by %s needs the person's name in parts", way)
	case way == ByCard:
		return requisite.CardToken("to.card.token", r.Card.Token)
	}
	if phone, refusal := requisite.Phone("to.sbp.phone", r.SBP.Phone); refusal != nil || phone != r.SBP.Phone {
		return fault.Refuse(fault.RequisitesInvalid, "to.sbp.phone", "a phone is +7 and ten digits")
	}
	return requisite.SBPBank("to.sbp.bank_id", r.SBP.BankID)
}

func (r Requisites) checkAccount() *fault.Refusal {
	if refusal := requisite.BIC("to.bic", r.BIC); refusal != nil {
		return refusal
	}
	if refusal := requisite.RubleAccount("to.account_number", r.AccountNumber, r.BIC); refusal != nil || r.CorrAccount == "" {
		return refusal
	}
	return requisite.CorrAccount("to.corr_account", r.CorrAccount, r.BIC)
}

// check says what is wrong with the fields of a payment to the budget.
func (b *Budget) check(to Requisites) *fault.Refusal {
	if b == nil {
		return nil
	}
	switch {
	case !plainDigits(b.PayerStatus, 2):
		return fault.Refuse(fault.RequisitesInvalid, "budget.payer_status", "a payer's status (101) has 2 digits")
	case to.INN == "" || to.KPP == "":
		return fault.Refuse(fault.RequisitesInvalid, "to.kpp", "a payee of taxes has INN and KPP")
	}
	if refusal := requisite.KBK("budget.kbk", b.KBK); refusal != nil {
		return refusal
	}
	if b.OKTMO != none {
		if refusal := requisite.OKTMO("budget.oktmo", b.OKTMO); refusal != nil {
			return refusal
		}
	}
	for _, f := range []struct {
		field, text string
		most        int
	}{{"budget.basis", b.Basis, 2}, {"budget.period", b.Period, 10}, {"budget.number", b.Number, 25}, {"budget.date", b.Date, 10}} {
		if n := utf8.RuneCountInString(f.text); n == 0 || n > f.most || !utf8.ValidString(f.text) || strings.ContainsFunc(f.text, odd) {
			return fault.Refuse(fault.RequisitesInvalid, f.field, "it has 1 to %d characters; what is not there is 0", f.most)
		}
	}
	return nil
}

// none is how a payment order writes a field that a payment does not have.
const none = "0"

// odd says what no field of a tax has: blanks and control characters.
func odd(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// capitals says whether the text is digits and capital letters alone.
func capitals(text string) bool {
	return strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// Check says what is wrong with an income that the tax service should not see, nil
// when nothing is.
func (r IncomeReceipt) Check() *fault.Refusal {
	refusal := checkAttempt(r.Attempt)
	keep := func(found *fault.Refusal) {
		if refusal == nil {
			refusal = found
		}
	}
	keep(requisite.PersonINN("inn", r.INN))
	keep(requisite.INN("customer_inn", r.CustomerINN))
	if strings.TrimSpace(r.CustomerName) == "" {
		keep(fault.Refuse(fault.Malformed, "customer_name", "the customer has no name"))
	}
	if strings.TrimSpace(r.Service) == "" || strings.ContainsFunc(r.Service, unicode.IsControl) {
		keep(fault.Refuse(fault.Malformed, "service", "the service has no name, or a line break or control character in it"))
	}
	keep(checkRubles("amount", r.Amount))
	if r.PaidAt.IsZero() || r.RequestedAt.IsZero() {
		keep(fault.Refuse(fault.Malformed, "paid_at", "the times of payment and request are not both given"))
	}
	return refusal
}

func checkAttempt(attempt string) *fault.Refusal {
	for _, r := range attempt {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' {
			return fault.Refuse(fault.Malformed, "attempt", "an attempt id is made of letters, digits and hyphens")
		}
	}
	if attempt == "" || len(attempt) > maxAttempt {
		return fault.Refuse(fault.Malformed, "attempt", "an attempt id has 1 to %d characters, not %d", maxAttempt, len(attempt))
	}
	return nil
}

func checkRubles(field string, a money.Amount) *fault.Refusal {
	if a.Sign() <= 0 || !a.Round(money.RUB.Scale, money.Down).Equal(a) {
		return fault.Refuse(fault.AmountInvalid, field, "%s is not a positive sum of whole kopecks", a)
	}
	return nil
}

func checkPurpose(purpose string) *fault.Refusal {
	n := utf8.RuneCountInString(purpose)
	switch {
	case strings.TrimSpace(purpose) == "":
		return fault.Refuse(fault.Malformed, "purpose", "the purpose is empty")
	case n > MaxPurpose:
		return fault.Refuse(fault.Malformed, "purpose", "the purpose has %d characters, at most %d pass", n, MaxPurpose)
	case strings.ContainsFunc(purpose, unicode.IsControl) || !utf8.ValidString(purpose):
		return fault.Refuse(fault.Malformed, "purpose", "the purpose has a line break or another control character")
	}
	return nil
}

func plainDigits(text string, length int) bool {
	return len(text) == length && strings.Trim(text, "0123456789") == ""
}

// NotSent is the status of an attempt that was refused before anybody saw it.
const NotSent = "not_sent"

// numbers are what a reason may repeat of a message: INN, accounts, phones. Answers go into the
// log, where nobody's are.
var numbers = regexp.MustCompile(`[0-9]{5,}`)

// Unsent is the answer to a message that a Check refused: final, because the
// message of an attempt never changes, and nothing was sent.
func Unsent(r *fault.Refusal) Answer {
	reason := r.Code.Lookup().Russian + ": " + r.Field + ": " + numbers.ReplaceAllString(r.Reason, "…")
	return Answer{Result: Refused, Status: NotSent, Code: r.Code, Reason: reason}
}
