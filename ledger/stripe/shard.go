package stripe

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/provodka/provodka/ledger/money"
)

// The limits of the rules.
const (
	// RoundLimit is how many rounds one ask may cost before NO.
	RoundLimit = 5
	// PassLimit is how many debits at home may pass a waiting head.
	PassLimit = 100
)

// Shard is the gathering of one shard: who waits for what, and what the home of
// an account has asked for. The zero value is not usable: see New and Open.
// It is one owner's: no method may run beside another.
type Shard struct {
	id     ShardID
	number uint64
	round  uint64

	waits   map[CommandID]*Wait
	stripes map[Account]*local
	homes   map[Account]*Home
	links   map[ShardID]*Link

	pumps  []Account // homes to look at before the step ends
	wakes  []Account // lines to look at after them
	dirty  dirty
	broken loose
}

// local is what a shard keeps of one account besides its money.
type local struct {
	line     []CommandID // undecided commands that debit it, in order of arrival
	reserved money.Amount
	mark     Mark
}

// loose switches single rules off, so that tests can show that each is needed.
type loose struct {
	parts     bool // reserve what is free and ask only for the rest
	eager     bool // start beside earlier commands that share an account
	unsorted  bool // secure accounts in the order of the command
	hasty     bool // believe the first round
	untouched bool // do not open the stripe before NEED
	unordered bool // apply messages as they come
	selfish   bool // wake local waiters before the second GAVE
	undrained bool // start a round before the last one is answered
}

// New makes the empty state of a shard.
func New(id ShardID) *Shard {
	return &Shard{
		id:      id,
		waits:   make(map[CommandID]*Wait),
		stripes: make(map[Account]*local),
		homes:   make(map[Account]*Home),
		links:   make(map[ShardID]*Link),
	}
}

// Submit offers a command that is decided but for the money. It is applied now,
// with no message, when every debit has enough free money here and no earlier
// undecided command of the shard shares one of its debit accounts. Otherwise it
// is parked. A command is submitted once; its slices belong to the Shard then.
func (s *Shard) Submit(b Books, c Command) {
	if s.waits[c.ID] != nil {
		panic(fmt.Sprintf("stripe: command %q is submitted twice", c.ID))
	}
	if !ordered(c.Debits) {
		c.Debits = s.merge(c.Debits)
	}
	if s.covered(b, c.Debits) {
		s.pass(c.Debits)
		s.apply(b, c)
		s.run(b)
		return
	}
	s.number++
	w := &Wait{Command: c, Number: s.number}
	s.waits[c.ID] = w
	s.dirty.wait(c.ID)
	for _, d := range c.Debits {
		l := s.local(d.Account)
		l.line = append(l.line, c.ID)
	}
	b.Do(Park{c.ID})
	s.start(b, w)
	s.run(b)
}

// Changed says that accounts of this shard were moved by something that was not
// submitted here: a hold that ended, a limit, a correction. It is called in the
// decision that moved them, before any other event, or a refusal may be unjust.
func (s *Shard) Changed(b Books, accounts ...Account) {
	for _, a := range accounts {
		s.moved(a)
	}
	s.run(b)
}

// Expire says that the deadline of a command is past. It does nothing when the
// command is decided already.
func (s *Shard) Expire(b Books, id CommandID) {
	if w := s.waits[id]; w != nil {
		s.decide(b, w, Expire{id})
		s.run(b)
	}
}

// Idle says that nobody waits and nothing is remembered: then Submit of a command
// that is covered, and Changed, would do nothing but apply it.
func (s *Shard) Idle() bool { return len(s.waits)+len(s.stripes)+len(s.homes) == 0 }

// Knows says whether anything is remembered of the account. Of one that is not
// known here, a command that is covered can be applied without Submit, if Changed
// is told before the next event.
func (s *Shard) Knows(a Account) bool { return s.stripes[a] != nil || s.homes[a] != nil }

// Undecided says whether the command is parked here.
func (s *Shard) Undecided(id CommandID) bool { return s.waits[id] != nil }

// Reserved is the part of the account's money here that parked commands hold.
func (s *Shard) Reserved(a Account) money.Amount {
	if l := s.stripes[a]; l != nil {
		return l.reserved
	}
	return money.Zero
}

