package audit_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/journal"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// forgeries change a record; false when it is not the one they look for.
var forgeries = []struct {
	name   string
	expect string // in the difference
	change func(r *journalv1.Record) bool
}{}

// TestForgedRecords seals changed records anew, so that chain and headers are right and
// only the rules of the books can tell.
func TestForgedRecords(t *testing.T) {
	t.Parallel()
	for _, forgery := range forgeries {
		t.Run(forgery.name, func(t *testing.T) {
			t.Parallel()
			err := add(forge(t, forgery.change))
			if !isDifference(err) || !strings.Contains(err.Error(), forgery.expect) {
				t.Errorf("expected a difference about %q, got: %v", forgery.expect, err)
			}
		})
	}
}

// forge changes the first record of shard 0 that change accepts, and seals all anew.
func forge(t *testing.T, change func(r *journalv1.Record) bool) []audit.Event {
	t.Helper()
	var records []*journalv1.Record
	done := false
	for _, s := range audittest.Small().Records(0) {
		r := proto.CloneOf(s.Record)
		if !done {
			tried := proto.CloneOf(r)
			if done = change(tried); done {
				r = tried
			}
		}
		records = append(records, r)
	}
	if !done {
		t.Fatal("no record was changed")
	}
	return sealAll(t, records...)
}

func sealAll(t *testing.T, records ...*journalv1.Record) []audit.Event {
	t.Helper()
	var head journal.Head
	var events []audit.Event
	for _, r := range records {
		prev := head.Hash
		sealed, err := head.Seal(0, r)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, event(sealed, sealed.Raw, prev))
	}
	return events
}

func event(s journal.Sealed, raw []byte, prev journal.Hash) audit.Event {
	e := audit.Event{Key: []byte(s.Record.GetBook()), Value: raw}
	for _, h := range journal.Envelope(s, prev) {
		e.Headers = append(e.Headers, audit.Header{Key: h[0], Value: []byte(h[1])})
	}
	return e
}

func onLegs(r *journalv1.Record, n int, change func([]*journalv1.Leg)) bool {
	if len(r.Legs) != n || r.Entry == nil {
		return false
	}
	change(r.Legs)
	return true
}

func onHold(r *journalv1.Record, state journalv1.HoldState, field string) bool {
	if len(r.Holds) == 0 || r.Holds[0].State != state {
		return false
	}
	h := r.Holds[0]
	switch field {
	case "left":
		h.Left = "1.00"
	case "state":
		h.State = journalv1.HoldState_HOLD_STATE_VOIDED
	case "amount":
		h.Amount = "101.00"
	case "expires":
		h.ExpiresUs++
	case "seq":
		h.PlacedSeq++
	}
	return true
}

func onMove(version uint64, change func(*journalv1.Move)) func(*journalv1.Record) bool {
	return func(r *journalv1.Record) bool {
		if r.GetMove().GetVersion() != version {
			return false
		}
		change(r.Move)
		return true
	}
}

func onEffect(answers uint32, change func(*journalv1.Effect)) func(*journalv1.Record) bool {
	return func(r *journalv1.Record) bool {
		if len(r.Effects) == 0 || r.Effects[0].Answers != answers {
			return false
		}
		change(r.Effects[0])
		return true
	}
}
