package api_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// testAssets: amounts of every scale, whose sums have up to 38 digits, come back to the last digit from
// balances, legs, entries and the trial balance.
func testAssets(t *testing.T, h *house) {
	c := h.caller(t)
	sums := map[string]money.Amount{}
	dice := rand.New(rand.NewPCG(1, 38))
	codes := []string{"JPY", "RUB", "BTC", "ETH"}
	for n := range 32 {
		code := codes[n%len(codes)]
		asset, _ := money.LookupAsset(code)
		digits := "7"
		for range dice.IntN(37) {
			digits += string(rune('0' + dice.IntN(10)))
		}
		digits = strings.Repeat("0", max(0, int(asset.Scale)+1-len(digits))) + digits
		text := digits
		if at := len(digits) - int(asset.Scale); asset.Scale > 0 {
			text = digits[:at] + "." + digits[at:]
		}
		amount := money.MustParse(text)
		leg := func(account string, side ledgerv1.Side) *ledgerv1.NewLeg {
			return &ledgerv1.NewLeg{Account: account, Asset: code, Side: side, Amount: text}
		}
		done := c.must(&ledgerv1.Operation{What: &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{
			Kind: "topup", Legs: []*ledgerv1.NewLeg{leg("bank:vault", ledgerv1.Side_SIDE_DEBIT), leg("suspense:all", ledgerv1.Side_SIDE_CREDIT)},
		}}})
		if before, ok := sums[code]; ok {
			amount = amount.Add(before)
		}
		sums[code] = amount
		want := asset.Format(amount)

		entry, err := c.Ledger.GetEntry(t.Context(), &ledgerv1.GetEntryRequest{Book: c.book, Which: &ledgerv1.GetEntryRequest_Id{Id: done[0].GetId()}})
		if err != nil || entry.GetEntry().GetLegs()[1].GetAmount() != text {
			t.Fatalf("entry: %v %v, want %s", entry, err, text)
		}
		balances, err := c.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{Book: c.book, Accounts: []string{"suspense:all", "bank:vault"}, Asset: code})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range balances.GetBalances() {
			if b.GetBalance() != want || b.GetAvailable() != want {
				t.Fatalf("%v, want %s", b, want)
			}
		}
		legs, err := c.Ledger.ListLegs(t.Context(), &ledgerv1.ListLegsRequest{Book: c.book, Account: "suspense:all", Asset: code})
		if err != nil || legs.GetClosing() != want || legs.GetLegs()[len(legs.GetLegs())-1].GetAmount() != text {
			t.Fatalf("statement: %v %v, want %s", legs, err, want)
		}
		sheet, err := c.Ledger.TrialBalance(t.Context(), &ledgerv1.TrialBalanceRequest{Book: c.book})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range sheet.GetRows() {
			if r.GetAsset() == code && r.GetDebit() != want && r.GetCredit() != want {
				t.Fatalf("%v, want %s", r, want)
			}
		}
	}
}
