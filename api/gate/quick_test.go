package gate

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// text draws a text whose length is near a bound.
func text(t *rapid.T, name string, bound int) string {
	n := rapid.SampledFrom([]int{1, 2, 1, 2, 1, 2, 1, 2, bound - 1, bound - 1, bound, bound, bound, bound, 0, bound + 1}).Draw(t, name)
	return strings.Repeat(rapid.SampledFrom([]string{"a", "a", "a", "a", "a", "a", "Z", "."}).Draw(t, name+" letter"), max(0, n))
}

func words(t *rapid.T, name string, bound int) map[string]string {
	m := map[string]string{}
	for range rapid.SampledFrom([]int{0, 0, 1, 1, 1, 32, 33}).Draw(t, name) {
		m[text(t, name+" key", 64)+rapid.StringMatching("[a-z]{0,2}").Draw(t, name)] = text(t, name+" value", bound)
	}
	return m
}

func drawLegs(t *rapid.T) []*ledgerv1.NewLeg {
	legs := make([]*ledgerv1.NewLeg, rapid.SampledFrom([]int{0, 2, 2, 2, 2, 2, 1001}).Draw(t, "legs"))
	for i := range legs {
		legs[i] = &ledgerv1.NewLeg{Account: "a:b", Asset: "RUB", Side: ledgerv1.Side_SIDE_DEBIT, Amount: "1.00"}
	}
	if len(legs) > 0 {
		legs[0] = &ledgerv1.NewLeg{
			Account: text(t, "account", 256), Asset: text(t, "asset", 32), Amount: text(t, "amount", 64),
			Side: ledgerv1.Side(rapid.SampledFrom([]int32{1, 2, 1, 2, 1, 2, 0, 3, -1}).Draw(t, "side")),
		}
	}
	return legs
}

func drawPost(t *rapid.T) *ledgerv1.PostRequest {
	p := &ledgerv1.PostRequest{Book: text(t, "book", 64)}
	for range rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(t, "operations") {
		op := &ledgerv1.Operation{Key: text(t, "key", 128)}
		switch rapid.IntRange(0, 4).Draw(t, "what") {
		case 0, 1:
			op.What = &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{
				Kind: text(t, "kind", 64), Day: text(t, "day", 10), Legs: drawLegs(t), Metadata: words(t, "metadata", 1024), Links: words(t, "links", 256),
			}}
		case 2:
			op.What = &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{
				Account: text(t, "account", 256), Asset: text(t, "asset", 32), Amount: text(t, "amount", 64),
				ExpiresMs: rapid.SampledFrom([]int64{-1, 0, 31_622_400_000, 31_622_400_001}).Draw(t, "expires"),
			}}
		case 3:
			op.What = &ledgerv1.Operation_Void{Void: &ledgerv1.VoidHold{HoldId: rapid.SampledFrom([]string{"0.1", "x"}).Draw(t, "hold")}}
		}
		p.Operations = append(p.Operations, op)
	}
	return p
}

// TestQuicklyAcceptedIsAcceptedByTheRules compares the short way with the rules.
func TestQuicklyAcceptedIsAcceptedByTheRules(t *testing.T) {
	t.Parallel()
	v, err := newValidator()
	if err != nil {
		t.Fatal(err)
	}
	rules := v.(quick).Validator
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawPost(t)
		if !fits(p) {
			return
		}
		accepted++
		if err := rules.Validate(p); err != nil {
			t.Fatalf("the rules refuse: %v", err)
		}
	})
	if accepted == 0 {
		t.Error("nothing was accepted: the test shows nothing")
	}
	plain := &ledgerv1.PostRequest{Book: "main", Operations: []*ledgerv1.Operation{{Key: "k", What: &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{
		Kind: "transfer", Legs: []*ledgerv1.NewLeg{{Account: "a:b", Asset: "RUB", Side: 1, Amount: "1"}, {Account: "a:c", Asset: "RUB", Side: 2, Amount: "1"}},
	}}}}}
	if !fits(plain) {
		t.Error("a plain request takes the long way")
	}
}
