package ledger

import (
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// ScheduleFlow is the timer's flow for the day of a scheduled entry.
const ScheduleFlow = "schedule"

// schedule holds what an entry of a later day takes, and sets a timer at the beginning
// of its day. The accounts must stand so that it could be posted now.
func schedule(v View, entry *journalv1.Entry, legs []book.Change, now Now) (*Draft, *fault.Refusal, *book.Short) {
	day, err := time.ParseInLocation(time.DateOnly, entry.GetDay(), now.Zone)
	if err != nil {
		return nil, fault.Refuse(fault.Malformed, "day", "%q is not a date YYYY-MM-DD", entry.GetDay()), nil
	}
	if refusal := book.CheckStandings(v, legs); refusal != nil {
		return nil, refusal, nil
	}
	applied, short := book.Apply(v, book.Reserve(legs), nil)
	if short != nil {
		return nil, nil, short
	}
	d := draft(applied, nil)
	s := &journalv1.Scheduled{
		Seq: now.Seq, State: journalv1.ScheduledState_SCHEDULED_STATE_WAITING, DueUs: day.UnixMicro(), Entry: entry,
	}
	for _, l := range legs {
		s.Legs = append(s.Legs, &journalv1.Leg{
			Account: l.Account, Asset: l.Asset.Code, Kind: journalv1.LegKind(l.Kind), Amount: l.Asset.Format(l.Amount),
		})
	}
	d.Record.Scheduled = s
	d.Record.Timers = []*journalv1.Timer{dayTimer(s, false)}
	return d, nil, nil
}

func dayTimer(s *journalv1.Scheduled, closed bool) *journalv1.Timer {
	seq := strconv.FormatUint(s.GetSeq(), 10)
	return &journalv1.Timer{
		Id: ScheduleFlow + "." + seq, DueUs: s.GetDueUs(), Flow: ScheduleFlow, Aggregate: seq, Event: "post", Closed: closed,
	}
}

// cancel gives back what a scheduled entry holds.
func cancel(v View, seq uint64) (*Draft, *fault.Refusal, *book.Short) {
	s := v.Scheduled(seq)
	if s == nil {
		return nil, fault.Refuse(fault.NotFound, "scheduled", "record %d of the shard scheduled no entry", seq), nil
	}
	if s.GetState() != journalv1.ScheduledState_SCHEDULED_STATE_WAITING {
		return nil, fault.Refuse(fault.WrongState, "scheduled", "the scheduled entry is %s", scheduledWord(s.GetState())).
			With("state", scheduledWord(s.GetState())), nil
	}
	return givenUp(v, s, journalv1.ScheduledState_SCHEDULED_STATE_CANCELLED, nil), nil, nil
}

// PostScheduled posts a scheduled entry on its day. What the books forbid by then is
// not posted: its money is given back, and the record says why. Nil when it waits no more.
func PostScheduled(v View, seq uint64) *Draft {
	s := v.Scheduled(seq)
	if s.GetState() != journalv1.ScheduledState_SCHEDULED_STATE_WAITING {
		return nil
	}
	legs := ScheduledLegs(s)
	refusal := book.CheckEntry(s.GetEntry().GetKind(), legs)
	if refusal == nil {
		refusal = checkDay(v, s.GetEntry().GetDay())
	}
	if refusal == nil {
		refusal = book.CheckStandings(v, legs)
	}
	if refusal == nil {
		applied, short := book.Apply(v, append(giveBack(legs), legs...), nil)
		if refusal = fits(v, applied); short == nil && refusal == nil {
			entry := proto.CloneOf(s.GetEntry())
			entry.Links = linked(entry.GetLinks(), "scheduled", strconv.FormatUint(seq, 10))
			d := draft(applied, entry)
			d.ended(s, journalv1.ScheduledState_SCHEDULED_STATE_POSTED, nil)
			return d
		}
		if short != nil {
			refusal = Refused(short)
		}
	}
	return givenUp(v, s, journalv1.ScheduledState_SCHEDULED_STATE_FAILED, refusal)
}

func givenUp(v View, s *journalv1.Scheduled, to journalv1.ScheduledState, why *fault.Refusal) *Draft {
	applied, short := book.Apply(v, giveBack(ScheduledLegs(s)), nil)
	if short != nil {
		panic("ledger: giving back lowers " + short.Account)
	}
	d := draft(applied, nil)
	d.ended(s, to, why)
	return d
}

// notAhead refuses a day to come of what cannot be scheduled: only a plain entry can.
func notAhead(entry *journalv1.Entry, now Now) *fault.Refusal {
	if entry.GetDay() <= now.Day {
		return nil
	}
	return fault.Refuse(fault.Malformed, "day", "%s has not come, and only a plain entry can be scheduled", entry.GetDay())
}

// giveBack is what Reserve held, given back.
func giveBack(legs []book.Change) []book.Change {
	held := book.Reserve(legs)
	for i := range held {
		held[i].Amount = held[i].Amount.Neg()
	}
	return held
}

func (d *Draft) ended(s *journalv1.Scheduled, to journalv1.ScheduledState, why *fault.Refusal) {
	after := proto.CloneOf(s)
	after.State = to
	if why != nil {
		after.Refusal = &journalv1.Refusal{Code: string(why.Code), Field: why.Field, Reason: why.Reason, Facts: why.Facts}
	}
	d.Record.Scheduled = after
	d.Record.Timers = append(d.Record.Timers, dayTimer(s, true))
}

// ScheduledLegs reads the legs of a scheduled entry, which were checked when it was made.
func ScheduledLegs(s *journalv1.Scheduled) []book.Change {
	legs := make([]book.Change, len(s.GetLegs()))
	for i, l := range s.GetLegs() {
		t, refusal := typeOf("account", l.GetAccount())
		asset, ok := money.LookupAsset(l.GetAsset())
		if refusal != nil || !ok {
			panic(fmt.Sprintf("ledger: leg %d of the scheduled entry %d: %v %s", i, s.GetSeq(), refusal, l.GetAsset()))
		}
		legs[i] = book.Change{Account: l.GetAccount(), Type: t, Asset: asset, Kind: book.Kind(l.GetKind()), Amount: money.MustParse(l.GetAmount())}
	}
	return legs
}

func scheduledWord(s journalv1.ScheduledState) string {
	switch s {
	case journalv1.ScheduledState_SCHEDULED_STATE_POSTED:
		return "posted"
	case journalv1.ScheduledState_SCHEDULED_STATE_CANCELLED:
		return "cancelled"
	case journalv1.ScheduledState_SCHEDULED_STATE_FAILED:
		return "failed"
	default:
		return "waiting"
	}
}
