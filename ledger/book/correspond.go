package book

import (
	"strings"

	"github.com/provodka/provodka/ledger/money"
)

// Posting is a debit or a credit of an entry that was booked.
type Posting struct {
	Account string // the full name
	Asset   string // its code
	Debit   bool
	Amount  money.Amount
}

// Pair is a part of an entry that debits one posting and credits another.
type Pair struct {
	Debit, Credit int // places among the postings
	Amount        money.Amount
}

// Correspond pairs the debits of an entry with its credits (корреспонденция счетов): in
// every asset the debits take from the credits in the order of the entry, the first from
// the first until it is used up. Where one side has a single posting there is no other
// way; where both have several, the order decides, so whoever writes entries decides.
// Nothing is divided: the parts of a posting add up to it. Places of a pair grow, and
// the assets follow each other as they first appear. The pairs are written into the memory
// that is given, as far as it goes.
func Correspond(postings []Posting, into []Pair) []Pair {
	pairs := into[:0]
	for i := range postings {
		if !firstOf(postings[:i], postings[i].Asset) {
			continue
		}
		asset := postings[i].Asset
		d, c := next(postings, asset, true, 0), next(postings, asset, false, 0)
		var debit, credit money.Amount // what is left of the two
		if d < len(postings) && c < len(postings) {
			debit, credit = postings[d].Amount, postings[c].Amount
		}
		for d < len(postings) && c < len(postings) {
			part := money.Min(debit, credit)
			pairs = append(pairs, Pair{d, c, part})
			debit, credit = debit.Sub(part), credit.Sub(part)
			if debit.IsZero() {
				if d = next(postings, asset, true, d+1); d < len(postings) {
					debit = postings[d].Amount
				}
			}
			if credit.IsZero() {
				if c = next(postings, asset, false, c+1); c < len(postings) {
					credit = postings[c].Amount
				}
			}
		}
	}
	return pairs
}

// firstOf says that no posting is in the asset.
func firstOf(before []Posting, asset string) bool {
	for i := range before {
		if before[i].Asset == asset {
			return false
		}
	}
	return true
}

// next is the place of the next posting on a side, or their number.
func next(postings []Posting, asset string, debit bool, from int) int {
	for from < len(postings) && (postings[from].Asset != asset || postings[from].Debit != debit) {
		from++
	}
	return from
}

// SameAccount says whether two names are of one account: the same, or one is the
// transit part of the other.
func SameAccount(a, b string) bool {
	return strings.TrimSuffix(strings.TrimSuffix(a, ":"+transitPart), "."+transitPart) ==
		strings.TrimSuffix(strings.TrimSuffix(b, ":"+transitPart), "."+transitPart)
}
