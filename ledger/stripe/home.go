package stripe

import (
	"cmp"
	"slices"

	"github.com/provodka/provodka/ledger/money"
)

// enqueue puts a request at the end of the home's queue.
func (s *Shard) enqueue(a Account, r Request) {
	h := s.homes[a]
	if h == nil {
		h = &Home{Account: a, Phase: Idle}
		s.homes[a] = h
	}
	h.Queue = append(h.Queue, r)
	s.dirty.home(a)
	s.pumps = append(s.pumps, a)
}

// pump serves the queue of an account as far as it goes, after any change here.
func (s *Shard) pump(b Books, a Account) {
	h := s.homes[a]
	if h == nil {
		return
	}
	s.dirty.home(a)
	for h.Phase != Draining && len(h.Queue) > 0 {
		head := h.Queue[0]
		free := s.free(b, a)
		switch {
		case head.Asker == s.id && !s.asks(head.Command, a, head.Ask):
			s.pop(h) // decided already
		case free.Cmp(head.Need) >= 0:
			s.pop(h)
			s.allot(b, a, head)
		case h.Phase == Idle:
			s.gather(b, h)
			return
		case h.missing(), s.sum(h, free).Cmp(head.Need) >= 0:
			return // answers, or reservations elsewhere, may still bring it
		case h.Changed && h.Rounds < RoundLimit && !s.broken.hasty:
			s.gather(b, h)
			return
		default:
			sum := s.sum(h, free)
			s.pop(h)
			s.deny(b, a, head, sum)
		}
	}
	if h.Phase == Idle && len(h.Queue) == 0 {
		delete(s.homes, a)
	}
}

// sum is all the money of the account: here, and what others keep reserved.
func (s *Shard) sum(h *Home, free money.Amount) money.Amount {
	sum := free.Add(s.Reserved(h.Account))
	for _, l := range h.Left {
		sum = sum.Add(l.Amount)
	}
	return sum
}

// pop takes the head off. Answers of its round that are still missing are waited
// for, so that they are never taken for answers of the next one.
func (s *Shard) pop(h *Home) {
	h.Queue = slices.Clone(h.Queue[1:])
	if h.Phase == Gathering && h.missing() && !s.broken.undrained {
		h.Phase = Draining
	} else {
		h.Phase = Idle
	}
	h.Left, h.Changed, h.Rounds, h.Passed = nil, false, 0, 0
}

func (s *Shard) allot(b Books, a Account, r Request) {
	m := Message{Kind: Allot, Account: a, Command: r.Command, Ask: r.Ask, Money: r.Need}
	if r.Asker == s.id {
		s.granted(b, m)
		return
	}
	s.send(b, r.Asker, m)
}

func (s *Shard) deny(b Books, a Account, r Request, sum money.Amount) {
	if r.Asker == s.id {
		s.decide(b, s.waits[r.Command], Refuse{Command: r.Command, Account: a, Available: sum})
		return
	}
	s.send(b, r.Asker, Message{Kind: No, Account: a, Command: r.Command, Ask: r.Ask, Left: sum})
}

// gather starts a round for the head: first, who has a stripe at all.
func (s *Shard) gather(b Books, h *Home) {
	s.round++
	h.Phase, h.Round, h.Found = Gathering, s.round, false
	h.Await, h.Left, h.Changed = nil, nil, false
	h.Rounds++
	b.Do(LookUp{Account: h.Account, Round: h.Round})
}

// Found is the answer of a LookUp: the shards that have a stripe of the account.
// An answer of an older round, or a second one, is ignored.
func (s *Shard) Found(b Books, a Account, round uint64, shards []ShardID) {
	h := s.homes[a]
	if h == nil || h.Phase == Idle || h.Round != round || h.Found {
		return
	}
	h.Found = true
	s.dirty.home(a)
	if h.Phase == Gathering {
		asker := h.Queue[0].Asker
		for _, to := range slices.Compact(slices.Sorted(slices.Values(shards))) {
			if to != s.id && to != asker {
				h.Await = append(h.Await, to)
				s.send(b, to, Message{Kind: Give, Account: a, Round: round})
			}
		}
	}
	s.answered(h)
	s.run(b)
}

// heard takes an answer into the round it belongs to. That its sender moved the
// account counts in any case: a late second GAVE resets the sender's memory.
func (s *Shard) heard(from ShardID, m Message) {
	h := s.homes[m.Account]
	if h == nil {
		return
	}
	h.Changed = h.Changed || m.Changed
	if h.Phase != Idle && h.Round == m.Round {
		h.Await = slices.DeleteFunc(slices.Clone(h.Await), func(id ShardID) bool { return id == from })
		h.Left = slices.DeleteFunc(slices.Clone(h.Left), func(l Left) bool { return l.Shard == from })
		if m.Left.Sign() > 0 {
			h.Left = append(h.Left, Left{Shard: from, Amount: m.Left})
			slices.SortFunc(h.Left, func(a, b Left) int { return cmp.Compare(a.Shard, b.Shard) })
		}
	}
	s.dirty.home(m.Account)
	s.answered(h)
}

// answered ends the draining when nothing is missing, and looks at the queue.
func (s *Shard) answered(h *Home) {
	if h.Phase == Draining && !h.missing() {
		h.Phase, h.Left = Idle, nil
	}
	s.pumps = append(s.pumps, h.Account)
}
