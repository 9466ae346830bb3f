package stripe

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/provodka/provodka/ledger/money"
)

func (s *Shard) link(peer ShardID) *Link {
	l := s.links[peer]
	if l == nil {
		l = &Link{Peer: peer}
		s.links[peer] = l
	}
	s.dirty.link(peer)
	return l
}

// send numbers a message, moves its money out of the stripe and hands it over.
func (s *Shard) send(b Books, to ShardID, m Message) {
	l := s.link(to)
	l.Sent++
	e := Envelope{From: s.id, To: to, Number: l.Sent, Message: m}
	if !m.Money.IsZero() {
		b.Do(Move{Account: m.Account, Amount: m.Money, Peer: to, Key: e.Key()})
	}
	b.Do(Send{e})
}

// Post sends a letter: what it says is not of these rules, and it may carry all the
// money of an account, also of a stripe below zero.
func (s *Shard) Post(b Books, to ShardID, account Account, amount money.Amount, body []byte) {
	s.send(b, to, Message{Kind: Letter, Account: account, Money: amount, Body: body})
	if !amount.IsZero() {
		s.moved(account)
		s.run(b)
	}
}

// Receive takes a message of another shard. Messages of one link are applied in
// the order of their numbers: one seen before is ignored, one that came too
// early is held. Out of order, money would be refused while it travels.
func (s *Shard) Receive(b Books, e Envelope) {
	if e.To != s.id || e.From == s.id || e.Number == 0 {
		panic(fmt.Sprintf("stripe: shard %d was handed %d->%d number %d", s.id, e.From, e.To, e.Number))
	}
	l := s.link(e.From)
	if s.broken.unordered {
		s.accept(b, e)
		return
	}
	if e.Number <= l.Applied {
		return
	}
	i, held := slices.BinarySearchFunc(l.Held, e.Number, func(h Envelope, n uint64) int {
		return cmp.Compare(h.Number, n)
	})
	if !held {
		l.Held = slices.Insert(slices.Clone(l.Held), i, e)
	}
	for len(l.Held) > 0 && l.Held[0].Number == l.Applied+1 {
		next := l.Held[0]
		l.Held = slices.Clone(l.Held[1:])
		l.Applied++
		s.accept(b, next)
	}
}

// PutAside passes over a message that cannot be applied: those behind it would wait for
// it for ever. It is kept for a person; its money stays in transit, and what its account
// was waiting for does not come.
func (s *Shard) PutAside(e Envelope) {
	l := s.link(e.From)
	if e.Number <= l.Applied {
		return
	}
	l.Aside = append(slices.Clone(l.Aside), e)
	i, held := slices.BinarySearchFunc(l.Held, e.Number, func(h Envelope, n uint64) int {
		return cmp.Compare(h.Number, n)
	})
	l.Held = slices.Clone(l.Held)
	if !held {
		l.Held = slices.Insert(l.Held, i, e)
	}
	l.Held[i] = Envelope{From: e.From, To: e.To, Number: e.Number, Message: Message{Kind: passed}}
	for len(l.Held) > 0 && l.Held[0].Number == l.Applied+1 && l.Held[0].Kind == passed {
		l.Held = l.Held[1:]
		l.Applied++
	}
}

// accept applies one message to the end.
func (s *Shard) accept(b Books, e Envelope) {
	if !e.Money.IsZero() {
		b.Do(Move{Account: e.Account, Amount: e.Money, Into: true, Peer: e.From, Key: e.Key()})
		s.moved(e.Account)
	}
	switch e.Kind {
	case passed:
	case Need:
		s.enqueue(e.Account, Request{Command: e.Command, Asker: e.From, Ask: e.Ask, Need: e.Need})
	case Allot:
		s.granted(b, e.Message)
	case No:
		s.denied(b, e.Message)
	case Give:
		s.give(b, e.From, e.Message)
	case Gave:
		s.heard(e.From, e.Message)
	case Letter:
		b.Do(Deliver{e})
	default:
		panic(fmt.Sprintf("stripe: unknown message %q", e.Kind))
	}
	s.run(b)
}
