package onec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// ours is the set of accounts that the file is about.
func (s *Statement) ours() map[string]bool {
	set := map[string]bool{}
	for _, account := range s.Accounts {
		set[account] = true
	}
	for i := range s.Sections {
		set[s.Sections[i].Account] = true
	}
	return set
}

// own is our account on this side, "" when the side is somebody else's. A bank
// that pays through another bank puts the client into РасчСчет.
func (p *Party) own(ours map[string]bool) string {
	switch {
	case ours[p.Account]:
		return p.Account
	case ours[p.SettlementAccount]:
		return p.SettlementAccount
	}
	return ""
}

// account is the side's account, whichever key names it.
func (p *Party) account() string {
	if p.Account != "" {
		return p.Account
	}
	return p.SettlementAccount
}

// identity is what makes two documents the same document: the key of a movement
// is made of it. Number alone is not unique.
func (d *Document) identity() string {
	return strings.Join([]string{
		d.Date.Format(time.DateOnly), d.Number, money.RUB.Format(d.Amount),
		d.Payer.account(), d.Payee.account(), strings.Join(strings.Fields(d.Purpose()), " "),
	}, "\x00")
}

// movements lists what the documents mean for our accounts. With merge, two
// identical documents between two of our accounts are the two copies of one
// transfer; without, they are two transfers. ambiguous says whether that matters.
func (s *Statement) movements(merge bool) (list []Movement, ambiguous bool, refusal *fault.Refusal) {
	ours := s.ours()
	waiting := map[string]int{} // identity of an own transfer → index of its first movement, waiting for the second copy
	m := mover{count: map[string]int{}}
	for i := range s.Documents {
		d := &s.Documents[i]
		from, to := d.Payer.own(ours), d.Payee.own(ours)
		if from == "" && to == "" {
			return nil, false, fault.Refuse(fault.FileFormat, lineField(d.Line), "document %s touches none of the accounts of the file", bound(d.Number))
		}
		if from == "" || to == "" {
			m.add(d, i, from, to)
			continue
		}
		id := d.identity()
		first, second := waiting[id]
		ambiguous = ambiguous || second
		if second && merge {
			m.copy(first, d, i)
			delete(waiting, id)
			continue
		}
		waiting[id] = len(m.list)
		m.add(d, i, from, to)
	}
	return m.list, ambiguous, nil
}

// mover collects movements and numbers the identical ones.
type mover struct {
	list  []Movement
	count map[string]int
}

func (m *mover) add(d *Document, index int, from, to string) {
	if from != "" {
		m.one(d, index, from, Out, d.Payer.Date, d.Payee, to != "")
	}
	if to != "" {
		m.one(d, index, to, In, d.Payee.Date, d.Payer, from != "")
	}
}

func (m *mover) one(d *Document, index int, account string, direction Direction, day time.Time, other Party, own bool) {
	if day.IsZero() {
		day = d.Date
	}
	sum := sha256.Sum256([]byte(account + "\x00" + string(direction) + "\x00" + d.identity()))
	key := hex.EncodeToString(sum[:16])
	m.count[key]++
	if n := m.count[key]; n > 1 {
		key = fmt.Sprintf("%s-%d", key, n)
	}
	m.list = append(m.list, Movement{
		Key: key, Account: account, Direction: direction, Amount: d.Amount, ValueDate: day,
		Counterparty: other, Own: own, Document: index, Copy: -1,
	})
}

// copy notes the second copy of an own transfer: it may know the day on which the
// other account moved.
func (m *mover) copy(first int, d *Document, index int) {
	for i, day := range []time.Time{d.Payer.Date, d.Payee.Date} {
		moved := &m.list[first+i]
		moved.Copy = index
		if moved.ValueDate.Equal(d.Date) && !day.IsZero() {
			moved.ValueDate = day
		}
	}
}
