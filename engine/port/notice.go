package port

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/provodka/provodka/ledger/fault"
)

// Notice is one message to a person.
type Notice struct {
	Attempt string
	To      string // a phone, +7XXXXXXXXXX, a mail address, or the token of a device
	Subject string // of mail and push
	Text    string // plain text, lines parted by \n
}

// Notifier hands messages over on one channel.
type Notifier interface {
	// Notify hands a message over. Done: the provider has taken it; whether a person reads
	// it nobody says. Refused: it will never reach this address. Unknown: hand it over again,
	// under the same attempt: the same message twice is harmless. What Notice.Check refuses
	// is not sent. No answer repeats the address or the text.
	Notify(ctx context.Context, n Notice) Answer
}

// Bounds of a message, in characters.
const (
	maxSubject = 200
	maxText    = 4000
)

// Check says what is wrong with a message that no provider should see, nil when nothing is.
func (n Notice) Check() *fault.Refusal {
	if refusal := checkAttempt(n.Attempt); refusal != nil {
		return refusal
	}
	control := func(r rune) bool { return unicode.IsControl(r) }
	switch {
	case n.To == "" || strings.ContainsFunc(n.To, control) || strings.ContainsAny(n.To, " ,;<>"):
		return fault.Refuse(fault.Malformed, "to", "the address is empty or is not one")
	case utf8.RuneCountInString(n.Subject) > maxSubject || strings.ContainsFunc(n.Subject, control):
		return fault.Refuse(fault.Malformed, "subject", "the subject is too long or has a line break")
	case strings.TrimSpace(n.Text) == "" || utf8.RuneCountInString(n.Text) > maxText || !utf8.ValidString(n.Text):
		return fault.Refuse(fault.Malformed, "text", "the text is empty, too long, or no text")
	case strings.ContainsFunc(n.Text, func(r rune) bool { return r != '\n' && control(r) }):
		return fault.Refuse(fault.Malformed, "text", "the text has a control character")
	}
	return nil
}
