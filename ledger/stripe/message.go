package stripe

import (
	"fmt"

	"github.com/provodka/provodka/ledger/money"
)

// ShardID numbers a shard: the partition of the command log.
type ShardID int32

// Account is one account in one asset, as an opaque name. Its order is the
// order in which commands secure accounts, so it must be the same everywhere.
type Account string

// CommandID is the id of a command, unique over all shards.
type CommandID string

// Kind says what a message between shards is.
type Kind string

// The messages. NEED and GAVE go to the home of the account, the others
// come from it.
const (
	Need  Kind = "need"  // a command is short here: this much is needed, here is all that was free
	Allot Kind = "allot" // here is the whole amount
	No    Kind = "no"    // the account lacks it
	Give  Kind = "give"  // send all that is free
	Gave  Kind = "gave"  // all that was free, and how much is left reserved

	// Letter is of other rules for all shards: it rides the same link because its
	// place among the messages with money matters.
	Letter Kind = "letter"
	// passed stands in the place of a message that was put aside.
	passed Kind = "passed"
)

// Message is what one shard tells another about one account. Fields that a kind
// does not name are zero.
type Message struct {
	Kind    Kind
	Account Account
	Command CommandID    // NEED, ALLOT, NO: the command that asks
	Ask     uint64       // NEED, ALLOT, NO: which of its asks
	Need    money.Amount // NEED: the whole amount of the debit
	Round   uint64       // GIVE, GAVE: the home's round
	Part    int          // GAVE: 1 = the answer, 2 = what a reservation left behind
	Money   money.Amount // NEED, ALLOT, GAVE: money that travels with the message
	Left    money.Amount // GAVE: what stays reserved at the sender; NO: what the account has in all
	Changed bool         // GAVE: the account moved at the sender since its last GAVE

	Body []byte `json:",omitempty"` // letter: what it says; its money may be below zero
}

// Envelope is a message on its link. Numbers are dense per ordered pair of
// shards and start with 1.
type Envelope struct {
	From, To ShardID
	Number   uint64
	Message
}

// Key is the idempotency key of the message and of the money that it carries:
// NEED, ALLOT, NO (command, account, ask); GIVE (account, round, to);
// GAVE (account, round, from, 1|2); letter (from, to, number). Rounds are unique per home shard.
func (e Envelope) Key() string {
	switch e.Kind {
	case Give:
		return fmt.Sprintf("give:%d:%d:%q", e.Round, e.To, e.Account)
	case Gave:
		return fmt.Sprintf("gave:%d:%d:%d:%q", e.Round, e.From, e.Part, e.Account)
	case Letter:
		return fmt.Sprintf("letter:%d:%d:%d", e.From, e.To, e.Number)
	default:
		return fmt.Sprintf("%s:%d:%q:%q", e.Kind, e.Ask, e.Command, e.Account)
	}
}
