package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/machine"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// aggregate is an aggregate of a flow after its last move.
type aggregate struct {
	shard   int
	version uint64
	state   string
	owner   string
	timers  int // that stand
}

// timer is an event of the future that stands.
type timer struct {
	m     *journalv1.Timer
	of    [16]byte // its aggregate
	spent bool     // fired in vain: the aggregate still lists it until its next state
}

// effect is what is remembered of an attempt.
type effect struct {
	state   journalv1.EffectState
	answers uint32
	fixed   [8]byte // digest of what may never change
}

// timers checks that what is set does not stand yet and that what is closed stood.
func (c *check) timers() error {
	fired := false
	for _, t := range c.r.GetTimers() {
		name := "timer " + t.GetId()
		old := c.s.timers[t.GetId()]
		of := hash16(c.r.GetBook(), t.GetFlow(), t.GetAggregate())
		if !t.GetClosed() {
			if old != nil {
				return c.differ(name, "a timer that does not stand yet", "one that stands")
			}
			c.s.timers[t.GetId()] = &timer{m: t, of: of}
			c.standing(t, of, 1)
			continue
		}
		switch {
		case old == nil:
			return c.differ(name, "a timer that stands", "none, and it is closed")
		case old.of != of || old.m.GetDueUs() != t.GetDueUs() || old.m.GetEvent() != t.GetEvent():
			return c.differ(name, timerText(old.m), timerText(t))
		}
		fired = fired || t.GetDueUs() <= c.r.GetClockUs()
		if c.r.GetRefusal() != nil && ofAggregate(t) && !old.spent {
			old.spent = true
			continue
		}
		delete(c.s.timers, t.GetId())
		c.standing(t, of, -1)
	}
	if c.r.GetActor() == "timer" && c.r.GetExternal() == nil && !fired {
		return c.differ("the timer that fired", "a timer due by "+clockText(c.r.GetClockUs()), "none")
	}
	return nil
}

func timerText(t *journalv1.Timer) string {
	return t.GetEvent() + " of " + t.GetFlow() + " " + t.GetAggregate() + " at " + clockText(t.GetDueUs())
}

// ofAggregate says whether an aggregate lists the timer: the expiry of a hold, or of what
// waits for a second person, the day of a scheduled entry and the deadline of an operation
// that waits for money have none.
func ofAggregate(t *journalv1.Timer) bool {
	switch t.GetFlow() {
	case ledger.HoldFlow, ledger.ScheduleFlow, ledger.ApprovalFlow, "gather":
		return false
	}
	return true
}

// standing counts the timers of an aggregate.
func (c *check) standing(t *journalv1.Timer, of [16]byte, by int) {
	if !ofAggregate(t) {
		return
	}
	agg := c.a.aggregates[of]
	if agg == nil {
		agg = &aggregate{shard: c.s.number}
		c.a.aggregates[of] = agg
	}
	agg.timers += by
}

// effects checks every effect against the state before: opened once, answered one by
// one, closed for good.
func (c *check) effects() error {
	for _, e := range c.r.GetEffects() {
		name := "effect " + e.GetAttempt()
		var id [16]byte
		if n, err := hex.Decode(id[:], []byte(e.GetAttempt()[:min(len(e.GetAttempt()), 2*len(id))])); err != nil || n != len(id) || len(e.GetAttempt()) != 2*len(id) {
			return c.differ("the attempt of an effect", "32 hex digits", e.GetAttempt())
		}
		old, known := c.s.effects[id]
		now := effect{state: e.GetState(), answers: e.GetAnswers(), fixed: c.fixedOf(e)}
		var err error
		if known {
			err = c.answered(name, old, now, e)
		} else {
			err = c.asked(name, e)
		}
		if err != nil {
			return err
		}
		c.s.effects[id] = now
	}
	return nil
}

// asked checks a new effect.
func (c *check) asked(name string, e *journalv1.Effect) error {
	m := c.r.GetMove()
	switch {
	case e.GetState() != journalv1.EffectState_EFFECT_STATE_OPEN || e.GetAnswers() != 0 || e.GetResult() != "":
		return c.differ(name, "one that was opened before", "answered, and nobody opened it")
	case m == nil || m.GetFlow() != e.GetFlow() || m.GetId() != e.GetId():
		return c.differ("the move that opened "+name, "a step of "+e.GetFlow()+" "+e.GetId(), "none")
	case e.GetNumber() == 0 || m.GetAttempts()[e.GetAsk()] != e.GetNumber():
		return c.differ("the number of "+name, uintText(uint64(m.GetAttempts()[e.GetAsk()])), uintText(uint64(e.GetNumber())))
	case e.GetOpenedUs() != c.r.GetClockUs():
		return c.differ("when "+name+" was opened", clockText(c.r.GetClockUs()), clockText(e.GetOpenedUs()))
	}
	return nil
}

