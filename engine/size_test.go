package engine

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

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

// TestStripesForgetAndRollBackAsATableDoes compares them with a table, which is the
// plain form of the same.
func TestStripesForgetAndRollBackAsATableDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var undoA, undoB undo
		a, b := newStripes(&undoA), newTable[stripeKey, stripeRow](&undoB)
		version := uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			k := stripeKey{
				rapid.SampledFrom([]string{"main", "other"}).Draw(t, "book"),
				rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "account"),
				rapid.SampledFrom([]string{"RUB", "USD"}).Draw(t, "asset"),
			}
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				version++
				row := stripeRow{account: k.account}
				row.Version = version
				a.put(k, row.Stripe)
				b.put(k, row)
			case 2:
				if !undoA.active {
					undoA.begin()
					undoB.begin()
				}
			case 3:
				undoA.rollback()
				undoB.rollback()
			case 4:
				undoA.keep()
				undoB.keep()
			case 5:
				if !undoA.active { // batches end between groups
					a.rotate(5)
					b.rotate(5)
				}
			}
			got, here := a.get(k)
			want, there := b.get(k)
			if here != there || got != want.Stripe {
				t.Fatalf("%v is %v, %v; in a table %v, %v", k, got, here, want.Stripe, there)
			}
		}
	})
}