// ordered says that debits are in order of account, each account once, each above
// zero: the usual case, which costs no copy.
func ordered(debits []Debit) bool {
	for i, d := range debits {
		if d.Amount.Sign() <= 0 || i > 0 && debits[i-1].Account >= d.Account {
			return false
		}
	}
	return true
}

// merge sorts debits by account, adds up those of one account and drops zeros.
func (s *Shard) merge(debits []Debit) []Debit {
	out := make([]Debit, 0, len(debits))
	for _, d := range debits {
		i := slices.IndexFunc(out, func(o Debit) bool { return o.Account == d.Account })
		switch {
		case d.Amount.Sign() < 0:
			panic(fmt.Sprintf("stripe: debit of %s on %q", d.Amount, d.Account))
		case d.Amount.IsZero():
		case i >= 0:
			out[i].Amount = out[i].Amount.Add(d.Amount)
		default:
			out = append(out, d)
		}
	}
	if !s.broken.unsorted {
		slices.SortFunc(out, func(a, b Debit) int { return cmp.Compare(a.Account, b.Account) })
	}
	return out
}

// covered says whether the debits can be made now, beside nobody.
func (s *Shard) covered(b Books, debits []Debit) bool {
	for _, d := range debits {
		if l := s.stripes[d.Account]; l != nil && len(l.line) > 0 {
			return false
		}
		if !s.enough(b, d) {
			return false
		}
	}
	return true
}

// enough says whether one debit can be made from the free money here. After
// PassLimit debits at home past a waiting head, the head comes first.
func (s *Shard) enough(b Books, d Debit) bool {
	if h := s.homes[d.Account]; h != nil && len(h.Queue) > 0 && h.Passed >= PassLimit {
		return false
	}
	return s.free(b, d.Account).Cmp(d.Amount) >= 0
}

// pass counts debits that overtake a waiting head.
func (s *Shard) pass(debits []Debit) {
	for _, d := range debits {
		if h := s.homes[d.Account]; h != nil && len(h.Queue) > 0 {
			h.Passed++
			s.dirty.home(d.Account)
		}
	}
}

// apply lets the command's legs be booked and notes what moved.
func (s *Shard) apply(b Books, c Command) {
	b.Do(Apply{c.ID})
	for _, d := range c.Debits {
		s.moved(d.Account)
	}
	for _, a := range c.Credits {
		s.moved(a)
	}
}

// moved notes that the money of an account changed on this shard.
func (s *Shard) moved(a Account) {
	if l := s.stripes[a]; l != nil && l.mark.Quiet {
		l.mark.Quiet = false
		s.dirty.mark(a)
		s.tidy(a)
	}
	if h := s.homes[a]; h != nil {
		if !h.Changed {
			h.Changed = true
			s.dirty.home(a)
		}
		s.pumps = append(s.pumps, a)
	}
}

// run does what a step left to do: homes first, then local waiters.
func (s *Shard) run(b Books) {
	for len(s.pumps)+len(s.wakes) > 0 {
		if len(s.pumps) > 0 {
			a := s.pumps[0]
			s.pumps = s.pumps[1:]
			s.pump(b, a)
			continue
		}
		a := s.wakes[0]
		s.wakes = s.wakes[1:]
		s.wake(b, a)
	}
	s.pumps, s.wakes = nil, nil
}

// free is what the stripe can spend that no parked command holds.
func (s *Shard) free(b Books, a Account) money.Amount {
	free := b.Free(a)
	if l := s.stripes[a]; l != nil {
		free = free.Sub(l.reserved)
	}
	return free
}

// spare is what of it can be sent away: a stripe below its floor sends nothing.
func (s *Shard) spare(b Books, a Account) money.Amount {
	return money.Max(s.free(b, a), money.Zero)
}

func (s *Shard) local(a Account) *local {
	l := s.stripes[a]
	if l == nil {
		l = &local{mark: Mark{Account: a}}
		s.stripes[a] = l
	}
	return l
}

// tidy forgets an account of which nothing is left to remember.
func (s *Shard) tidy(a Account) {
	if l := s.stripes[a]; l != nil && len(l.line) == 0 && l.mark.empty() {
		delete(s.stripes, a)
	}
}
