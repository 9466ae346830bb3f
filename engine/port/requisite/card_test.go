package requisite

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/fault"
)

// withLuhn is the digits with the check digit of a card behind, computed another way than luhn
// does: the one of ten that makes the sum of the doubled digits whole.
func withLuhn(text string) string {
	doubled := [10]int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}
	sum := 0
	for i := len(text) - 1; i >= 0; i -= 2 {
		sum += doubled[text[i]-'0']
		if i > 0 {
			sum += int(text[i-1] - '0')
		}
	}
	return text + string(rune('0'+(10-sum%10)%10))
}

func TestACardsNumberIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := withLuhn(rapid.StringMatching(`[2-6][0-9]{10,17}`).Draw(t, "number"))
		written := number
		if rapid.Bool().Draw(t, "in groups") {
			sign := rapid.SampledFrom([]string{" ", "-", ".", "\u00a0"}).Draw(t, "sign")
			written = number[:4] + sign + number[4:8] + sign + number[8:]
		}
		text := rapid.SampledFrom([]string{"", "карта ", "tok_", "\n"}).Draw(t, "before") + written + rapid.SampledFrom([]string{"", "x", " до 12/30", "_1"}).Draw(t, "after")
		r := NoCardNumber("where", text)
		if r == nil || r.Field != "where" || r.Code != fault.RequisitesInvalid || strings.Contains(r.Reason, number[:4]) {
			t.Fatalf("%q: %v", text, r)
		}
		i := rapid.IntRange(0, len(number)-1).Draw(t, "digit")
		other := number[:i] + string('0'+(number[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10) + number[i+1:]
		if r := NoCardNumber("where", other); r != nil {
			t.Fatalf("%s differs from a card's number in one digit: %v", other, r)
		}
	})
	for _, text := range []string{"", "АО «Банк»", "40817810400000000003", "044525006", "4111111111111112", "41111", "pc-8f14e45f-ceea-467f-a0d2"} {
		if r := NoCardNumber("where", text); r != nil {
			t.Errorf("%q: %v", text, r)
		}
	}
}

func TestTokensMasksAndMembersOfSBP(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		check func(field, text string) *fault.Refusal
		text  string
		ok    bool
	}{
		{CardToken, "pc_8f14e45f-CEEA", true}, {CardToken, strings.Repeat("a", 256), true}, {CardToken, "12345678", true},
		{CardToken, "short", false}, {CardToken, strings.Repeat("a", 257), false}, {CardToken, "токен-токен", false}, {CardToken, "a b c d e f", false},
		{CardToken, "4111111111111111", false}, {CardToken, "4111-1111-1111-1111", false}, {CardToken, "tok_4111111111111111", false},
		{CardMask, "1111", true}, {CardMask, "", false}, {CardMask, "11111", false}, {CardMask, "*111", false},
		{SBPBank, "100000000004", true}, {SBPBank, "100000000008", true}, {SBPBank, "10000000004", false}, {SBPBank, "501800000009", false}, {SBPBank, "", false},
	} {
		if r := tc.check("x", tc.text); (r == nil) != tc.ok || r != nil && (r.Field != "x" || r.Code != fault.RequisitesInvalid) {
			t.Errorf("%q: %v", tc.text, r)
		}
	}
	for seed := range uint64(2000) {
		if r := SBPBank("x", ExampleSBPBank(seed)); r != nil {
			t.Fatal(r)
		}
		if r := CardToken("x", ExampleCardToken(seed)); r != nil {
			t.Fatal(r)
		}
	}
}
