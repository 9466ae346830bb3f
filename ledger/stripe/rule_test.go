package stripe

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/money"
)

// till is the books of one shard for a test that plays the other shards itself.
// Applied commands move nothing but what the test says.
type till struct {
	free map[Account]int64
	legs map[CommandID]map[Account]int64
	did  []string
}

func (b *till) Free(a Account) money.Amount { return money.New(b.free[a], 0) }

func (b *till) Do(a Action) {
	switch a := a.(type) {
	case Apply:
		for account, n := range b.legs[a.Command] {
			b.free[account] += n
		}
		b.did = append(b.did, "apply "+string(a.Command))
	case Refuse:
		b.did = append(b.did, fmt.Sprintf("refuse %s %s", a.Command, a.Account))
	case Expire:
		b.did = append(b.did, "expire "+string(a.Command))
	case Park:
		b.did = append(b.did, "park "+string(a.Command))
	case Touch:
		b.did = append(b.did, "touch "+string(a.Account))
	case Move:
		if a.Into {
			b.free[a.Account] += units(a.Amount)
			return
		}
		b.free[a.Account] -= units(a.Amount)
	case Send:
		b.did = append(b.did, fmt.Sprintf("%s to %d: %s need %s money %s left %s", a.Kind, a.To, a.Account, a.Need, a.Money, a.Left))
	case LookUp:
		b.did = append(b.did, fmt.Sprintf("look up %s %d", a.Account, a.Round))
	}
}

// said gives what was done since it was last asked, and forgets it.
func (b *till) said() string {
	out := strings.Join(b.did, "; ")
	b.did = nil
	return out
}

func (b *till) want(t *testing.T, want string) {
	t.Helper()
	if got := b.said(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// takes makes a command that debits accounts homed on shard 0.
func (b *till) takes(id CommandID, n int64, accounts ...Account) Command {
	c := Command{ID: id}
	legs := map[Account]int64{}
	for _, a := range accounts {
		c.Debits = append(c.Debits, Debit{Account: a, Amount: amount(n)})
		legs[a] -= n
	}
	b.legs[id] = legs
	return c
}

func newTill(free map[Account]int64) *till {
	return &till{free: free, legs: map[CommandID]map[Account]int64{}}
}

// from makes the next message of a link to shard 0.
func from(peer ShardID, number uint64, m Message) Envelope {
	return Envelope{From: peer, Number: number, Message: m}
}

func TestEnoughMoneyIsOneStep(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{"A": 5, "B": 5})
	s.Submit(b, b.takes("c", 5, "B", "A"))
	s.Submit(b, b.takes("credit", 0))
	b.want(t, "apply c; apply credit")
	if st := s.State(); len(st.Waits)+len(st.Homes)+len(st.Marks)+len(st.Links) > 0 || st.Number > 0 {
		t.Errorf("it left %+v", st)
	}
	if !s.Changes().Empty() {
		t.Error("it wrote rows")
	}
}

func TestWalletOfOneStripeCostsOneLookUp(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{"A": 2})
	s.Submit(b, b.takes("c", 3, "A"))
	b.want(t, "park c; look up A 1")
	s.Found(b, "A", 7, []ShardID{1}) // another round's
	b.want(t, "")
	s.Found(b, "A", 1, []ShardID{0})
	b.want(t, "refuse c A")
	s.Found(b, "A", 1, []ShardID{0})
	b.want(t, "")
	if st := s.State(); len(st.Waits)+len(st.Homes)+len(st.Marks) > 0 {
		t.Errorf("it left %+v", st)
	}
}

func TestDebitsOfOneAccountAddUp(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{"A": 5})
	s.Submit(b, b.takes("group", 3, "A", "A"))
	b.want(t, "park group; look up A 1")
	b.free["A"]++
	s.Changed(b, "A")
	b.want(t, "apply group")
	if b.free["A"] != 0 {
		t.Errorf("%d is left", b.free["A"])
	}
}

func TestLaterCommandsWaitTheirTurn(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{"A": 5, "B": 1, "C": 9})
	s.Submit(b, b.takes("first", 5, "A", "B"))
	b.want(t, "park first; look up B 1")
	if !s.Reserved("A").Equal(amount(5)) {
		t.Errorf("%s of A is reserved", s.Reserved("A"))
	}
	s.Submit(b, b.takes("second", 1, "B", "C"))
	s.Submit(b, b.takes("third", 1, "C"))
	s.Submit(b, b.takes("credit", 0))
	b.want(t, "park second; park third; apply credit")
	s.Expire(b, "first")
	b.want(t, "expire first; apply second; apply third")
	s.Expire(b, "first")
	s.Found(b, "B", 1, nil)
	b.want(t, "")
	if st := s.State(); len(st.Homes) > 0 {
		t.Errorf("a home is left: %+v", st.Homes)
	}
}

func TestHeadIsServedAfterAHundredPassed(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{"A": 500})
	s.Receive(b, from(1, 1, Message{Kind: Need, Account: "A", Command: "head", Ask: 1, Need: amount(600)}))
	b.want(t, "look up A 1")
	for i := range PassLimit {
		id := CommandID(fmt.Sprint("passing ", i))
		s.Submit(b, b.takes(id, 1, "A"))
		b.want(t, "apply "+string(id))
	}
	s.Submit(b, b.takes("late", 1, "A"))
	b.want(t, "park late")
	b.free["A"] += 250
	s.Changed(b, "A")
	b.want(t, "allot to 1: A need 0 money 600 left 0")
	s.Found(b, "A", 1, nil) // the round of the head is over
	b.want(t, "apply late")
}

