package stripe

import "github.com/provodka/provodka/ledger/money"

// Books is the shard's own side of the rules: what its stripes hold now, and
// the hand that carries actions out. The engine implements it on the overlay on
// which it decides. It must not call the Shard back.
type Books interface {
	// Free is what the stripe of the account on this shard can spend above its
	// floor: posted less held, plus the limit if the account is homed here.
	// Reservations of parked commands are not taken off: they are kept here.
	Free(Account) money.Amount
	// Do carries one action out at once, so that the next Free knows of it.
	Do(Action)
}

// Action is one thing the rules decided. The engine journals actions in the
// order in which it is given them.
type Action interface{ action() }

// Apply says that every debit of the command is covered: decide it now, all
// legs or none. It may still be refused for a reason that is not money.
type Apply struct{ Command CommandID }

// Refuse says that this account lacks the money.
type Refuse struct {
	Command   CommandID
	Account   Account
	Available money.Amount // of the whole account, as its home found it
}

// Expire says that the command is undecided at its deadline: answer expired.
type Expire struct{ Command CommandID }

// Park says that the command stays undecided: answer pending, keep the command,
// set its deadline. It comes once per command, before anything it sends.
type Park struct{ Command CommandID }

// Touch opens the stripe of the account on this shard, if there is none. It
// comes before a NEED, so that a look-up finds the shard to which the home may
// already have sent money.
type Touch struct{ Account Account }

// Move books money between this stripe and transit, a part of the same account.
type Move struct {
	Account Account
	Amount  money.Amount // above zero; of a letter also below: all of a stripe that is
	Into    bool         // true: out of transit into the stripe; false: the other way
	Peer    ShardID      // the shard on the other side
	Key     string       // Envelope.Key of the message that carries the money
}

// Send hands a message to the link. The money it carries was moved just before.
type Send struct{ Envelope }

// Deliver hands over a letter of another shard, in its turn. The money it carried was
// moved just before.
type Deliver struct{ Envelope }

// LookUp asks the database which shards have a stripe of the account. It is an
// effect: read after this decision is committed, and not from a replica that may
// lag; answered by Found.
type LookUp struct {
	Account Account
	Round   uint64
}

func (Apply) action()  {}
func (Refuse) action() {}
func (Expire) action() {}
func (Park) action()   {}
func (Touch) action()  {}
func (Move) action()   {}
func (Send) action()   {}
func (LookUp) action() {}

func (Deliver) action() {}
