package stripe

import (
	"fmt"
	"maps"
	"slices"
)

// dirty names the rows written since the changes were last taken.
type dirty struct {
	waits map[CommandID]bool
	marks map[Account]bool
	homes map[Account]bool
	links map[ShardID]bool
}

func note[K comparable](m *map[K]bool, k K) {
	if *m == nil {
		*m = make(map[K]bool)
	}
	(*m)[k] = true
}

func (d *dirty) wait(id CommandID) { note(&d.waits, id) }
func (d *dirty) mark(a Account)    { note(&d.marks, a) }
func (d *dirty) home(a Account)    { note(&d.homes, a) }
func (d *dirty) link(p ShardID)    { note(&d.links, p) }

// Open makes a shard of its rows. It refuses rows that contradict each other.
func Open(id ShardID, st State) (*Shard, error) {
	s := New(id)
	s.number, s.round = st.Number, st.Round
	for _, w := range slices.SortedFunc(slices.Values(st.Waits), byArrival) {
		if err := s.restore(w); err != nil {
			return nil, err
		}
	}
	for _, m := range st.Marks {
		s.local(m.Account).mark = m
	}
	for _, h := range st.Homes {
		if s.homes[h.Account] != nil || h.Round > s.round {
			return nil, fmt.Errorf("stripe: shard %d: home of %q twice, or of a round to come", id, h.Account)
		}
		s.homes[h.Account] = h.clone()
	}
	for _, l := range st.Links {
		if s.links[l.Peer] != nil || l.Peer == id {
			return nil, fmt.Errorf("stripe: shard %d: link to %d twice, or to itself", id, l.Peer)
		}
		s.links[l.Peer] = l.clone()
	}
	return s, nil
}

// restore puts a parked command back into its lines.
func (s *Shard) restore(w Wait) error {
	started := w.Ask > 0
	switch {
	case s.waits[w.ID] != nil, w.Number == 0, w.Number > s.number:
		return fmt.Errorf("stripe: shard %d: command %q twice, or with arrival number %d", s.id, w.ID, w.Number)
	case w.Secured < 0, w.Secured >= len(w.Debits), !started && w.Secured > 0:
		return fmt.Errorf("stripe: shard %d: command %q has %d of %d debits secured", s.id, w.ID, w.Secured, len(w.Debits))
	}
	s.waits[w.ID] = &w
	for i, d := range w.Debits {
		l := s.local(d.Account)
		l.line = append(l.line, w.ID)
		if i >= w.Secured {
			continue
		}
		if len(l.line) > 1 {
			return fmt.Errorf("stripe: shard %d: command %q holds %q out of its turn", s.id, w.ID, d.Account)
		}
		l.reserved = d.Amount
	}
	return nil
}

// State gives all rows. It is whole between two events, not inside one.
func (s *Shard) State() State {
	st := State{Number: s.number, Round: s.round}
	for _, w := range s.waits {
		st.Waits = append(st.Waits, *w)
	}
	for _, l := range s.stripes {
		if !l.mark.empty() {
			st.Marks = append(st.Marks, l.mark)
		}
	}
	for _, h := range s.homes {
		st.Homes = append(st.Homes, *h.clone())
	}
	for _, l := range s.links {
		st.Links = append(st.Links, *l.clone())
	}
	st.sort()
	return st
}

// Changes takes the rows written and dropped since it was last called.
func (s *Shard) Changes() Changes {
	c := Changes{Number: s.number, Round: s.round}
	for id := range s.dirty.waits {
		if w := s.waits[id]; w != nil {
			c.Waits = append(c.Waits, *w)
		} else {
			c.WaitsGone = append(c.WaitsGone, id)
		}
	}
	for a := range s.dirty.marks {
		if l := s.stripes[a]; l != nil && !l.mark.empty() {
			c.Marks = append(c.Marks, l.mark)
		} else {
			c.MarksGone = append(c.MarksGone, a)
		}
	}
	for a := range s.dirty.homes {
		if h := s.homes[a]; h != nil {
			c.Homes = append(c.Homes, *h.clone())
		} else {
			c.HomesGone = append(c.HomesGone, a)
		}
	}
	for p := range s.dirty.links {
		c.Links = append(c.Links, *s.links[p].clone())
	}
	s.dirty = dirty{}
	c.sort()
	return c
}

// sort fixes the order, so that the same changes have the same bytes.
func (c *Changes) sort() {
	rows := State{Waits: c.Waits, Marks: c.Marks, Homes: c.Homes, Links: c.Links}
	rows.sort()
	slices.Sort(c.WaitsGone)
	slices.Sort(c.MarksGone)
	slices.Sort(c.HomesGone)
}

// Clone copies the shard, with what Changes has still to give: for a batch that
// may have to be decided again.
func (s *Shard) Clone() *Shard {
	c := *s
	c.waits = make(map[CommandID]*Wait, len(s.waits))
	for id, w := range s.waits {
		row := *w
		c.waits[id] = &row
	}
	c.stripes = make(map[Account]*local, len(s.stripes))
	for a, l := range s.stripes {
		row := *l
		row.line = slices.Clone(l.line)
		c.stripes[a] = &row
	}
	c.homes = make(map[Account]*Home, len(s.homes))
	for a, h := range s.homes {
		c.homes[a] = h.clone()
	}
	c.links = make(map[ShardID]*Link, len(s.links))
	for p, l := range s.links {
		c.links[p] = l.clone()
	}
	c.dirty = dirty{
		waits: maps.Clone(s.dirty.waits), marks: maps.Clone(s.dirty.marks),
		homes: maps.Clone(s.dirty.homes), links: maps.Clone(s.dirty.links),
	}
	return &c
}
