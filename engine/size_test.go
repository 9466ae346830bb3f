package engine

import (
	"maps"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// TestSizeOfIsNeverTooSmall: what split counts must be enough for what is written.
func TestSizeOfIsNeverTooSmall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func() string { return strings.Repeat("ж", rapid.IntRange(0, 200).Draw(t, "text")) }
		p := &commandv1.Post{Kind: text(), Day: text()}
		for range rapid.IntRange(0, 4).Draw(t, "legs") {
			p.Legs = append(p.Legs, &commandv1.Leg{Account: text(), Asset: text(), Amount: text(), Debit: rapid.Bool().Draw(t, "debit"), Open: true})
		}
		if rapid.Bool().Draw(t, "words") {
			p.Metadata = map[string]string{text(): text()}
			p.Links = map[string]string{text(): text()}
		}
		op := &commandv1.Operation{
			Key: text(), RequestHash: make([]byte, 16), Group: rapid.Uint32().Draw(t, "group"), What: &commandv1.Operation_Post{Post: p},
		}
		list := &commandv1.Operations{List: []*commandv1.Operation{op}}
		if got, need := sizeOf(op), proto.Size(list); got < need {
			t.Fatalf("%d bytes are counted, %d written", got, need)
		}
	})
}

// TestStripesAreAsTheyWereLeft compares stripes with a map that forgets nothing: they may
// lack a row, but not one of the batch at hand, nor soon after it, and they have no other.
func TestStripesAreAsTheyWereLeft(t *testing.T) {
	t.Parallel()
	packed := 0
	rapid.Check(t, func(t *rapid.T) {
		var u undo
		type point struct {
			from    int
			all     map[stripeKey]book.Stripe
			touched map[stripeKey]int
		}
		var begun []point // a group stands inside a dry run
		s, all := newStripes(&u), map[stripeKey]book.Stripe{}
		touched, rotations := map[stripeKey]int{}, 0
		version, limit := uint64(0), rapid.IntRange(1, 5).Draw(t, "limit")
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			k := stripeKey{
				rapid.SampledFrom([]string{"main", "other"}).Draw(t, "book"),
				rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "account"),
				rapid.SampledFrom([]string{"RUB", "USD"}).Draw(t, "asset"),
			}
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0, 1, 2:
				version++
				row := book.Stripe{Version: version, Debit: money.New(rapid.Int64().Draw(t, "debit"), 2)}
				if rapid.IntRange(0, 9).Draw(t, "large") == 0 {
					row.Credit = money.MustParse("99999999999999999999999.01")
				}
				s.put(k, row)
				all[k], touched[k] = row, rotations+1
			case 3:
				begun = append(begun, point{u.begin(), maps.Clone(all), maps.Clone(touched)})
			case 4:
				if n := len(begun) - 1; n >= 0 {
					u.rollback(begun[n].from)
					all, touched, begun = begun[n].all, begun[n].touched, begun[:n]
				}
			case 5:
				if n := len(begun) - 1; n >= 0 {
					u.keep()
					begun = begun[:n]
				}
			case 6:
				if !u.active() { // batches end between groups
					s.rotate(limit)
					packed += len(s.young)
					rotations++
				}
			}
			got, here := s.get(k)
			want, there := all[k]
			switch {
			case here && (!there || got.Version != want.Version || !got.Debit.Equal(want.Debit) || !got.Credit.Equal(want.Credit)):
				t.Fatalf("%v is %v, want %v, %v", k, got, want, there)
			case !here && there && touched[k] > 0 && rotations <= touched[k]:
				t.Fatalf("%v is forgotten already", k)
			case here:
				touched[k] = rotations + 1
			}
			if round := s.newRound(); s.lacks(k, round) == here || s.lacks(k, round) {
				t.Fatalf("%v is here: %v, and it is said otherwise, or twice", k, here)
			}
		}
	})
	if packed == 0 {
		t.Error("nothing was packed")
	}
}
