package book

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/money"
)

// TestLawsLetThroughWhatIsRightAndNothingElse: what Apply accepts keeps the laws; the
// same with any one number changed breaks the law that is about it.
func TestLawsLetThroughWhatIsRightAndNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &world{stripes: map[string]Stripe{}}
		fund := []Change{change("bank:main", Debit, 1000), change("wallet:a", Credit, 1000)}
		applied, _ := Apply(w, fund, nil)
		w.accept(applied)
		sum := rapid.Int64Range(1, 400).Draw(t, "sum")
		changes := []Change{change("wallet:a", Debit, sum), change("wallet:b", Credit, sum)}
		if rapid.Bool().Draw(t, "twice") {
			changes = append(changes, change("wallet:a", Debit, sum), change("reserve:t", Credit, sum))
		}
		if rapid.Bool().Draw(t, "hold") {
			changes = append(changes, change("wallet:a", HoldDebit, 7))
		}
		applied, short := Apply(w, changes, nil)
		if short != nil {
			t.Fatal(short)
		}
		if err := Laws(w, applied); err != nil {
			t.Fatalf("what is right breaks %v", err)
		}
		i := rapid.IntRange(0, len(applied)-1).Draw(t, "leg")
		a, kopeck := &applied[i], money.New(rapid.SampledFrom([]int64{-1, 1}).Draw(t, "by"), 2)
		law := rapid.SampledFrom([]string{"dense versions", "sums", "double entry", "floor"}).Draw(t, "law")
		switch law {
		case "dense versions":
			a.After.Version += rapid.SampledFrom([]uint64{1, ^uint64(0)}).Draw(t, "gap")
		case "sums":
			side := rapid.SampledFrom([]*money.Amount{&a.After.Debit, &a.After.Credit, &a.After.HeldDebit, &a.After.HeldCredit}).Draw(t, "side")
			*side = side.Add(kopeck)
		case "double entry":
			if a.Kind != Debit && a.Kind != Credit {
				return
			}
			a.Amount = a.Amount.Add(kopeck)
		case "floor":
			w.stripes["wallet:a RUB"] = Stripe{Version: 1, Credit: money.New(sum-1, 2)}
			for i := range applied { // as a decision would leave them that looked at no floor
				before := latest(w, applied[:i], applied[i].Account, "RUB")
				applied[i].After = before
				applied[i].After.Version++
				side := []*money.Amount{&applied[i].After.Debit, &applied[i].After.Credit, &applied[i].After.HeldDebit, &applied[i].After.HeldCredit}
				*side[applied[i].Kind-1] = side[applied[i].Kind-1].Add(applied[i].Amount)
			}
		}
		if err := Laws(w, applied); err == nil || !strings.HasPrefix(err.Error(), law) {
			t.Fatalf("broken %s was found as: %v", law, err)
		}
	})
}

func BenchmarkLaws(b *testing.B) {
	w := &world{stripes: map[string]Stripe{}}
	applied, _ := Apply(w, []Change{change("bank:main", Debit, 1000), change("wallet:a", Credit, 1000)}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if err := Laws(w, applied); err != nil {
			b.Fatal(err)
		}
	}
}
