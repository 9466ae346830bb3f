package private

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words brings a text to capitals, ё to е, and anything but letters and digits to
// one space: the form in which purposes of payments are compared (incoming.md).
func Words(text string) string {
	up := strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case r == 'Ё':
			return 'Е'
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(up), " ")
}

// Bounds of the phrases that are looked up: a contract's number has a few words, and
// one of less than four characters stands in every purpose.
const (
	mostWords    = 5
	leastLetters = 4
)

// Phrases lists every run of words of a purpose that could be a marker or the number
// of a contract.
func Phrases(purpose string) []string {
	words := strings.Fields(Words(purpose))
	var out []string
	for i := range words {
		for n := 1; n <= mostWords && i+n <= len(words); n++ {
			if p := strings.Join(words[i:i+n], " "); utf8.RuneCountInString(p) >= leastLetters {
				out = append(out, p)
			}
		}
	}
	return out
}

// purposeDigits is how much of an attempt a payment's purpose carries (incoming.md).
const purposeDigits = 12

// PurposeMarker is the word by which a statement's line is known as our payment.
func PurposeMarker(attempt string) string {
	return strings.ToUpper(attempt[:min(len(attempt), purposeDigits)])
}