func TestAMovingAccountCostsAtMostFiveRounds(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{})
	s.Receive(b, from(1, 1, Message{Kind: Need, Account: "A", Command: "c", Ask: 1, Need: amount(3)}))
	for round := range uint64(RoundLimit) {
		b.want(t, fmt.Sprintf("look up A %d", round+1))
		s.Found(b, "A", round+1, []ShardID{2, 1, 0})
		b.want(t, "give to 2: A need 0 money 0 left 0")
		s.Receive(b, from(2, round+1, Message{Kind: Gave, Account: "A", Round: round + 1, Part: 1, Changed: true}))
	}
	b.want(t, "no to 1: A need 0 money 0 left 0")
}

func TestHomeWaitsForReservations(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{"A": 1})
	s.Submit(b, b.takes("c", 3, "A"))
	s.Found(b, "A", 1, []ShardID{1})
	b.want(t, "park c; look up A 1; give to 1: A need 0 money 0 left 0")
	s.Receive(b, from(1, 1, Message{Kind: Gave, Account: "A", Round: 1, Part: 1, Left: amount(2), Changed: true}))
	b.want(t, "")
	s.Receive(b, from(1, 2, Message{Kind: Gave, Account: "A", Round: 1, Part: 2, Money: amount(2), Changed: true}))
	b.want(t, "apply c")
}

func TestNoIsNotBelievedWhenMoneyCame(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{"A": 1})
	c := b.takes("c", 3, "A")
	c.Debits[0].Home = 1
	s.Submit(b, c)
	b.want(t, "park c; touch A; need to 1: A need 3 money 1 left 0")
	b.free["A"] += 2
	s.Changed(b, "A")
	s.Receive(b, from(1, 1, Message{Kind: No, Account: "A", Command: "c", Ask: 1}))
	b.want(t, "touch A; need to 1: A need 3 money 2 left 0")
	s.Receive(b, from(1, 2, Message{Kind: No, Account: "A", Command: "c", Ask: 1})) // an old ask
	b.want(t, "")
	s.Receive(b, from(1, 3, Message{Kind: No, Account: "A", Command: "c", Ask: 2}))
	b.want(t, "refuse c A")
	s.Receive(b, from(1, 4, Message{Kind: Allot, Account: "A", Command: "c", Ask: 3, Money: amount(3)}))
	if b.want(t, ""); b.free["A"] != 3 {
		t.Errorf("late money is not free: %d", b.free["A"])
	}
}

func TestStripeBelowItsFloorGivesNothing(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{"A": -4})
	s.Receive(b, from(1, 1, Message{Kind: Give, Account: "A", Round: 1}))
	b.want(t, "gave to 1: A need 0 money 0 left 0")
}

func TestLinksApplyInOrderAndOnce(t *testing.T) {
	t.Parallel()
	s, b := New(0), newTill(map[Account]int64{"A": 1})
	give := func(n uint64) Envelope {
		return from(1, n, Message{Kind: Give, Account: Account(rune('@' + n)), Round: n})
	}
	for _, n := range []uint64{3, 2, 3, 1, 1, 2} {
		s.Receive(b, give(n))
	}
	got := slices.Clone(b.did)
	want := []string{"gave to 1: A need 0 money 1 left 0", "gave to 1: B need 0 money 0 left 0", "gave to 1: C need 0 money 0 left 0"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if l := s.State().Links[0]; l.Applied != 3 || l.Sent != 3 || len(l.Held) > 0 {
		t.Errorf("link %+v", l)
	}
}

func TestKeysNameTheMessage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		e    Envelope
		want string
	}{
		{Envelope{From: 1, To: 2, Number: 9, Message: Message{Kind: Need, Account: "a", Command: "c", Ask: 3}}, `need:3:"c":"a"`},
		{Envelope{From: 1, To: 2, Number: 9, Message: Message{Kind: Allot, Account: "a", Command: "c", Ask: 3}}, `allot:3:"c":"a"`},
		{Envelope{From: 1, To: 2, Number: 9, Message: Message{Kind: No, Account: "a", Command: "c", Ask: 3}}, `no:3:"c":"a"`},
		{Envelope{From: 1, To: 2, Number: 9, Message: Message{Kind: Give, Account: "a", Round: 7}}, `give:7:2:"a"`},
		{Envelope{From: 1, To: 2, Number: 9, Message: Message{Kind: Gave, Account: "a", Round: 7, Part: 2}}, `gave:7:1:2:"a"`},
	} {
		if got := tc.e.Key(); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

func BenchmarkSubmitCovered(bench *testing.B) {
	s, b := New(0), idle{free: money.New(1_000_000, 2)}
	c := Command{ID: "c", Debits: []Debit{{Account: "A", Amount: amount(1)}}, Credits: []Account{"B"}}
	bench.ReportAllocs()
	for bench.Loop() {
		s.Submit(b, c)
	}
}

// idle is books in which nothing moves.
type idle struct{ free money.Amount }

func (b idle) Free(Account) money.Amount { return b.free }
func (b idle) Do(Action)                 {}
