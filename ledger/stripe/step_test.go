package stripe

import "slices"

// enabled lists what can happen next; the flag says that it must go on, which
// is false when only deadlines are left.
func (w *world) enabled(events []event) ([]event, bool) {
	for k := range w.orders {
		if w.verdict[k] == unseen {
			events = append(events, event{submit, k, 0})
		}
	}
	for i := range w.shards {
		for j := range w.shards {
			n := len(w.flight[i][j])
			if !w.shuffled && !w.broken.unordered {
				n = min(n, 1)
			}
			for m := range n {
				events = append(events, event{deliver, i, j + m*maxShards})
			}
		}
	}
	for n, l := range w.looks {
		if l.read {
			events = append(events, event{answer, n, 0})
		} else {
			events = append(events, event{read, n, 0})
		}
	}
	must := len(events) > 0
	for k, o := range w.orders {
		if o.expires && w.verdict[k] == undecided {
			events = append(events, event{expire, k, 0})
		}
	}
	return events, must
}

// after is the world after the event; the receiver stays as it is.
func (w *world) after(e event) *world {
	c := *w
	c.step(e)
	return &c
}

// step lets one event happen.
func (w *world) step(e event) {
	switch e.kind {
	case submit:
		o := w.orders[e.a]
		w.verdict[e.a] = undecided
		w.observe()
		w.own(o.shard).Submit(desk{w, o.shard}, w.command(e.a))
		w.check(w.parked[e.a] == (w.verdict[e.a] == undecided), "order %d: parked or decided, not both", e.a)
	case deliver:
		from, to, m := e.a, e.b%maxShards, e.b/maxShards
		env := w.flight[from][to][m]
		w.flight[from][to] = slices.Delete(slices.Clone(w.flight[from][to]), m, m+1)
		w.own(to).Receive(desk{w, to}, env)
	case read:
		w.looks = slices.Clone(w.looks)
		l := &w.looks[e.a]
		l.read = true
		for i := range w.shards {
			l.found[i] = w.stripe[i][l.account]
		}
	case answer:
		l := w.looks[e.a]
		w.looks = slices.Delete(slices.Clone(w.looks), e.a, e.a+1)
		var found []ShardID
		for i := range w.shards {
			if l.found[i] {
				found = append(found, ShardID(i))
			}
		}
		w.own(l.shard).Found(desk{w, l.shard}, accountName(l.account), l.round, found)
	case expire:
		s := w.orders[e.a].shard
		w.own(s).Expire(desk{w, s}, commandName(e.a))
	}
	w.laws()
}

// own makes the shard this world's own before it is changed.
func (w *world) own(i int) *Shard {
	w.state[i] = w.state[i].Clone()
	if !w.shuffled {
		w.state[i].dirty = dirty{}
	}
	return w.state[i]
}

// encode writes all that can matter for what comes. Numbers of links and of
// arrivals are left out: only their order matters, and it is kept. Rounds and
// asks stay in, so a search that ends has also shown that nothing runs for ever.
func (w *world) encode(out []byte) []byte {
	for i := range w.shards {
		out = w.encodeShard(out, i)
		for j := range w.shards {
			out = append(out, byte(len(w.flight[i][j])))
			for _, e := range w.flight[i][j] {
				out = append(out, e.Kind[0], e.Kind[len(e.Kind)-1], e.Account[0], byte(e.Ask), byte(e.Round), byte(e.Part), flag(e.Changed),
					byte(units(e.Need)), byte(units(e.Money)), byte(units(e.Left)))
				out = append(out, e.Command...)
			}
		}
		for a := range w.homes {
			out = append(out, byte(w.free[i][a]), flag(w.stripe[i][a]))
		}
	}
	for k := range w.orders {
		out = append(out, w.verdict[k], w.lacked[k])
	}
	for _, l := range w.looks {
		out = append(out, byte(l.shard), byte(l.account), byte(l.round), flag(l.read))
		for _, f := range l.found {
			out = append(out, flag(f))
		}
	}
	return out
}

func (w *world) encodeShard(out []byte, i int) []byte {
	s := w.state[i]
	out = append(out, byte(s.round))
	for k := range w.orders {
		if wait := s.waits[commandNames[k]]; wait != nil {
			out = append(out, byte(wait.Secured), byte(wait.Ask), byte(units(wait.part)))
		}
	}
	for a := range w.homes {
		name := accountName(a)
		if l := s.stripes[name]; l != nil {
			out = append(out, 0xfe, flag(l.mark.Quiet), byte(l.mark.Owed), byte(l.mark.To), byte(len(l.line)))
			for _, id := range l.line {
				out = append(out, id...)
			}
		}
		h := s.homes[name]
		if h == nil {
			out = append(out, 0xff)
			continue
		}
		out = append(out, h.Phase[0], byte(h.Round), flag(h.Found), flag(h.Changed), byte(h.Rounds), byte(h.Passed), byte(len(h.Await)), byte(len(h.Left)))
		for _, p := range h.Await {
			out = append(out, byte(p))
		}
		for _, l := range h.Left {
			out = append(out, byte(l.Shard), byte(units(l.Amount)))
		}
		out = append(out, byte(len(h.Queue)))
		for _, r := range h.Queue {
			out = append(out, r.Command...)
			out = append(out, byte(r.Asker), byte(r.Ask), byte(units(r.Need)))
		}
	}
	return out
}

var commandNames = func() (t [maxOrders]CommandID) {
	for i := range t {
		t[i] = commandName(i)
	}
	return t
}()

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
