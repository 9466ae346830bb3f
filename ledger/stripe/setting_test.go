package stripe

import (
	"fmt"
	"math/rand/v2"
)

// Short words for the settings of the model check. Accounts are A, B, C.

func debit(shard int, legs ...leg) order  { return order{shard: shard, debits: legs} }
func credit(shard int, legs ...leg) order { return order{shard: shard, credits: legs} }

// by gives the order a deadline.
func (o order) by() order { o.expires = true; return o }

// to adds a credit.
func (o order) to(account int, amount int64) order {
	o.credits = append(o.credits, leg{account, amount})
	return o
}

const (
	A = iota
	B
	C
)

// named are the settings with a story, each with all the outcomes that it has.
func named() []setting {
	return []setting{
		{
			name: "a wallet of one stripe is refused", shards: 3, homes: []int{0}, open: [][]int64{{2}, {0}, {0}},
			orders: []order{debit(0, leg{A, 3}), debit(0, leg{A, 1}), debit(0, leg{A, 1})},
			want:   "raa",
		},
		{
			name: "two debits of all there is", shards: 2, homes: []int{0}, open: [][]int64{{1}, {1}},
			orders: []order{debit(0, leg{A, 2}), debit(1, leg{A, 2})},
			want:   "ar ra",
		},
		{
			name: "debits of three stripes", shards: 3, homes: []int{0}, open: [][]int64{{1}, {2}, {1}},
			orders: []order{debit(0, leg{A, 3}), debit(1, leg{A, 2}), debit(2, leg{A, 2}), debit(1, leg{A, 4}), credit(2, leg{A, 2})},
			want:   "aarra arara arrra raara raraa rraaa rrraa",
		},
		{
			name: "money comes behind the answer and goes before it", shards: 3, homes: []int{0}, open: [][]int64{{0}, {0}, {2}},
			orders: []order{debit(0, leg{A, 2}), credit(1, leg{A, 2}), debit(2, leg{A, 2})},
			want:   "aaa aar raa",
		},
		{
			name: "an allotment is on its way to a new stripe", shards: 3, homes: []int{0}, open: [][]int64{{2}, {0}, {0}},
			orders: []order{debit(1, leg{A, 2}).by(), debit(2, leg{A, 2})},
			want:   "ar ra xa",
		},
		{
			name: "answers are late when the head is served", shards: 3, homes: []int{0}, open: [][]int64{{1}, {0}, {1}},
			orders: []order{debit(0, leg{A, 3}), credit(0, leg{A, 2}), credit(1, leg{A, 2}), debit(1, leg{A, 2})},
			want:   "aaaa aaar raaa",
		},
		{
			name: "what a command held goes to the next one here", shards: 2, homes: []int{0, 0}, open: [][]int64{{1, 0}, {2, 0}},
			orders: []order{debit(1, leg{A, 2}, leg{B, 2}).by(), debit(0, leg{A, 2}), debit(1, leg{A, 2}, leg{B, 2})},
			want:   "rar xar",
		},
		{
			name: "two accounts crosswise", shards: 2, homes: []int{0, 1}, open: [][]int64{{1, 1}, {1, 1}},
			orders: []order{debit(0, leg{A, 2}, leg{B, 2}), debit(1, leg{B, 2}, leg{A, 2}).by(), credit(1, leg{A, 1})},
			want:   "ara axa raa",
		},
		{
			name: "three commands that share accounts on one shard", shards: 2, homes: []int{0, 0, 0}, open: [][]int64{{1, 1, 1}, {1, 1, 1}},
			orders: []order{debit(1, leg{A, 2}, leg{B, 2}), debit(1, leg{B, 2}, leg{C, 2}), debit(1, leg{A, 2}, leg{C, 2})},
			want:   "arr rar rra",
		},
		{
			name: "a ring of three", shards: 3, homes: []int{0, 1, 2}, open: [][]int64{{1, 0, 1}, {1, 1, 0}, {0, 1, 1}},
			orders: []order{debit(0, leg{A, 2}, leg{B, 2}).by(), debit(1, leg{B, 2}, leg{C, 2}), debit(2, leg{C, 2}, leg{A, 2})},
			want:   "arr rar rra xar xra",
		},
		{
			name: "transfers there and back", shards: 2, homes: []int{0, 1}, open: [][]int64{{1, 2}, {2, 1}},
			orders: []order{debit(0, leg{A, 3}).to(B, 3), debit(1, leg{B, 3}).to(A, 3), debit(1, leg{A, 2}).to(B, 2).by(), debit(0, leg{B, 4}).to(A, 4)},
			want:   "aaaa aaar aarr aaxr araa arra arxa raar rraa",
		},
	}
}

