package stripe

import (
	"cmp"
	"slices"

	"github.com/provodka/provodka/ledger/money"
)

// Debit is what a command takes from one floored account.
type Debit struct {
	Account Account
	Home    ShardID // the home of the account
	Amount  money.Amount
}

// Command is what the rules know of a command, or of an atomic group: the sums
// it debits per floored account, and the other accounts it moves.
type Command struct {
	ID      CommandID
	Debits  []Debit   // floored accounts only, above zero; Submit sorts and adds up
	Credits []Account // the other floored accounts whose free money it may change
}

// Wait is an undecided command. At rest it either asks for the account of the
// debit after its secured ones (Ask > 0) or has not started and holds nothing.
type Wait struct {
	Command
	Number  uint64 // arrival on this shard: smaller is earlier
	Secured int    // so many of its debits, from the first, are reserved
	Ask     uint64 // the number of its last ask; 0: not started

	part money.Amount // only for the loose form of a rule: see loose
}

// asking is the debit that the command waits for.
func (w *Wait) asking() Debit { return w.Debits[w.Secured] }

// Mark is what a shard remembers of an account for the account's home.
type Mark struct {
	Account Account
	Quiet   bool    // nothing moved here since the last GAVE
	Owed    uint64  // the round to which a second GAVE is owed; 0: none
	To      ShardID // the home to which it is owed
}

func (m Mark) empty() bool { return !m.Quiet && m.Owed == 0 }

// Phase says what the home of an account is doing.
type Phase string

// The phases of a home.
const (
	Idle      Phase = "idle"      // no round runs
	Gathering Phase = "gathering" // a round runs, or ran, for the head of the queue
	Draining  Phase = "draining"  // the head is gone, answers of its round are not in yet
)

// Request is one place in the queue of a home.
type Request struct {
	Command CommandID
	Asker   ShardID
	Ask     uint64
	Need    money.Amount
}

// Left is what one shard keeps reserved of an account.
type Left struct {
	Shard  ShardID
	Amount money.Amount
}

// Home is what the home of an account knows while somebody asks for it. There
// is no row when nobody does.
type Home struct {
	Account Account
	Phase   Phase
	Round   uint64    // the running or last round
	Found   bool      // the look-up of the round is answered
	Await   []ShardID // who was told to give and has not answered, in order
	Left    []Left    // what those who answered keep reserved, in order of shard
	Changed bool      // something moved during the round
	Rounds  int       // rounds of this head
	Passed  int       // debits at home that passed this head
	Queue   []Request
}

// missing says that answers of the round are not in yet.
func (h *Home) missing() bool { return !h.Found || len(h.Await) > 0 }

// Link is one peer: what was sent to it and what of its messages was applied.
type Link struct {
	Peer    ShardID
	Sent    uint64     // the number of the last message to the peer
	Applied uint64     // the number of the last message of the peer that was applied
	Held    []Envelope // messages of the peer that came too early, in order
	Aside   []Envelope `json:",omitempty"` // messages of the peer that could not be applied: for a person
}

// State is everything a Shard knows, as plain rows in a fixed order.
type State struct {
	Number uint64 // the last arrival number
	Round  uint64 // the last round of any account homed here
	Waits  []Wait // in order of arrival
	Marks  []Mark // in order of account
	Homes  []Home // in order of account
	Links  []Link // in order of peer
}

// Changes are the rows that were written and dropped since the last time they
// were taken: what the engine puts into its record and its commit.
type Changes struct {
	Number, Round uint64 // as they are now
	Waits         []Wait
	Marks         []Mark
	Homes         []Home
	Links         []Link
	WaitsGone     []CommandID
	MarksGone     []Account
	HomesGone     []Account
}

// Empty says that no row was written or dropped.
func (c Changes) Empty() bool {
	return len(c.Waits)+len(c.Marks)+len(c.Homes)+len(c.Links)+
		len(c.WaitsGone)+len(c.MarksGone)+len(c.HomesGone) == 0
}

// Fold writes changes over a state: the way back from a journal.
func (s State) Fold(c Changes) State {
	s.Number, s.Round = c.Number, c.Round
	s.Waits = fold(s.Waits, c.Waits, c.WaitsGone, func(w Wait) CommandID { return w.ID })
	s.Marks = fold(s.Marks, c.Marks, c.MarksGone, func(m Mark) Account { return m.Account })
	s.Homes = fold(s.Homes, c.Homes, c.HomesGone, func(h Home) Account { return h.Account })
	s.Links = fold(s.Links, c.Links, nil, func(l Link) ShardID { return l.Peer })
	s.sort()
	return s
}

// fold replaces rows by key and drops those that are gone.
func fold[R any, K comparable](rows, written []R, gone []K, key func(R) K) []R {
	over := make(map[K]bool, len(written)+len(gone))
	for _, r := range written {
		over[key(r)] = true
	}
	for _, k := range gone {
		over[k] = true
	}
	kept := slices.DeleteFunc(slices.Clone(rows), func(r R) bool { return over[key(r)] })
	return append(kept, written...)
}

func (s *State) sort() {
	slices.SortFunc(s.Waits, byArrival)
	slices.SortFunc(s.Marks, func(a, b Mark) int { return cmp.Compare(a.Account, b.Account) })
	slices.SortFunc(s.Homes, func(a, b Home) int { return cmp.Compare(a.Account, b.Account) })
	slices.SortFunc(s.Links, func(a, b Link) int { return cmp.Compare(a.Peer, b.Peer) })
}

func byArrival(a, b Wait) int { return cmp.Compare(a.Number, b.Number) }

func (h *Home) clone() *Home {
	c := *h
	c.Await, c.Left, c.Queue = slices.Clone(h.Await), slices.Clone(h.Left), slices.Clone(h.Queue)
	return &c
}

func (l *Link) clone() *Link {
	c := *l
	c.Held, c.Aside = slices.Clone(l.Held), slices.Clone(l.Aside)
	return &c
}
