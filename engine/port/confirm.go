package port

import (
	"context"
	"time"
)

// Confirming is a port whose final answers do not always stay true: a bank takes an
// executed payment back, a person annuls a receipt. It is asked about them again.
type Confirming interface {
	Port
	// Pauses are all pauses after a final answer after which something may be asked again.
	Pauses() []time.Duration
	// Confirms says whether an attempt of the verb, with a final answer of that moment, is
	// asked about again after the pause.
	Confirms(verb string, result Result, answered time.Time, pause time.Duration) bool
	// Confirm asks what is true now of attempts that were answered for good, and answers in
	// their order. It never acts. NotFound says that nothing new can be learned, Unknown that
	// it could not be learned now.
	Confirm(ctx context.Context, asks []Ask) []Answer
}

// ReceiptState is how a registered income stands.
type ReceiptState struct {
	Link     string
	Tax      string // rubles, scale 2; "" when the service did not say
	Annulled string // when it was annulled, as the service writes it; "" = it stands
}
