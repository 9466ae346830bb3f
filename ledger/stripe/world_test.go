package stripe

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/provodka/provodka/ledger/money"
)

// The world of the tests: a few shards with the rules under test, books that are
// plain numbers, links, look-ups and deadlines. It is a value: an event on a
// copy leaves the original alone, so a search can go back.

const (
	maxShards   = 4
	maxAccounts = 5
	maxOrders   = 64
)

// leg is one amount on one account, both by number.
type leg struct {
	account int
	amount  int64
}

// order is a command of the world: where it is submitted, what it moves.
type order struct {
	shard   int
	debits  []leg
	credits []leg
	expires bool // its deadline may come at any time
}

// setting is what a world starts with.
type setting struct {
	name   string
	shards int
	homes  []int     // the home of each account
	open   [][]int64 // opening free money: shard, account
	orders []order   // submitted in any order
	broken loose
	want   string // every outcome that can be reached, if it is known
}

// verdicts of an order.
const (
	unseen = iota
	undecided
	applied
	refused
	expired
)

// look is a look-up on its way: asked, then read, then answered.
type look struct {
	shard   int
	account int
	round   uint64
	read    bool
	found   [maxShards]bool
}

type world struct {
	*setting
	state   [maxShards]*Shard
	free    [maxShards][maxAccounts]int64
	stripe  [maxShards][maxAccounts]bool
	travel  [maxAccounts]int64 // money in transit
	total   [maxAccounts]int64 // what the account must hold in all
	verdict [maxOrders]uint8
	lacked  [maxOrders]uint8 // bit per debit: the account once held less than it
	flight  [maxShards][maxShards][]Envelope
	looks   []look
	parked  [maxOrders]bool
	rounds  [maxOrders]int // rounds that were run for an order
	fault   string

	shuffled bool                    // messages of a link may overtake each other on the way
	keys     map[string]money.Amount // money on its way, by key; nil: not watched
	trace    func(int, Action)       // sees every action
}

// events.
const (
	submit  = "submit"
	deliver = "deliver"
	read    = "read"
	answer  = "answer"
	expire  = "expire"
)

// event is one thing that can happen next: a kind and its two numbers.
type event struct {
	kind string
	a, b int
}

func (e event) String() string { return fmt.Sprintf("%s %d %d", e.kind, e.a, e.b) }

func newWorld(s *setting) *world {
	w := &world{setting: s}
	for i := range s.shards {
		w.state[i] = New(ShardID(i))
		w.state[i].broken = s.broken
		for a, m := range s.open[i] {
			w.free[i][a] = m
			w.stripe[i][a] = m > 0
			w.total[a] += m
		}
	}
	return w
}

func accountName(a int) Account   { return Account(string(rune('A' + a))) }
func accountIndex(a Account) int  { return int(a[0] - 'A') }
func commandName(k int) CommandID { return CommandID(strconv.Itoa(k)) }

func commandIndex(id CommandID) int {
	k, err := strconv.Atoi(string(id))
	if err != nil {
		panic(err)
	}
	return k
}

// amounts spares the search the making of small numbers.
var amounts = func() (t [128]money.Amount) {
	for i := range t {
		t[i] = money.New(int64(i), 0)
	}
	return t
}()

func amount(n int64) money.Amount {
	if n >= 0 && n < int64(len(amounts)) {
		return amounts[n]
	}
	return money.New(n, 0)
}