// answered checks the next state of an effect.
func (c *check) answered(name string, old, now effect, e *journalv1.Effect) error {
	final := e.GetResult() == "done" || e.GetResult() == "refused"
	switch {
	case now.fixed != old.fixed:
		return c.differ("what "+name+" asks", "the same as when it was opened", "something else")
	case now.answers != old.answers+1:
		return c.differ("the answers of "+name, uintText(uint64(old.answers)+1), uintText(uint64(now.answers)))
	case final && now.state != journalv1.EffectState_EFFECT_STATE_CLOSED:
		return c.differ("the state of "+name+" after "+e.GetResult(), "closed", now.state.String())
	case !final && old.state == journalv1.EffectState_EFFECT_STATE_CLOSED && now.state != old.state:
		return c.differ("the state of "+name+" that was closed", "closed", now.state.String())
	case !final && old.state != journalv1.EffectState_EFFECT_STATE_CLOSED && now.state != journalv1.EffectState_EFFECT_STATE_IN_DOUBT:
		return c.differ("the state of "+name+" after "+e.GetResult(), "in doubt", now.state.String())
	}
	return nil
}

func (c *check) fixedOf(e *journalv1.Effect) [8]byte {
	var buf [512]byte
	b := buf[:0]
	for _, s := range []string{c.r.GetBook(), e.GetFlow(), e.GetId(), e.GetAsk(), e.GetPort(), e.GetVerb(), string(e.GetBody())} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	b = binary.AppendUvarint(b, uint64(e.GetNumber()))
	b = binary.AppendVarint(b, e.GetOpenedUs())
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}

// move checks one step of an aggregate against its last one.
func (c *check) move() error {
	m := c.r.GetMove()
	if m == nil {
		return nil
	}
	name := m.GetFlow() + " " + m.GetId()
	key := hash16(c.r.GetBook(), m.GetFlow(), m.GetId())
	agg := c.a.aggregates[key]
	if agg == nil {
		agg = &aggregate{shard: c.s.number}
		c.a.aggregates[key] = agg
	}
	from := agg.state
	if agg.version == 0 {
		from, agg.owner = machine.New, c.a.word(m.GetOwner())
	}
	switch {
	case agg.shard != c.s.number:
		return c.differ("the shard of "+name, strconv.Itoa(agg.shard), strconv.Itoa(c.s.number))
	case m.GetVersion() != agg.version+1:
		return c.differ("the version of "+name, uintText(agg.version+1), uintText(m.GetVersion()))
	case m.GetFrom() != from:
		return c.differ("the state of "+name+" before", from, m.GetFrom())
	case m.GetTo() == "":
		return c.differ("the state of "+name+" after", "a state", "none")
	case m.GetOwner() != agg.owner:
		return c.differ("the owner of "+name, agg.owner, m.GetOwner())
	}
	agg.version, agg.state = m.GetVersion(), c.a.word(m.GetTo())
	return c.moveBooks(name, m, agg, key)
}

// moveBooks checks what a step says about its entry and its timers.
func (c *check) moveBooks(name string, m *journalv1.Move, agg *aggregate, key [16]byte) error {
	e, recipes := c.r.GetEntry(), strings.Join(m.GetRecipes(), book.KindSeparator)
	switch {
	case e == nil && recipes != "":
		return c.differ("the entry of "+name, recipes, "none")
	case e != nil && recipes != e.GetKind():
		return c.differ("the recipes of the entry of "+name, e.GetKind(), recipes)
	case len(m.GetTimers()) != agg.timers:
		return c.differ("how many timers "+name+" has", strconv.Itoa(agg.timers), strconv.Itoa(len(m.GetTimers())))
	}
	for _, t := range m.GetTimers() {
		standing := c.s.timers[t.GetId()]
		if standing == nil || standing.of != key || standing.m.GetDueUs() != t.GetDueUs() || standing.m.GetEvent() != t.GetEvent() {
			return c.differ("timer "+t.GetId()+" of "+name, "one that stands", timerText(t))
		}
	}
	return nil
}
