package rule

import (
	"fmt"
	"slices"
	"testing"
)

// The model: a few shards, one account whose home is shard 0, links that keep their
// order, and payments that may be tried on any shard at any time. All orders of events
// are walked. Rules are one byte: what the account's standing is.
const (
	opened  = 'o'
	closing = 'c'
	closed  = 'x'
	frozen  = 'f'
)

var subject = Subject{"main", "account", "wallet:x"}

// letter is a message on a link, or money on its way.
type letter struct {
	m     *Message
	money int
}

// payment changes the account on one shard, if its standing there allows it.
type payment struct {
	shard, amount int
	hold          bool // it holds instead: the amount stays where it is
}

type setting struct {
	name     string
	shards   int
	money    []int // at the beginning, by shard
	asked    byte  // what the home is asked for
	payments []payment
	hasty    bool
	deaf     bool // shards confirm a blocking and go on taking payments
}

// model is a value: an event on a copy leaves the original alone.
type model struct {
	*setting
	homes   []*Home
	rule    []byte // standing by shard
	seq     []uint64
	money   []int
	held    []int
	travel  int
	links   [][][]letter // from, to
	tried   int          // payments tried, a bit each
	begun   bool
	over    bool // the operation is acknowledged or refused
	verdict byte
	fault   string
}

func start(s *setting) *model {
	m := &model{setting: s, money: slices.Clone(s.money), held: make([]int, s.shards), seq: make([]uint64, s.shards), links: make([][][]letter, s.shards)}
	for i := range s.shards {
		h := New(ShardID(i), s.shards)
		h.hasty = s.hasty
		m.homes = append(m.homes, h)
		m.rule = append(m.rule, opened)
		m.links[i] = make([][]letter, s.shards)
	}
	return m
}

func (m *model) clone() *model {
	c := *m
	c.rule, c.seq, c.money, c.held = slices.Clone(m.rule), slices.Clone(m.seq), slices.Clone(m.money), slices.Clone(m.held)
	c.links = make([][][]letter, len(m.links))
	c.homes = make([]*Home, len(m.homes))
	for i := range m.links {
		c.links[i] = slices.Clone(m.links[i]) // letters are appended and cut, never written
		rows, _ := m.homes[i].rows()
		c.homes[i], _ = Open(ShardID(i), m.shards, rows) // a restart between any two events
		c.homes[i].hasty = m.hasty
	}
	return &c
}

// rows are all that a home remembers.
func (h *Home) rows() (all []Change, _ bool) {
	for _, c := range h.open {
		all = append(all, c.clone())
	}
	return all, true
}

// books are the model as one shard sees it.
type books struct {
	*model
	at int
}

func (b books) Put(_ Subject, _ uint64, body []byte, home bool) (uint64, string) {
	b.seq[b.at]++
	b.rule[b.at] = body[0]
	if body[0] != closing || home {
		return b.seq[b.at], ""
	}
	if b.deaf {
		b.rule[b.at] = opened
	}
	if b.held[b.at] != 0 {
		return b.seq[b.at], "held"
	}
	if money := b.money[b.at]; money != 0 {
		b.money[b.at], b.travel = 0, b.travel+money
		b.send(0, letter{money: money})
	}
	return b.seq[b.at], ""
}

func (b books) Tell(to ShardID, m Message) { b.send(int(to), letter{m: &m}) }

func (b books) send(to int, l letter) {
	b.links[b.at][to] = append(slices.Clone(b.links[b.at][to]), l)
}

func (b books) Confirmed(c Change) ([]byte, string) {
	if b.rule[b.at] == closing {
		if len(c.Found) == 0 && b.money[b.at] == 0 && b.held[b.at] == 0 {
			return []byte{closed}, ""
		}
		return []byte{opened}, "money"
	}
	b.over, b.verdict = true, b.rule[b.at]
	return nil, ""
}

// next gives every state that one event leads to.
func (m *model) next() (out []*model) {
	add := func(event func(c *model)) {
		c := m.clone()
		event(c)
		c.laws()
		out = append(out, c)
	}
	if !m.begun {
		add(func(c *model) {
			c.begun = true
			c.homes[0].Begin(books{c, 0}, "op", subject, 1, []byte{m.asked})
		})
	}
	for i, p := range m.payments {
		if m.tried&(1<<i) == 0 {
			add(func(c *model) { c.tried |= 1 << i; c.pay(p) })
		}
	}
	for from := range m.shards {
		for to := range m.shards {
			if len(m.links[from][to]) == 0 {
				continue
			}
			add(func(c *model) {
				l := c.links[from][to][0]
				c.links[from][to] = c.links[from][to][1:]
				if l.m != nil {
					c.homes[to].Receive(books{c, to}, ShardID(from), *l.m)
				}
				c.money[to] += l.money
				c.travel -= l.money
			})
		}
	}
	return out
}

