package audit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// auditAll adds every event of a world, shard by shard.
func auditAll(w *audittest.World) error {
	a := audit.New(audit.Options{Zone: audittest.Zone})
	for _, n := range w.Shards() {
		for _, e := range w.Events(n) {
			if err := a.Add(n, e); err != nil {
				return err
			}
		}
	}
	return a.Finish()
}

func TestRightBooksPass(t *testing.T) {
	t.Parallel()
	if err := auditAll(audittest.Small()); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(20) {
		if err := auditAll(audittest.Random(seed, 3, 200)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestTheSummaryCounts(t *testing.T) {
	t.Parallel()
	w := audittest.Small()
	a := audit.New(audit.Options{})
	legs := 0
	for _, n := range w.Shards() {
		for i, e := range w.Events(n) {
			if err := a.Add(n, e); err != nil {
				t.Fatal(err)
			}
			legs += len(w.Records(n)[i].Record.GetLegs())
		}
	}
	s := a.Summary()
	if s.Legs != uint64(legs) || s.Moves != 8 || s.Refusals != 2 || s.Holds != 8 || len(s.Shards) != 2 {
		t.Errorf("summary %+v of %d legs", s, legs)
	}
	if got := a.Head(1); got.Seq != w.Seq(1) || a.Head(7) != (journal.Head{}) {
		t.Errorf("head of shard 1 is %+v", got)
	}
}

// TestEveryChangedByteIsFound changes each byte of each value, key and header.
func TestEveryChangedByteIsFound(t *testing.T) {
	t.Parallel()
	w := audittest.Small()
	events := w.Events(0)
	for i := range events {
		for _, b := range bytesOf(&events[i]) {
			for at := range b {
				b[at] ^= 0x04
				if err := add(events); !isDifference(err) {
					t.Fatalf("byte %d of event %d changed: %v", at, i, err)
				}
				b[at] ^= 0x04
			}
		}
	}
	if err := add(events); err != nil {
		t.Fatalf("after all was put back: %v", err)
	}
}

func bytesOf(e *audit.Event) [][]byte {
	out := [][]byte{e.Key, e.Value}
	for i := range e.Headers {
		out = append(out, e.Headers[i].Value)
	}
	return out
}

func add(events []audit.Event) error {
	a := audit.New(audit.Options{})
	for _, e := range events {
		if err := a.Add(0, e); err != nil {
			return err
		}
	}
	return a.Finish()
}

func isDifference(err error) bool {
	var d *audit.Difference
	return errors.As(err, &d) && !strings.Contains(err.Error(), "\n")
}

func TestHeadersAreAllAndNoMore(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(e *audit.Event){
		"one more":      func(e *audit.Event) { e.Headers = append(e.Headers, audit.Header{Key: "x", Value: []byte("y")}) },
		"one less":      func(e *audit.Event) { e.Headers = e.Headers[:len(e.Headers)-1] },
		"another order": func(e *audit.Event) { e.Headers[0], e.Headers[1] = e.Headers[1], e.Headers[0] },
		"another name":  func(e *audit.Event) { e.Headers[3].Key = "ce_typo" },
		"no headers":    func(e *audit.Event) { e.Headers = nil },
		"another key":   func(e *audit.Event) { e.Key = []byte("other") },
	} {
		events := audittest.Small().Events(0)
		change(&events[2])
		if err := add(events); !isDifference(err) || !strings.HasPrefix(err.Error(), "record 0.3: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLostAndMovedEventsAreFound(t *testing.T) {
	t.Parallel()
	events := audittest.Small().Events(0)
	n := len(events)
	for name, changed := range map[string][]audit.Event{
		"first lost":    events[1:],
		"one lost":      append(append([]audit.Event{}, events[:5]...), events[6:]...),
		"one twice":     append(append([]audit.Event{}, events[:6]...), events[5:]...),
		"two exchanged": append(append(append([]audit.Event{}, events[:5]...), events[6], events[5]), events[7:]...),
		"other shard":   audittest.Small().Events(1),
	} {
		if err := add(changed); !isDifference(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := add(events[:2]); !isDifference(err) || !strings.Contains(err.Error(), "the last record of its command") {
		t.Errorf("an end inside a command: %v", err)
	}
	if err := add(events[:n-1]); err != nil {
		t.Errorf("an end between commands is no difference: %v", err)
	}
}

func TestUnknownFieldsAreNoCleanBillOfHealth(t *testing.T) {
	t.Parallel()
	w := audittest.Small()
	s := w.Records(0)[0]
	raw := append(append([]byte{}, s.Raw...), 0xF8, 0x07, 0x01) // field 127, a number
	sealed := journal.Sealed{Record: s.Record, Raw: raw, Hash: journal.Next(journal.Hash{}, raw)}
	if err := add([]audit.Event{event(sealed, raw, journal.Hash{})}); !isDifference(err) || !strings.Contains(err.Error(), "does not know") {
		t.Errorf("unknown fields: %v", err)
	}
}

func TestAKeyIsTakenOnceOverAllShards(t *testing.T) {
	t.Parallel()
	w := audittest.New()
	w.Do(0, audittest.Open("wallet:a"))
	other := audittest.New()
	other.Do(1, audittest.Open("wallet:b")) // the same key-1
	a := audit.New(audit.Options{})
	if err := a.Add(0, w.Events(0)[0]); err != nil {
		t.Fatal(err)
	}
	err := a.Add(1, other.Events(1)[0])
	if !isDifference(err) || err.Error() != "record 1.1: the idempotency key key-1: expected a key that nobody has taken, found taken by record 0.1" {
		t.Error(err)
	}
}

// TestAFloorHoldsInEveryStripe forges a record whose sums are right and whose account is
// below zero.
func TestAFloorHoldsInEveryStripe(t *testing.T) {
	t.Parallel()
	r := &journalv1.Record{
		Book: audittest.Book, Last: true, ClockUs: 1, Entry: &journalv1.Entry{Kind: "payout", Day: "2026-03-02"},
		Legs: []*journalv1.Leg{
			{Account: "wallet:a", Asset: "RUB", Kind: journalv1.LegKind_LEG_KIND_DEBIT, Amount: "0.01", Version: 1, Debit: "0.01", Credit: "0.00"},
			{Account: "bank:settlement", Asset: "RUB", Kind: journalv1.LegKind_LEG_KIND_CREDIT, Amount: "0.01", Version: 1, Debit: "0.00", Credit: "0.01"},
		},
	}
	err := add(sealAll(t, r))
	want := "record 0.1: what is available in the stripe of wallet:a RUB: expected zero or more, found -0.01"
	if err == nil || err.Error() != want {
		t.Error(err)
	}
	r.Legs[0].Account, r.Legs[1].Account = "bank:other", "clearing:x" // no floors there
	if err := add(sealAll(t, r)); err != nil {
		t.Error(err)
	}
}

// TestMoneyBetweenStripesPasses: the transit part of a floored account is below zero on
// the shard that has only received.
func TestMoneyBetweenStripesPasses(t *testing.T) {
	t.Parallel()
	w := audittest.New()
	w.Do(0, audittest.Post("topup", "", audittest.Leg('D', "bank:settlement", "RUB", "5.00"), audittest.Leg('C', "wallet:a", "RUB", "5.00")))
	w.Travel(0, 1, "wallet:a", money.MustParse("2.00"))
	if err := auditAll(w); err != nil {
		t.Fatal(err)
	}
	if err := compare(w, rowsOf(w, nil)); err != nil {
		t.Fatal(err)
	}
}

// TestMoneyOfTheLongestNamesTravels: the transit part of an account whose name is as long
// as a name may be has a longer one, and nobody is accused for it.
func TestMoneyOfTheLongestNamesTravels(t *testing.T) {
	t.Parallel()
	w := audittest.New()
	for _, account := range []string{"wallet:" + strings.Repeat("a", book.MaxNameBytes-len("wallet:")), "wallet:b:" + strings.Repeat("c", book.MaxNameBytes-len("wallet:b:"))} {
		w.Do(0, audittest.Post("topup", "", audittest.Leg('D', "bank:settlement", "RUB", "5.00"), audittest.Leg('C', account, "RUB", "5.00")))
		w.Travel(0, 1, account, money.MustParse("2.00"))
	}
	if err := auditAll(w); err != nil {
		t.Fatal(err)
	}
	if err := compare(w, rowsOf(w, nil)); err != nil {
		t.Fatal(err)
	}
}
