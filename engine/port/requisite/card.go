package requisite

import (
	"strings"

	"github.com/provodka/provodka/ledger/fault"
)

// The shortest and the longest number of a card, in digits.
const (
	cardLeast = 12
	cardMost  = 19
)

// The shortest and the longest token of a card, in characters.
const (
	tokenLeast = 8
	tokenMost  = 256
)

// NoCardNumber refuses a text in which a run of digits looks like the number of a card: 12 to
// 19 of them whose last fits the others (Luhn), in one piece or with blanks, hyphens and dots between.
// The refusal repeats nothing of the text: such a number is neither kept nor shown.
func NoCardNumber(field, text string) *fault.Refusal {
	var run strings.Builder
	for _, r := range text + "\n" {
		switch {
		case r >= '0' && r <= '9':
			run.WriteRune(r)
		case !strings.ContainsRune(" -.\u00a0\u2011\u2013", r):
			if n := run.Len(); n >= cardLeast && n <= cardMost && luhn(run.String()) {
				return fault.Refuse(fault.RequisitesInvalid, field, "it looks like the number of a card: give the provider's token of it, never the number")
			}
			run.Reset()
		}
	}
	return nil
}

// luhn says whether the last digit is the check digit of the others.
func luhn(text string) bool {
	sum := 0
	for i := range len(text) {
		d := at(text, len(text)-1-i)
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// CardToken checks what a provider calls a card: 8 to 256 letters, digits, _ and -, and not its number.
func CardToken(field, text string) *fault.Refusal {
	if refusal := NoCardNumber(field, text); refusal != nil {
		return refusal
	}
	odd := strings.Trim(text, "0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != ""
	if odd || len(text) < tokenLeast || len(text) > tokenMost {
		return fault.Refuse(fault.RequisitesInvalid, field, "a token of a card has %d to %d letters, digits, _ and -", tokenLeast, tokenMost)
	}
	return nil
}

// CardMask checks what is shown of a card: its last four digits.
func CardMask(field, text string) *fault.Refusal {
	if !digits(text, 4) {
		return fault.Refuse(fault.RequisitesInvalid, field, "of a card the last four digits are shown, not %d characters", len(text))
	}
	return nil
}

// SBPBank checks the shape of a member of SBP: 12 digits, 100000000004; all that are known begin
// with 1 [M], as no card does. Which of them there are is not known here: the lists of members are of
// one scenario and one day, and the bank that we pay by publishes none. It refuses who is none.
func SBPBank(field, text string) *fault.Refusal {
	if !digits(text, 12) || text[0] != '1' {
		return fault.Refuse(fault.RequisitesInvalid, field, "a member of SBP has 12 digits, the first is 1")
	}
	return nil
}
