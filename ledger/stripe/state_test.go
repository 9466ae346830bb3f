package stripe

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// busy is a shard in the middle of everything: one command holds A and asks for
// B, one waits behind it, a round runs, a message came too early, a give is owed.
func busy(t *testing.T) (*Shard, *till) {
	t.Helper()
	s, b := New(0), newTill(map[Account]int64{"A": 5, "B": 1})
	first := b.takes("first", 5, "A", "B")
	first.Debits[0].Home = 1
	s.Submit(b, first)
	s.Submit(b, b.takes("second", 1, "B"))
	s.Found(b, "B", 1, []ShardID{2})
	s.Receive(b, from(1, 1, Message{Kind: Give, Account: "A", Round: 4}))
	s.Receive(b, from(2, 2, Message{Kind: Gave, Account: "B", Round: 9, Part: 2}))
	b.said()
	return s, b
}

func TestRowsAreEnough(t *testing.T) {
	t.Parallel()
	s, b := busy(t)
	st := s.State()
	if len(st.Waits) != 2 || len(st.Homes) != 1 || len(st.Marks) != 1 || len(st.Links) != 2 || st.Marks[0].Owed != 4 {
		t.Fatalf("it is not busy: %+v", st)
	}
	same := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Wait{})}
	again, err := Open(0, st)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(st, again.State(), same); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(st, State{}.Fold(s.Changes()), same); diff != "" {
		t.Error(diff)
	}
	again.Receive(b, from(2, 1, Message{Kind: Gave, Account: "B", Round: 1, Part: 1, Money: amount(5)}))
	b.want(t, "apply first; gave to 1: A need 0 money 0 left 0; apply second")
	if diff := cmp.Diff(st, s.State(), same); diff != "" {
		t.Errorf("the first shard moved along: %s", diff)
	}
}

func TestCloneGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	s, b := busy(t)
	before := s.State()
	s.Clone().Expire(b, "first")
	if diff := cmp.Diff(before, s.State(), cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Wait{})); diff != "" {
		t.Error(diff)
	}
}

func TestOpenRefusesRowsThatContradict(t *testing.T) {
	t.Parallel()
	debits := []Debit{{Account: "A", Amount: amount(1)}, {Account: "B", Amount: amount(1)}}
	wait := func(id CommandID, number uint64, secured int, ask uint64) Wait {
		return Wait{Command: Command{ID: id, Debits: debits}, Number: number, Secured: secured, Ask: ask}
	}
	for _, tc := range []struct {
		why string
		st  State
	}{
		{"twice", State{Number: 2, Waits: []Wait{wait("c", 1, 0, 0), wait("c", 2, 0, 0)}}},
		{"arrival", State{Number: 2, Waits: []Wait{wait("c", 3, 0, 0)}}},
		{"secured", State{Number: 2, Waits: []Wait{wait("c", 1, 2, 1)}}},
		{"secured", State{Number: 2, Waits: []Wait{wait("c", 1, 1, 0)}}},
		{"turn", State{Number: 2, Waits: []Wait{wait("c", 1, 0, 1), wait("d", 2, 1, 1)}}},
		{"round", State{Round: 1, Homes: []Home{{Account: "A", Round: 2}}}},
		{"twice", State{Homes: []Home{{Account: "A"}, {Account: "A"}}}},
		{"twice", State{Links: []Link{{Peer: 1}, {Peer: 1}}}},
		{"itself", State{Links: []Link{{Peer: 0}}}},
	} {
		if _, err := Open(0, tc.st); err == nil || !strings.Contains(err.Error(), tc.why) {
			t.Errorf("%+v: %v, want a word of %q", tc.st, err, tc.why)
		}
	}
}

func TestBrokenInvariantsStop(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]func(*Shard, *till){
		"a command submitted twice": func(s *Shard, b *till) { s.Submit(b, b.takes("first", 1, "A")) },
		"a negative debit":          func(s *Shard, b *till) { s.Submit(b, b.takes("c", -1, "A")) },
		"a message to another":      func(s *Shard, b *till) { s.Receive(b, Envelope{From: 1, To: 3, Number: 1}) },
		"a message of its own":      func(s *Shard, b *till) { s.Receive(b, Envelope{Number: 1}) },
		"an unknown message":        func(s *Shard, b *till) { s.Receive(b, from(1, 2, Message{Kind: "?"})) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := busy(t)
			defer func() {
				if recover() == nil {
					t.Error("it went on")
				}
			}()
			wrong(s, b)
		})
	}
}
