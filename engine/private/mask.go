package private

import (
	"strings"
	"unicode/utf8"

	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// MaskINN shows the last four digits of a person's INN; of the eight hidden ones the
// check digits give nothing away. A company's INN is public.
func MaskINN(inn string) string {
	if len(inn) == 10 {
		return inn
	}
	return tail(inn, 4)
}

// MaskPhone shows the last four digits.
func MaskPhone(phone string) string {
	if phone == "" {
		return ""
	}
	if len(phone) == 12 && strings.HasPrefix(phone, "+7") {
		return "+7 *** ***-" + phone[8:10] + "-" + phone[10:]
	}
	return tail(phone, 4)
}

// MaskID hides a number of a document, and shows its last two digits.
func MaskID(number string) string { return tail(number, 2) }

// MaskAccount shows the last four digits.
func MaskAccount(account string) string { return tail(account, 4) }

// MaskEmail shows the first letter and the host.
func MaskEmail(email string) string {
	name, host, ok := strings.Cut(email, "@")
	if !ok || name == "" {
		return tail(email, 0)
	}
	_, n := utf8.DecodeRuneInString(name)
	return name[:n] + "***@" + host
}

// MaskName is the last name with initials: "Иванов А. П.".
func MaskName(p *privatev1.ExecutorProfile) string {
	return strings.TrimSpace(strings.Join([]string{p.GetLastName(), Initial(p.GetFirstName()), Initial(p.GetSecondName())}, " "))
}

// Initial is a name's first letter and a dot; "" of "".
func Initial(name string) string {
	if name == "" {
		return ""
	}
	r, _ := utf8.DecodeRuneInString(name)
	return string(r) + "."
}

// FullName is last name, first name and patronymic, as a bank writes a payee.
func FullName(p *privatev1.ExecutorProfile) string {
	return strings.Join(strings.Fields(p.GetLastName()+" "+p.GetFirstName()+" "+p.GetSecondName()), " ")
}

// tail hides all but the last n characters of an ASCII text, and all of any other.
func tail(text string, n int) string {
	if text == "" {
		return ""
	}
	shown := ""
	if len(text) > 2*n && utf8.RuneCountInString(text) == len(text) {
		shown = text[len(text)-n:]
	}
	return "****" + shown
}
