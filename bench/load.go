package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// transfer moves an amount of minor units between two accounts, by number.
type transfer struct {
	from, to int
	minor    int64
}

// source draws transfers: between random accounts, or from random ones to one hot one.
type source struct {
	chance   *rand.Rand
	accounts int
	hot      bool
}

func newSource(accounts int, hot bool, seed uint64) *source {
	return &source{rand.New(rand.NewPCG(seed, 1)), accounts, hot}
}

// maxMinor bounds an amount: 0.01 to 99.99.
const maxMinor = 9_999

func (s *source) next() transfer {
	t := transfer{from: s.chance.IntN(s.accounts), minor: 1 + s.chance.Int64N(maxMinor)}
	if s.hot {
		t.from = 1 + s.chance.IntN(s.accounts-1)
		return t
	}
	t.to = (t.from + 1 + s.chance.IntN(s.accounts-1)) % s.accounts
	return t
}

// tally is what every account should hold, and how much was acknowledged.
type tally struct {
	mu         sync.Mutex
	debit      []int64 // per account
	credit     []int64
	bank       int64 // debited for funding
	operations int   // that took a key
	entries    int
}

func newTally(accounts int) *tally {
	return &tally{debit: make([]int64, accounts), credit: make([]int64, accounts)}
}

func (t *tally) add(list []transfer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range list {
		t.debit[x.from] += x.minor
		t.credit[x.to] += x.minor
	}
	t.operations += len(list)
	t.entries += len(list)
}

// count is how many entries were acknowledged so far.
func (t *tally) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.entries
}

// names are the texts that the load is made of, made once.
type names struct {
	wallets []string
	amounts []string // by minor units
}

func newNames(accounts int) *names {
	n := &names{wallets: make([]string, accounts), amounts: make([]string, maxMinor+1)}
	for i := range n.wallets {
		n.wallets[i] = fmt.Sprintf("wallet:company-%07d", i)
	}
	for i := range n.amounts {
		n.amounts[i] = amountText(int64(i))
	}
	return n
}

func amountText(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

// keySize is the length of a UUID's text.
const keySize = 36

// keys makes n new UUIDv7 texts in one piece of memory.
func keys(chance *rand.Rand, n int) []string {
	text := make([]byte, n*keySize)
	ms := uint64(time.Now().UnixMilli())
	for i := range n {
		var id [16]byte
		binary.BigEndian.PutUint64(id[:], ms<<16|chance.Uint64()&0x0fff|0x7000)
		binary.BigEndian.PutUint64(id[8:], chance.Uint64()&(1<<62-1)|1<<63)
		at := text[i*keySize:]
		hex.Encode(at, id[:4])
		for _, part := range [4][3]int{{8, 4, 6}, {13, 6, 8}, {18, 8, 10}, {23, 10, 16}} {
			at[part[0]] = '-'
			hex.Encode(at[part[0]+1:], id[part[1]:part[2]])
		}
	}
	whole := string(text)
	out := make([]string, n)
	for i := range out {
		out[i] = whole[i*keySize : (i+1)*keySize]
	}
	return out
}
