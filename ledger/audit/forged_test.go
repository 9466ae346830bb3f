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
}{
	{"amount", "credit after of leg 1", func(r *journalv1.Record) bool {
		return onLegs(r, 2, func(l []*journalv1.Leg) { l[1].Amount = "1000.01" })
	}},
	{"both amounts", "after of leg 0", func(r *journalv1.Record) bool {
		return onLegs(r, 2, func(l []*journalv1.Leg) { l[0].Amount, l[1].Amount = "1.00", "1.00" })
	}},
	{"scale", "amount of leg 0", func(r *journalv1.Record) bool {
		return onLegs(r, 2, func(l []*journalv1.Leg) { l[0].Amount = "1000.0" })
	}},
	{"after", "debit after of leg 0", func(r *journalv1.Record) bool {
		return onLegs(r, 2, func(l []*journalv1.Leg) { l[0].Debit = "1000.01" })
	}},
	{"version", "version of leg 0", func(r *journalv1.Record) bool {
		return onLegs(r, 2, func(l []*journalv1.Leg) { l[0].Version = 2 })
	}},
	{"side", "of leg 1", func(r *journalv1.Record) bool {
		return onLegs(r, 2, func(l []*journalv1.Leg) { l[1].Kind = journalv1.LegKind_LEG_KIND_DEBIT })
	}},
	{"account", "the account of leg 1", func(r *journalv1.Record) bool {
		return onLegs(r, 2, func(l []*journalv1.Leg) { l[1].Account = "gold:mine" })
	}},
	{"asset", "the asset of leg 1", func(r *journalv1.Record) bool {
		return onLegs(r, 2, func(l []*journalv1.Leg) { l[1].Asset = "XXX" })
	}},
	{"entry gone", "the entry of the legs", func(r *journalv1.Record) bool { had := r.Entry != nil; r.Entry = nil; return had }},
	{"day", "the entry's day", func(r *journalv1.Record) bool {
		if r.Entry == nil {
			return false
		}
		r.Entry.Day = "2026-02-30"
		return true
	}},
	{"purposes", "purposes kept apart", func(r *journalv1.Record) bool {
		if r.GetEntry().GetKind() != "commission" {
			return false
		}
		r.Entry.Kind = "gift"
		return true
	}},
	{"key twice", "the idempotency key", func(r *journalv1.Record) bool { had := r.Seq == 3; r.Key = "key-1"; return had }},
	{"request hash", "the hash of the request", func(r *journalv1.Record) bool { had := r.Key != ""; r.RequestHash = []byte("short"); return had }},
	{"clock", "the clock", func(r *journalv1.Record) bool { had := r.Seq == 4; r.ClockUs = 1; return had }},
	{"offset", "the offset of the next command", func(r *journalv1.Record) bool { had := r.Seq == 4; r.Offset = 1; return had }},
	{"offset inside", "the offset of the command, inside one", func(r *journalv1.Record) bool { had := r.Seq == 3; r.Offset = 9; return had }},
	{"empty", "what the record says", func(r *journalv1.Record) bool { had := r.Refusal != nil; r.Refusal = nil; return had }},
	{"refusal and books", "beside a refusal", func(r *journalv1.Record) bool {
		r.Refusal = &journalv1.Refusal{Code: "internal"}
		return r.Entry != nil
	}},
	{"external and books", "beside an external fact", func(r *journalv1.Record) bool {
		r.External = &journalv1.External{Kind: journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL}
		return r.Entry != nil
	}},
	{"opened twice", "the opening of wallet:company-0", func(r *journalv1.Record) bool {
		r.Accounts = append(r.Accounts, &journalv1.Account{Name: "wallet:company-0"})
		return r.Seq == 2
	}},
	{"opened nowhere", "the opened account", func(r *journalv1.Record) bool {
		if len(r.Accounts) == 0 {
			return false
		}
		r.Accounts[0].Name = "gold"
		return true
	}},
	{"hold left", "what hold 0.", func(r *journalv1.Record) bool { return onHold(r, journalv1.HoldState_HOLD_STATE_PLACED, "left") }},
	{"hold gone", "the holds behind the held sum", func(r *journalv1.Record) bool { had := len(r.Holds) > 0; r.Holds = nil; return had }},
	{"hold state", "the state of hold", func(r *journalv1.Record) bool { return onHold(r, journalv1.HoldState_HOLD_STATE_PLACED, "state") }},
	{"hold sum", "the sum of hold", func(r *journalv1.Record) bool { return onHold(r, journalv1.HoldState_HOLD_STATE_SETTLED, "amount") }},
	{"hold expiry", "when hold", func(r *journalv1.Record) bool { return onHold(r, journalv1.HoldState_HOLD_STATE_VOIDED, "expires") }},
	{"hold unknown", "the record that placed hold", func(r *journalv1.Record) bool { return onHold(r, journalv1.HoldState_HOLD_STATE_VOIDED, "seq") }},
	{"timer unknown", "a timer that stands", func(r *journalv1.Record) bool {
		for _, tm := range r.Timers {
			if tm.Closed {
				tm.Id = "hold.77"
				return true
			}
		}
		return false
	}},
	{"timer twice", "a timer that does not stand yet", func(r *journalv1.Record) bool {
		for _, tm := range r.Timers {
			if !tm.Closed {
				r.Timers = append(r.Timers, proto.CloneOf(tm))
				return true
			}
		}
		return false
	}},
	{"timer of nobody", "the timer that fired", func(r *journalv1.Record) bool { r.Actor = "timer"; return len(r.Timers) == 0 && r.External == nil }},
	{"timers forgotten", "how many timers", func(r *journalv1.Record) bool {
		had := len(r.GetMove().GetTimers()) > 0
		if had {
			r.Move.Timers = nil
		}
		return had
	}},
	{"move from", "the state of task", onMove(2, func(m *journalv1.Move) { m.From = "draft" })},
	{"move version", "the version of task", onMove(2, func(m *journalv1.Move) { m.Version = 3 })},
	{"move owner", "the owner of task", onMove(2, func(m *journalv1.Move) { m.Owner = "company-9" })},
	{"move recipes", "the recipes of the entry", onMove(2, func(m *journalv1.Move) { m.Recipes = []string{"gift"} })},
	{"effect state", "the state of effect", onEffect(1, func(e *journalv1.Effect) { e.State = journalv1.EffectState_EFFECT_STATE_CLOSED })},
	{"effect answers", "the answers of effect", onEffect(1, func(e *journalv1.Effect) { e.Answers = 5 })},
	{"effect body", "what effect", onEffect(1, func(e *journalv1.Effect) { e.Body = []byte("other") })},
	{"effect never opened", "one that was opened before", onEffect(1, func(e *journalv1.Effect) { e.Attempt = strings.Repeat("0", 32) })},
	{"effect number", "the number of effect", onEffect(0, func(e *journalv1.Effect) { e.Number = 2 })},
	{"effect id", "the attempt of an effect", onEffect(0, func(e *journalv1.Effect) { e.Attempt = "xyz" })},
}

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
