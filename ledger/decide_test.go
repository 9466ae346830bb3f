package ledger

import (
	"fmt"
	"testing"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// rich is a view in which every account has money.
type rich struct{}

// Stripe implements View.
func (rich) Stripe(string, string) book.Stripe {
	return book.Stripe{Version: 1042, Debit: money.New(1063800, 2), Credit: money.New(100_000_000_00, 2)}
}

// Standing implements View.
func (rich) Standing(string) book.Standing { return book.Standing{} }

// Limit implements View.
func (rich) Limit(string, string) money.Amount { return money.Zero }

// Rule implements View.
func (rich) Rule(string, string) *journalv1.Rule { return nil }

// Hold implements View.
func (rich) Hold(uint64) (book.Hold, bool) { return book.Hold{}, false }

// Entry implements View.
func (rich) Entry(uint64) (book.Original, bool) { return book.Original{}, false }

// Scheduled implements View.
func (rich) Scheduled(uint64) *journalv1.Scheduled { return nil }

// Approval implements View.
func (rich) Approval(uint64) *journalv1.Approval { return nil }

// AccountOpen implements View.
func (rich) SumDigits(string, string) int { return money.MaxDigits }

func (rich) AccountOpen(string) bool { return true }

// BenchmarkDecide decides a transfer between two wallets, and hashes its request.
func BenchmarkDecide(b *testing.B) {
	op := &commandv1.Operation{Key: "01932c07-2f4f-7a31-8f2e-0123456789ab", What: &commandv1.Operation_Post{Post: &commandv1.Post{
		Kind: "transfer", Legs: []*commandv1.Leg{
			{Account: "wallet:company-0000017", Asset: "RUB", Debit: true, Amount: "106.38", Open: true},
			{Account: "wallet:company-0000042", Asset: "RUB", Amount: "106.38", Open: true},
		},
	}}}
	b.Run("decide", func(b *testing.B) {
		for b.Loop() {
			if d, refusal, short := Decide(rich{}, op, Now{Seq: 1, US: 1, Day: "2026-11-20"}); d == nil {
				b.Fatal(fmt.Sprint(refusal, short))
			}
		}
	})
	b.Run("hash", func(b *testing.B) {
		for b.Loop() {
			RequestHash(op)
		}
	})
}