func units(a money.Amount) int64 {
	n, err := strconv.ParseInt(a.String(), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (w *world) command(k int) Command {
	o := w.orders[k]
	c := Command{ID: commandName(k)}
	for _, d := range o.debits {
		c.Debits = append(c.Debits, Debit{Account: accountName(d.account), Home: ShardID(w.homes[d.account]), Amount: amount(d.amount)})
	}
	for _, d := range o.credits {
		c.Credits = append(c.Credits, accountName(d.account))
	}
	return c
}

// desk is one shard's books in the world.
type desk struct {
	w     *world
	shard int
}

func (d desk) Free(a Account) money.Amount { return amount(d.w.free[d.shard][accountIndex(a)]) }

func (d desk) Do(act Action) {
	w, s := d.w, d.shard
	if w.trace != nil {
		w.trace(s, act)
	}
	switch act := act.(type) {
	case Apply:
		w.apply(s, commandIndex(act.Command))
	case Refuse:
		w.refuse(commandIndex(act.Command), accountIndex(act.Account))
	case Expire:
		w.decide(commandIndex(act.Command), expired)
	case Park:
		k := commandIndex(act.Command)
		w.check(!w.parked[k], "order %d is parked twice", k)
		w.parked[k] = true
	case Touch:
		w.stripe[s][accountIndex(act.Account)] = true
	case Move:
		w.move(s, act)
	case Send:
		w.flight[act.From][act.To] = append(slices.Clip(w.flight[act.From][act.To]), act.Envelope)
	case LookUp:
		w.looks = append(slices.Clip(w.looks), look{shard: s, account: accountIndex(act.Account), round: act.Round})
		w.rounds[commandIndex(w.state[s].homes[act.Account].Queue[0].Command)]++
	}
}

func (w *world) check(ok bool, format string, args ...any) {
	if !ok && w.fault == "" {
		w.fault = fmt.Sprintf(format, args...)
	}
}

func (w *world) decide(k int, v uint8) {
	w.check(w.verdict[k] == undecided, "order %d is decided again: %d after %d", k, v, w.verdict[k])
	w.verdict[k] = v
}

func (w *world) apply(s, k int) {
	w.decide(k, applied)
	o := w.orders[k]
	w.check(o.shard == s, "order %d is applied on shard %d", k, s)
	for _, d := range o.debits {
		w.free[s][d.account] -= d.amount
		w.total[d.account] -= d.amount
		w.check(w.free[s][d.account] >= 0, "floor: order %d takes %d too much of %d", k, -w.free[s][d.account], d.account)
	}
	for _, c := range o.credits {
		w.free[s][c.account] += c.amount
		w.total[c.account] += c.amount
		w.stripe[s][c.account] = true
	}
	w.observe()
}

// refuse is explained only if the named account held too little at some moment
// since the order was submitted, or if it moved during as many rounds as an ask
// may cost.
func (w *world) refuse(k, a int) {
	w.decide(k, refused)
	i := slices.IndexFunc(w.orders[k].debits, func(d leg) bool { return d.account == a })
	w.check(i >= 0 && (w.lacked[k]&(1<<i) != 0 || w.rounds[k] >= RoundLimit), "serial: order %d is refused, and account %d never lacked it", k, a)
}

func (w *world) move(s int, m Move) {
	a, n := accountIndex(m.Account), units(m.Amount)
	w.check(n > 0, "a move of %d", n)
	if m.Into {
		w.stripe[s][a] = true
		w.free[s][a] += n
		w.travel[a] -= n
	} else {
		w.free[s][a] -= n
		w.travel[a] += n
	}
	if w.keys == nil {
		return
	}
	if m.Into {
		sent, ok := w.keys[m.Key]
		w.check(ok && sent.Equal(m.Amount), "move %s of %s arrives and is not on its way", m.Key, m.Amount)
		delete(w.keys, m.Key)
	} else {
		_, twice := w.keys[m.Key]
		w.check(!twice, "move %s is sent twice", m.Key)
		w.keys[m.Key] = m.Amount
	}
}

// observe notes for every undecided order which of its accounts lack its money.
func (w *world) observe() {
	for k := range w.orders {
		if w.verdict[k] != undecided {
			continue
		}
		for i, d := range w.orders[k].debits {
			if w.total[d.account] < d.amount {
				w.lacked[k] |= 1 << i
			}
		}
	}
}

// laws hold between any two events.
func (w *world) laws() {
	var sum, flying [maxAccounts]int64
	for i := range w.shards {
		for a := range w.homes {
			sum[a] += w.free[i][a]
			held := units(w.state[i].Reserved(accountName(a)))
			w.check(w.free[i][a] >= held && held >= 0, "floor: shard %d has %d of %d, %d reserved", i, w.free[i][a], a, held)
		}
		for j := range w.shards {
			for _, e := range w.flight[i][j] {
				flying[accountIndex(e.Account)] += units(e.Money)
			}
		}
	}
	for a := range w.homes {
		w.check(sum[a]+w.travel[a] == w.total[a], "conservation: %d on shards and %d travelling is not %d of %d", sum[a], w.travel[a], w.total[a], a)
		w.check(w.shuffled || flying[a] == w.travel[a], "conservation: messages carry %d, %d travels of %d", flying[a], w.travel[a], a)
	}
}

// rest holds when nothing can happen any more but a deadline.
func (w *world) rest() {
	for k := range w.orders {
		w.check(w.verdict[k] > undecided, "deadlock: order %d is undecided", k)
	}
	for i := range w.shards {
		st := w.state[i].State()
		w.check(len(st.Waits)+len(st.Homes) == 0, "rest: shard %d keeps %+v", i, st)
		for _, m := range st.Marks {
			w.check(m.Owed == 0, "rest: shard %d owes %+v", i, m)
		}
	}
	for a := range w.homes {
		w.check(w.travel[a] == 0, "rest: %d of %d still travels", w.travel[a], a)
	}
}
