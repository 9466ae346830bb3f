package requisite

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// Code is what a payment's two-dimensional code says (ГОСТ Р 56042-2014): to whom, for
// what and, unless the payer chooses it, how much.
type Code struct {
	Name     string // payee
	Account  string // 20 digits
	BankName string
	BIC      string // 9 digits
	Corr     string // correspondent account, 20 digits
	INN, KPP string // of the payee; "" when it has none
	Purpose  string
	Sum      money.Amount // rubles, scale 2; zero: the payer chooses
}

// codeHead is the service block before the separator: format ST, version 0001, and 2,
// which is UTF-8.
const codeHead = "ST00012"

// separators are tried in order: one that stands in a value cannot part the values.
const separators = "|~^#"

// Text is what the picture carries: the service block and Key=Value, the five required
// requisites first and in the order of the standard. What the standard does not allow is
// refused, by field: a cut name or purpose would be another payment.
func (c Code) Text() (string, *fault.Refusal) {
	sum, refusal := c.kopecks()
	if refusal != nil {
		return "", refusal
	}
	if refusal := c.check(); refusal != nil {
		return "", refusal
	}
	values := []struct{ key, value string }{
		{"Name", c.Name}, {"PersonalAcc", c.Account}, {"BankName", c.BankName}, {"BIC", c.BIC}, {"CorrespAcc", c.Corr},
		{"Sum", sum}, {"Purpose", c.Purpose}, {"PayeeINN", c.INN}, {"KPP", c.KPP},
	}
	var all strings.Builder
	for _, v := range values {
		all.WriteString(v.value)
	}
	at := strings.IndexFunc(separators, func(r rune) bool { return !strings.ContainsRune(all.String(), r) })
	if at < 0 {
		return "", fault.Refuse(fault.RequisitesInvalid, "purpose", "every separator (%s) stands in the requisites", separators)
	}
	text := codeHead
	for _, v := range values {
		if v.value != "" {
			text += separators[at:at+1] + v.key + "=" + v.value
		}
	}
	return text, nil
}

// check refuses what the standard's requisites cannot be.
func (c Code) check() *fault.Refusal {
	for _, v := range []struct {
		field, value string
		most         int
		required     bool
	}{{"name", c.Name, 160, true}, {"bank_name", c.BankName, 45, true}, {"purpose", c.Purpose, 210, false}} {
		switch n := utf8.RuneCountInString(v.value); {
		case v.required && strings.TrimSpace(v.value) == "":
			return fault.Refuse(fault.RequisitesInvalid, v.field, "a payment code needs it")
		case n > v.most:
			return fault.Refuse(fault.RequisitesInvalid, v.field, "it has %d characters, at most %d pass", n, v.most)
		case !utf8.ValidString(v.value) || strings.ContainsFunc(v.value, unicode.IsControl):
			return fault.Refuse(fault.RequisitesInvalid, v.field, "it has a line break or another control character")
		}
	}
	if refusal := BIC("bic", c.BIC); refusal != nil {
		return refusal
	}
	if refusal := RubleAccount("account", c.Account, c.BIC); refusal != nil {
		return refusal
	}
	if refusal := CorrAccount("corr_account", c.Corr, c.BIC); refusal != nil {
		return refusal
	}
	if c.INN != "" {
		if refusal := INN("inn", c.INN); refusal != nil {
			return refusal
		}
	}
	if c.KPP != "" {
		return KPP("kpp", c.KPP)
	}
	return nil
}

// kopecks is the sum as the standard writes it: whole kopecks, "" when the payer chooses.
func (c Code) kopecks() (string, *fault.Refusal) {
	if c.Sum.Sign() < 0 || !c.Sum.Equal(c.Sum.Round(money.RUB.Scale, money.Down)) {
		return "", fault.Refuse(fault.AmountInvalid, "amount", "%s is not a sum of whole kopecks", c.Sum)
	}
	digits := strings.TrimLeft(strings.Replace(money.RUB.Format(c.Sum), ".", "", 1), "0")
	if len(digits) > 18 {
		return "", fault.Refuse(fault.AmountInvalid, "amount", "a payment code has at most 18 digits of kopecks")
	}
	return digits, nil
}
