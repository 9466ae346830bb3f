package book_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
)

// TestCorrespondAddsUp: the pairs of any balanced entry give back every posting whole,
// stay in one asset, and join a debit with a credit.
func TestCorrespondAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var postings []book.Posting
		for _, asset := range []string{"RUB", "USD"} {
			var left int64
			for range rapid.IntRange(0, 5).Draw(t, "debits") {
				amount := rapid.Int64Range(1, 1000).Draw(t, "amount")
				left += amount
				postings = append(postings, book.Posting{Asset: asset, Debit: true, Amount: money.New(amount, 2)})
			}
			for left > 0 {
				amount := rapid.Int64Range(1, left).Draw(t, "credit")
				left -= amount
				postings = append(postings, book.Posting{Asset: asset, Amount: money.New(amount, 2)})
			}
		}
		postings = rapid.Permutation(postings).Draw(t, "postings")
		sums := make([]money.Amount, len(postings))
		pairs := book.Correspond(postings, nil)
		for _, p := range pairs {
			d, c := postings[p.Debit], postings[p.Credit]
			if !d.Debit || c.Debit || d.Asset != c.Asset || p.Amount.Sign() <= 0 {
				t.Fatalf("pair %+v of %+v and %+v", p, d, c)
			}
			sums[p.Debit], sums[p.Credit] = sums[p.Debit].Add(p.Amount), sums[p.Credit].Add(p.Amount)
		}
		for i, sum := range sums {
			if !sum.Equal(postings[i].Amount) {
				t.Fatalf("posting %d of %s is paired for %s", i, postings[i].Amount, sum)
			}
		}
		if len(pairs) > len(postings) {
			t.Fatalf("%d pairs of %d postings", len(pairs), len(postings))
		}
	})
}

// TestCorrespondGoesByTheOrder: where both sides have several postings the order decides.
func TestCorrespondGoesByTheOrder(t *testing.T) {
	t.Parallel()
	rub := func(debit bool, kopecks int64) book.Posting {
		return book.Posting{Asset: "RUB", Debit: debit, Amount: money.New(kopecks, 2)}
	}
	got := book.Correspond([]book.Posting{rub(true, 700), rub(false, 500), rub(true, 300), rub(false, 500)}, nil)
	want := []book.Pair{{0, 1, money.New(500, 2)}, {0, 3, money.New(200, 2)}, {2, 3, money.New(300, 2)}}
	if len(got) != len(want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
	for i := range want {
		if got[i].Debit != want[i].Debit || got[i].Credit != want[i].Credit || !got[i].Amount.Equal(want[i].Amount) {
			t.Errorf("pair %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}
