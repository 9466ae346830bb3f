package requisite

import (
	"strings"

	"github.com/provodka/provodka/ledger/fault"
)

// Phone brings a phone number to +7XXXXXXXXXX. It reads what people write:
// "+7 915 327-71-21", "8 (915) 327 71 21", "79153277121", "9153277121". The
// code after +7 begins with 3, 4, 8 or 9, or with 7 (Kazakhstan).
func Phone(field, text string) (string, *fault.Refusal) {
	var b strings.Builder
	for i, r := range strings.TrimSpace(text) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && i == 0, strings.ContainsRune(" ()-.\u00a0\u2011\u2013", r):
		default:
			return "", fault.Refuse(fault.RequisitesInvalid, field, "a phone is +7 and ten digits, not %q", show(text))
		}
	}
	plain := b.String()
	switch {
	case len(plain) == 11 && (plain[0] == '7' || plain[0] == '8' && !strings.HasPrefix(strings.TrimSpace(text), "+")):
		plain = plain[1:]
	case len(plain) == 10 && !strings.HasPrefix(strings.TrimSpace(text), "+"):
	default:
		return "", fault.Refuse(fault.RequisitesInvalid, field, "a phone is +7 and ten digits, not %q", show(text))
	}
	if !strings.ContainsRune("34789", rune(plain[0])) {
		return "", fault.Refuse(fault.RequisitesInvalid, field, "no area or mobile code begins with %c: %q", plain[0], show(text))
	}
	return "+7" + plain, nil
}
