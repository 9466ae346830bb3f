package flow

import (
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// View is everything a decision may read of its aggregate.
type View struct {
	Book     string
	ID       string
	State    string            // a state of the table, or machine.New
	Data     []byte            // the flow's own message (provodka.flow.v1) as its last move wrote it
	Attempts map[string]uint32 // how many attempts each ask has had
	Clock    time.Time         // the decision's clock: an input, never time.Now
	Day      string            // the clock's day in the book's zone, YYYY-MM-DD: rates are looked up by it
	Zone     *time.Location    // the book's zone; nil is UTC
}

// Command is what happened or what is wanted.
type Command struct {
	Event  string       // a word of the flow: "pay", or an answer's or timer's event
	Actor  string       // who asks: the API key's id, "effect" or "timer"
	Body   []byte       // the flow's own message for the event
	Answer *port.Answer // set when the event is an answer of the world
	Number uint32       // with Answer: the number of the attempt it is about (Effect.Number), from 1
}

// Decision is what a flow's Decide says; Step turns it into a Move by the tables.
type Decision struct {
	On        string                  // the event looked up in the table; usually the command's own
	Data      []byte                  // the aggregate's new message; nil keeps the old one
	Owners    map[string]string       // what stands for {company}, {task} … in the recipes' accounts
	Amounts   map[string]money.Amount // the amounts the recipes name, rubles of scale 2
	Rest      bool                    // amounts that are not given are zero; otherwise a recipe that names one stops
	Cases     []string                // the words of the recipes' When column that hold now
	Asks      map[string][]byte       // body of each ask that the transition opens
	Day       string                  // business date of the entry, YYYY-MM-DD; "" = View.Day
	Sections  map[string]string       // of states that have several lists: the one that the aggregate stands in there
	Timers    map[string]time.Time    // when the events of timers "said" come; the zero time takes one back
	Audience  []string                // who finds the aggregate beside its owner, when Readdress
	Readdress bool                    // Audience takes the place of what was said before
}

// Decide is a flow's own code: pure, without I/O.
type Decide func(View, Command) (Decision, *fault.Refusal)

// Leg is one side of an entry by account name.
type Leg struct {
	Account string // "wallet:company-42"
	Debit   bool
	Amount  money.Amount
	Recipe  string // the recipe that made it: the kind of its entry
}

// Effect is one ask of the world that a move opens or repeats.
type Effect struct {
	Ask     string // the word of the Asks table that holds the attempt: "pay"
	Port    string // "payout"
	Verb    string // "pay"
	Attempt string // 32 hex digits; derived from book, flow, id, ask and number
	Number  uint32 // number of the attempt, from 1
	Repeat  bool   // ask again about the open attempt instead of opening a new one
	Body    []byte // the flow's own message; of a repeat nil keeps the attempt's body
}

// Timer is one event of the future.
type Timer struct {
	Event string
	Due   time.Time // zero = none any more
}

// Move is the whole outcome of one step; the engine makes it one journal record.
type Move struct {
	Flow, ID     string
	From, On, To string
	Says         string // event for readers and webhooks, "" = none
	Section      string // the list of To that the aggregate stands in; "" = To has one
	Data         []byte
	Entry        []Leg    // balanced within each recipe, in the order of the recipes; empty = books nothing
	Recipes      []string // the recipes that made a leg
	Day          string
	Effects      []Effect
	// To be set. To != From closes every timer of the old state; To == From closes those
	// whose event is set again, also when nothing takes their place (Due is zero).
	Timers    []Timer
	Audience  []string // who finds the aggregate beside its owner from now on, when Readdress
	Readdress bool
}

// Flow is a checked program: tables and Decide together.
type Flow struct {
	Name     string
	Machine  *machine.Machine
	decide   Decide
	recipes  map[string][]Posting
	asks     map[string]Asking
	timers   map[string][]Waiting
	titles   map[string]Title
	contents map[string]string // by recipe
	holding  []string
	chosen   map[string]bool // asks that some row leaves to Decide

	// Stopped is the limit that stopped what was asked for, as a move has it; false when none did. Metrics
	// alone ask, after the commit; nil is a flow that no limit stops.
	Stopped func(*journalv1.Move) (Stop, bool)

	// Dated is by what day an aggregate is found after a move, in the zone of the books; false when the
	// move changes nothing of that. Search tables alone ask, behind the commit; nil is a flow without days.
	Dated func(*journalv1.Move, *time.Location) (Dated, bool)
}

// Dated is a day of an aggregate, its amount, and the places where it is found by them: an account, a
// company, "" for everywhere; none takes it out.
type Dated struct {
	Day    string // YYYY-MM-DD
	Amount money.Amount
	Places []string
}

// Stop is a limit that stopped something: the refusal's code, what is counted under the limit, and whose it is.
type Stop struct{ Code, Scope, Setter string }