// large are the settings of the long run.
func large() []setting {
	return []setting{
		{
			name: "four debits and two credits of three stripes", shards: 3, homes: []int{0}, open: [][]int64{{1}, {2}, {1}},
			orders: []order{
				debit(0, leg{A, 3}).by(), debit(1, leg{A, 2}).by(), debit(2, leg{A, 3}).by(), debit(1, leg{A, 4}).by(),
				credit(2, leg{A, 2}), credit(0, leg{A, 1}), credit(1, leg{A, 1}),
			},
		},
		{
			name: "a ring of three with deadlines and credits", shards: 3, homes: []int{0, 1, 2}, open: [][]int64{{1, 0, 1}, {1, 1, 0}, {0, 1, 1}},
			orders: []order{
				debit(0, leg{A, 2}, leg{B, 2}).by(), debit(1, leg{B, 2}, leg{C, 2}).by(), debit(2, leg{C, 2}, leg{A, 2}).by(),
				credit(1, leg{A, 1}), credit(2, leg{B, 1}),
			},
		},
		{
			name: "four debits of two accounts on three shards", shards: 3, homes: []int{0, 1}, open: [][]int64{{1, 1}, {1, 1}, {1, 1}},
			orders: []order{
				debit(0, leg{A, 2}, leg{B, 2}).by(), debit(1, leg{A, 2}).by(), debit(2, leg{A, 1}, leg{B, 3}).by(), debit(2, leg{B, 2}).by(),
				credit(1, leg{B, 1}),
			},
		},
		{
			name: "three pairs and one debit on three accounts", shards: 3, homes: []int{0, 1, 2}, open: [][]int64{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
			orders: []order{
				debit(0, leg{A, 2}, leg{B, 2}), debit(1, leg{B, 2}, leg{C, 2}).by(), debit(2, leg{A, 2}, leg{C, 2}), debit(1, leg{A, 2}),
			},
		},
	}
}

// sampled makes one small setting by chance; its interleavings are not chosen,
// they are all searched.
func sampled(seed uint64, orders int) setting {
	r := rand.New(rand.NewPCG(seed, 0))
	s := setting{name: fmt.Sprintf("sample %d", seed), shards: 2 + r.IntN(2)}
	accounts := 1 + r.IntN(3)
	for range accounts {
		s.homes = append(s.homes, r.IntN(s.shards))
	}
	for range s.shards {
		row := make([]int64, accounts)
		for a := range row {
			row[a] = r.Int64N(3)
		}
		s.open = append(s.open, row)
	}
	for range 2 + r.IntN(orders-1) {
		o := order{shard: r.IntN(s.shards), expires: r.IntN(4) == 0}
		for _, a := range r.Perm(accounts)[:min(accounts, r.IntN(3))] {
			o.debits = append(o.debits, leg{a, 1 + r.Int64N(4)})
		}
		if len(o.debits) == 0 || r.IntN(2) == 0 {
			o = o.to(r.IntN(accounts), 1+r.Int64N(3))
		}
		s.orders = append(s.orders, o)
	}
	return s
}
