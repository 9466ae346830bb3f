package requisite

import (
	"fmt"
	"strings"

	"github.com/provodka/provodka/ledger/fault"
)

// digits says whether the text is made of exactly one of the lengths of ASCII digits.
func digits(text string, lengths ...int) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	for _, n := range lengths {
		if len(text) == n {
			return true
		}
	}
	return false
}

// zeros says whether the text is nothing but zeros.
func zeros(text string) bool { return strings.Trim(text, "0") == "" }

// at is the digit at a position, from 0.
func at(text string, i int) int { return int(text[i] - '0') }

// weighted sums digits times weights.
func weighted(text string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += at(text, i) * w
	}
	return sum
}

// remainder is the number modulo m; the text may be longer than any machine word.
func remainder(text string, m int) int {
	r := 0
	for i := range len(text) {
		r = (r*10 + at(text, i)) % m
	}
	return r
}

// innCompany is the tenth digit of a company's INN.
func innCompany(text string) int {
	return weighted(text, 2, 4, 10, 3, 5, 9, 4, 6, 8) % 11 % 10
}

// innPerson is the eleventh and the twelfth digit of a person's INN, of its first
// ten: the twelfth depends on the eleventh.
func innPerson(text string) string {
	eleventh := weighted(text, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8) % 11 % 10
	twelfth := (weighted(text, 3, 7, 2, 4, 10, 3, 5, 9, 4, 6) + 8*eleventh) % 11 % 10
	return fmt.Sprintf("%d%d", eleventh, twelfth)
}

// INN checks a taxpayer's number: 10 digits of a company or 12 of a person.
func INN(field, text string) *fault.Refusal {
	if !digits(text, 10, 12) {
		return fault.Refuse(fault.INNInvalid, field, "an INN has 10 digits (company) or 12 (person), not %q", show(text))
	}
	if len(text) == 10 {
		return CompanyINN(field, text)
	}
	return PersonINN(field, text)
}

// CompanyINN checks the INN of a company: 10 digits.
func CompanyINN(field, text string) *fault.Refusal {
	switch {
	case !digits(text, 10):
		return fault.Refuse(fault.INNInvalid, field, "the INN of a company has 10 digits, not %q", show(text))
	case zeros(text):
		return fault.Refuse(fault.INNInvalid, field, "the INN is all zeros")
	}
	if want := innCompany(text); at(text, 9) != want {
		return fault.Refuse(fault.INNInvalid, field, "the check digit of INN %s is %d, expected %d", text, at(text, 9), want)
	}
	return nil
}

// PersonINN checks the INN of a person, sole traders among them: 12 digits.
func PersonINN(field, text string) *fault.Refusal {
	switch {
	case !digits(text, 12):
		return fault.Refuse(fault.INNInvalid, field, "the INN of a person has 12 digits, not %q", show(text))
	case zeros(text):
		return fault.Refuse(fault.INNInvalid, field, "the INN is all zeros")
	}
	if want := innPerson(text); text[10:] != want {
		return fault.Refuse(fault.INNInvalid, field, "the check digits of INN %s are %s, expected %s", text, text[10:], want)
	}
	return nil
}

// OGRN checks the state number of a company: 13 digits, the last is the number
// of the first 12 modulo 11, modulo 10.
func OGRN(field, text string) *fault.Refusal { return register(field, text, "OGRN", 13, 11) }

// OGRNIP checks the state number of a sole trader: 15 digits, the last is the
// number of the first 14 modulo 13, modulo 10.
func OGRNIP(field, text string) *fault.Refusal { return register(field, text, "OGRNIP", 15, 13) }

func register(field, text, name string, length, modulus int) *fault.Refusal {
	switch {
	case !digits(text, length):
		return fault.Refuse(fault.RequisitesInvalid, field, "an %s has %d digits, not %q", name, length, show(text))
	case zeros(text):
		return fault.Refuse(fault.RequisitesInvalid, field, "the %s is all zeros", name)
	}
	if want := remainder(text[:length-1], modulus) % 10; at(text, length-1) != want {
		return fault.Refuse(fault.RequisitesInvalid, field, "the check digit of %s %s is %d, expected %d", name, text, at(text, length-1), want)
	}
	return nil
}

// snilsKey is the two check digits of nine digits.
func snilsKey(text string) int { return weighted(text, 9, 8, 7, 6, 5, 4, 3, 2, 1) % 101 % 100 }

// SNILS checks a pension insurance number and returns its 11 digits. It is
// written 112-233-445 95 or without the signs between. Numbers up to
// 001-001-998 have no check digits [M].
func SNILS(field, text string) (string, *fault.Refusal) {
	plain := strings.NewReplacer("-", "", " ", "").Replace(text)
	switch {
	case !digits(plain, 11):
		return "", fault.Refuse(fault.SNILSInvalid, field, "a SNILS has 11 digits, not %q", show(text))
	case zeros(plain[:9]):
		return "", fault.Refuse(fault.SNILSInvalid, field, "the SNILS is all zeros")
	}
	if want := snilsKey(plain); plain[:9] > "001001998" && remainder(plain[9:], 100) != want {
		return "", fault.Refuse(fault.SNILSInvalid, field, "the check digits of SNILS %s are %s, expected %02d", plain, plain[9:], want)
	}
	return plain, nil
}

// KPP checks the shape of the code of a reason for registration: 4 digits, 2
// digits or letters A-Z, 3 digits. It has no check digit.
func KPP(field, text string) *fault.Refusal {
	ok := len(text) == 9 && digits(text[:4], 4) && digits(text[6:], 3)
	for i := 4; ok && i < 6; i++ {
		ok = text[i] >= '0' && text[i] <= '9' || text[i] >= 'A' && text[i] <= 'Z'
	}
	if !ok || zeros(text) {
		return fault.Refuse(fault.RequisitesInvalid, field, "a KPP is 4 digits, 2 digits or letters A-Z, 3 digits, not %q", show(text))
	}
	return nil
}

// OKTMO checks the shape of a municipality's code: 8 or 11 digits.
func OKTMO(field, text string) *fault.Refusal {
	if !digits(text, 8, 11) || zeros(text) {
		return fault.Refuse(fault.RequisitesInvalid, field, "an OKTMO has 8 or 11 digits, not %q", show(text))
	}
	return nil
}

// KBK checks the shape of a budget classification code: 20 digits.
func KBK(field, text string) *fault.Refusal {
	if !digits(text, 20) || zeros(text) {
		return fault.Refuse(fault.RequisitesInvalid, field, "a KBK has 20 digits, not %q", show(text))
	}
	return nil
}

// show bounds what a reason repeats of a foreign text.
func show(text string) string {
	const limit = 40
	if len(text) > limit {
		return strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
