package password

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/provodka/provodka/ledger/fault"
)

// Bounds of a password's length, in characters.
const (
	MinRunes = 12
	MaxRunes = 128
)

//go:embed common.txt
var document string

// common is what everybody tries first: whole passwords, and words of them.
var common = func() map[string]bool {
	out := map[string]bool{}
	for word := range strings.Lines(document) {
		out[strings.TrimSpace(word)] = true
	}
	return out
}()

// normal is the form in which texts are compared and hashed.
func normal(text string) string { return norm.NFC.String(text) }

// Check refuses a password that is not taken; field is the request's name of it, about is
// what the person is called: nothing of it may be the password.
func Check(field, text string, about ...string) *fault.Refusal {
	if !utf8.ValidString(text) {
		return fault.Refuse(fault.Malformed, field, "the password is not UTF-8")
	}
	if len(text) > 16*MaxRunes { // of any form
		return fault.Refuse(fault.PasswordWeak, field, "the password has more than %d characters", MaxRunes)
	}
	text = normal(text)
	n := utf8.RuneCountInString(text)
	switch {
	case n < MinRunes:
		return fault.Refuse(fault.PasswordWeak, field, "the password has %d characters, at least %d are needed", n, MinRunes)
	case n > MaxRunes:
		return fault.Refuse(fault.PasswordWeak, field, "the password has more than %d characters", MaxRunes)
	case strings.ContainsFunc(text, unicode.IsControl):
		return fault.Refuse(fault.Malformed, field, "the password has control characters")
	}
	low := strings.ToLower(text)
	if sequence(low) || isCommon(low) {
		return fault.Refuse(fault.PasswordWeak, field, "the password is one of those that everybody tries first")
	}
	for _, a := range about {
		if own(low, strings.ToLower(normal(a))) {
			return fault.Refuse(fault.PasswordWeak, field, "the password is what the person is called")
		}
	}
	return nil
}

// sequence says whether each character follows from the one before: 111…, 123…, 987….
func sequence(low string) bool {
	runes := []rune(low)
	steps := map[rune]bool{}
	for i, r := range runes[1:] {
		step := r - runes[i]
		if runes[i] == '9' && r == '0' {
			step = 1
		}
		if runes[i] == '0' && r == '9' {
			step = -1
		}
		steps[step] = true
	}
	return len(steps) == 1 && (steps[0] || steps[1] || steps[-1])
}

// isCommon says whether the text is on the list: whole, with digits and signs before or
// behind, or a listed word again and again.
func isCommon(low string) bool {
	bare := strings.TrimFunc(low, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, text := range []string{low, bare, strings.TrimRightFunc(low, notLetter), strings.TrimLeftFunc(low, notLetter)} {
		if common[text] || repeated(text) {
			return true
		}
	}
	return false
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// repeated says whether the text is one listed word, or one short piece, several times.
func repeated(text string) bool {
	for n := 1; n <= len(text)/2; n++ {
		if len(text)%n == 0 && strings.Repeat(text[:n], len(text)/n) == text && (n < 4 || common[text[:n]]) {
			return true
		}
	}
	return false
}

// own says whether the password is a name or an address, or one with a few characters more.
func own(low, about string) bool {
	parts := []string{about}
	if at := strings.IndexByte(about, '@'); at > 0 {
		parts = append(parts, about[:at])
	}
	return slices.ContainsFunc(parts, func(p string) bool {
		return utf8.RuneCountInString(p) >= 4 && strings.Contains(low, p) && utf8.RuneCountInString(low)-utf8.RuneCountInString(p) < 8
	})
}