func (m *model) pay(p payment) {
	if m.rule[p.shard] != opened {
		return
	}
	if m.over && (m.verdict == closed || m.verdict == frozen) {
		m.fault = fmt.Sprintf("shard %d took a payment after the acknowledgement", p.shard)
	}
	if p.hold {
		m.held[p.shard] += p.amount
		return
	}
	m.money[p.shard] += p.amount
}

// laws hold after every event.
func (m *model) laws() {
	if !m.over || m.verdict != closed {
		return
	}
	for i := range m.shards {
		switch {
		case m.money[i] != 0 || m.held[i] != 0 || m.travel != 0:
			m.fault = fmt.Sprintf("closed with %v money, %v held, %d on its way", m.money, m.held, m.travel)
		case m.rule[i] != closed && !m.hasty:
			m.fault = fmt.Sprintf("closed, and shard %d holds %c", i, m.rule[i])
		}
	}
}

func (m *model) key() string {
	s := fmt.Sprint(m.rule, m.money, m.held, m.tried, m.begun, m.over, m.verdict)
	for i := range m.links {
		for j, l := range m.links[i] {
			for _, x := range l {
				if x.m != nil {
					s += fmt.Sprintf("|%d>%d %d %s %s", i, j, x.m.Version, x.m.Body, x.m.Found)
				} else {
					s += fmt.Sprintf("|%d>%d $%d", i, j, x.money)
				}
			}
		}
		rows, _ := m.homes[i].rows()
		for _, c := range rows {
			s += fmt.Sprint("#", c.Version, c.Await, c.Found)
		}
	}
	return s
}

// walk visits every state; it answers the verdicts that ends have and the first fault.
func walk(s *setting) (verdicts string, fault string, states int) {
	seen := map[string]bool{}
	ends := map[byte]bool{}
	stack := []*model{start(s)}
	for len(stack) > 0 {
		m := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if m.fault != "" {
			return "", m.fault, len(seen)
		}
		k := m.key()
		if seen[k] {
			continue
		}
		seen[k] = true
		next := m.next()
		if len(next) == 0 {
			if !m.over {
				return "", "the end, and nobody was answered", len(seen)
			}
			ends[m.verdict] = true
		}
		stack = append(stack, next...)
	}
	for _, v := range []byte{closed, frozen, opened} {
		if ends[v] {
			verdicts += string(v)
		}
	}
	return verdicts, "", len(seen)
}

func TestModelOfRules(t *testing.T) {
	t.Parallel()
	credits := []payment{{0, 3, false}, {1, 3, false}, {2, -3, false}}
	for _, s := range []struct {
		setting
		want  string // verdicts that can be reached
		fault bool
	}{
		{setting{name: "freeze", shards: 3, money: []int{5, 0, 7}, asked: frozen, payments: credits}, "f", false},
		{setting{name: "close empty", shards: 3, money: []int{0, 0, 0}, asked: closing}, "x", false},
		{setting{name: "close with money", shards: 3, money: []int{0, 0, 1}, asked: closing}, "o", false},
		{setting{name: "close what evens out", shards: 3, money: []int{2, -5, 3}, asked: closing}, "x", false},
		{setting{name: "close against first touches", shards: 3, money: []int{0, 0, 0}, asked: closing,
			payments: []payment{{1, 4, false}, {2, 5, false}, {2, -4, false}, {0, -5, false}}}, "xo", false},
		{setting{name: "close against holds", shards: 3, money: []int{0, 0, 0}, asked: closing, payments: []payment{{1, 4, true}, {2, 4, true}}}, "xo", false},
		{setting{name: "close while money comes and goes", shards: 2, money: []int{3, 0}, asked: closing,
			payments: []payment{{0, -3, false}, {1, 2, false}, {1, -2, false}}}, "xo", false},
		// Without the rules.
		{setting{name: "acknowledge without waiting", shards: 3, money: []int{0, 0, 0}, asked: frozen, payments: credits, hasty: true}, "", true},
		{setting{name: "block and go on", shards: 3, money: []int{0, 0, 0}, asked: closing, payments: credits, deaf: true}, "", true},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			verdicts, fault, states := walk(&s.setting)
			t.Logf("%d states, verdicts %q, fault %q", states, verdicts, fault)
			if (fault != "") != s.fault || verdicts != s.want {
				t.Errorf("verdicts %q, fault %q; want %q, a fault: %t", verdicts, fault, s.want, s.fault)
			}
		})
	}
}
