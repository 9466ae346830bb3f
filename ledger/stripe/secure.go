package stripe

import (
	"slices"

	"github.com/provodka/provodka/ledger/money"
)

// start begins to secure a command if it is the first in the line of each of its
// debit accounts. Until then it holds nothing: three commands that each hold
// what the next one waits for would wait for ever.
func (s *Shard) start(b Books, w *Wait) {
	if w.Ask > 0 || !s.broken.eager && !s.first(w) {
		return
	}
	s.secure(b, w)
}

func (s *Shard) first(w *Wait) bool {
	for _, d := range w.Debits {
		if s.stripes[d.Account].line[0] != w.ID {
			return false
		}
	}
	return true
}

// wake starts the first command of a line, if it is its turn everywhere.
func (s *Shard) wake(b Books, a Account) {
	if l := s.stripes[a]; l != nil && len(l.line) > 0 {
		s.start(b, s.waits[l.line[0]])
	}
}

// secure reserves the command's debits in order of account: the whole amount or
// nothing of it. At the first that is short it asks the home and stays parked;
// when all are secured, all legs are applied in one step.
func (s *Shard) secure(b Books, w *Wait) {
	for w.Secured < len(w.Debits) {
		d := w.asking()
		if !s.enough(b, d) {
			s.ask(b, w)
			return
		}
		s.pass(w.Debits[w.Secured : w.Secured+1])
		s.reserve(w, d.Amount)
	}
	s.decide(b, w, Apply{w.ID})
}

// reserve sets the debit aside and goes on to the next one.
func (s *Shard) reserve(w *Wait, amount money.Amount) {
	l := s.local(w.asking().Account)
	l.reserved = l.reserved.Add(amount)
	w.Secured++
	w.part = money.Zero
	s.dirty.wait(w.ID)
}

// ask puts the command into the home's queue. From another shard the whole free
// money goes along: it is not enough here, and there it may be.
func (s *Shard) ask(b Books, w *Wait) {
	d := w.asking()
	w.Ask++
	s.dirty.wait(w.ID)
	need := d.Amount
	if s.broken.parts {
		need = s.keepPart(b, w)
	}
	if d.Home == s.id {
		s.enqueue(d.Account, Request{Command: w.ID, Asker: s.id, Ask: w.Ask, Need: need})
		return
	}
	if !s.broken.untouched {
		b.Do(Touch{d.Account})
	}
	all := s.spare(b, d.Account)
	if all.Sign() > 0 {
		s.moved(d.Account)
	}
	s.send(b, d.Home, Message{
		Kind: Need, Account: d.Account, Command: w.ID, Ask: w.Ask, Need: need, Money: all,
	})
}

// keepPart is the loose form of "never a part".
func (s *Shard) keepPart(b Books, w *Wait) money.Amount {
	d := w.asking()
	l := s.local(d.Account)
	part := s.spare(b, d.Account)
	l.reserved = l.reserved.Add(part)
	w.part = w.part.Add(part)
	return d.Amount.Sub(w.part)
}

// asks says whether the command waits here with exactly this ask.
func (s *Shard) asks(id CommandID, a Account, ask uint64) bool {
	w := s.waits[id]
	return w != nil && w.Ask == ask && w.Secured < len(w.Debits) && w.asking().Account == a
}

// granted reserves what the home allotted, all of it, and goes on. The money is
// free here already; if the command is decided or asked again, it stays free.
func (s *Shard) granted(b Books, m Message) {
	if s.asks(m.Command, m.Account, m.Ask) {
		w := s.waits[m.Command]
		s.reserve(w, m.Money)
		s.secure(b, w)
	}
}

// denied refuses the command, naming the account, unless money came meanwhile.
func (s *Shard) denied(b Books, m Message) {
	if !s.asks(m.Command, m.Account, m.Ask) {
		return
	}
	w := s.waits[m.Command]
	if s.free(b, m.Account).Sign() > 0 {
		s.secure(b, w)
		return
	}
	s.decide(b, w, Refuse{Command: w.ID, Account: m.Account, Available: m.Left})
}

// give answers the home's round at once. What a parked command holds follows
// when that command is decided.
func (s *Shard) give(b Books, home ShardID, m Message) {
	l := s.local(m.Account)
	l.mark.Owed = 0
	if l.reserved.Sign() > 0 {
		l.mark.Owed, l.mark.To = m.Round, home
	}
	s.gave(b, m.Account, home, m.Round, 1)
}

// payOwed sends the second GAVE of a round once nothing is held any more.
func (s *Shard) payOwed(b Books, a Account) {
	l := s.stripes[a]
	if l == nil || l.mark.Owed == 0 {
		return
	}
	to, round := l.mark.To, l.mark.Owed
	l.mark.Owed, l.mark.To = 0, 0
	s.gave(b, a, to, round, 2)
}

func (s *Shard) gave(b Books, a Account, home ShardID, round uint64, part int) {
	l := s.local(a)
	all := s.spare(b, a)
	changed := !l.mark.Quiet || all.Sign() > 0
	l.mark.Quiet = true
	s.dirty.mark(a)
	s.send(b, home, Message{
		Kind: Gave, Account: a, Round: round, Part: part,
		Money: all, Left: l.reserved, Changed: changed,
	})
}

// decide ends a command: its reservations are free again, its legs are applied
// or not, owed money goes out before anybody else here can reserve it.
func (s *Shard) decide(b Books, w *Wait, verdict Action) {
	delete(s.waits, w.ID)
	s.dirty.wait(w.ID)
	for i, d := range w.Debits {
		l := s.stripes[d.Account]
		l.line = slices.DeleteFunc(l.line, func(id CommandID) bool { return id == w.ID })
		if i < w.Secured {
			l.reserved = l.reserved.Sub(d.Amount)
		}
		if i == w.Secured {
			l.reserved = l.reserved.Sub(w.part)
		}
	}
	if _, ok := verdict.(Apply); ok {
		s.apply(b, w.Command)
	} else {
		b.Do(verdict)
	}
	if s.broken.selfish {
		for _, d := range w.Debits[:w.Secured] {
			s.wake(b, d.Account)
		}
	}
	for i, d := range w.Debits {
		if i < w.Secured {
			s.payOwed(b, d.Account)
		}
		if s.homes[d.Account] != nil {
			s.pumps = append(s.pumps, d.Account)
		}
		s.wakes = append(s.wakes, d.Account)
		s.tidy(d.Account)
	}
}
