package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
)

// tampered is an event log in which one record was changed.
type tampered struct {
	port.EventLog
	key []byte // of the operation whose record it is
}

func (l tampered) Replay(ctx context.Context, shard int, from int64, each func([]port.LogRecord) error) error {
	return l.EventLog.Replay(ctx, shard, from, func(records []port.LogRecord) error {
		for i := range records {
			if bytes.Contains(records[i].Value, l.key) {
				records[i].Value = bytes.Replace(records[i].Value, []byte("7.00"), []byte("9.00"), 1)
			}
		}
		return each(records)
	})
}

func auditing(most int, change ...func(*engine.Config)) func(*engine.Config) {
	return func(c *engine.Config) {
		c.Auditor, c.Owner, c.AuditEvery, c.AuditStripes = true, false, 20*time.Millisecond, most
		for _, ch := range change {
			ch(c)
		}
	}
}

// TestTheAuditorFindsWhatWasPlanted: a kopeck changed in the database and an event changed
// on its way. Each is named with its evidence, its accounts are frozen, and nobody else's.
func TestTheAuditorFindsWhatWasPlanted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one")
	for _, name := range []string{"a", "b", "c", "d"} {
		p.must(open("wallet:" + name))
	}
	planted := p.must(pay("planted leg", "bank:settlement", "wallet:a", "5.00"))[0].Record
	changed := p.must(pay("planted event", "bank:second", "wallet:b", "7.00"))[0].Record
	for i := range 20 {
		p.must(pay(fmt.Sprintf("more %d", i), "bank:settlement", []string{"wallet:a", "wallet:b", "wallet:c"}[i%3], "1.00"))
	}
	w.sql(fmt.Sprintf("UPDATE leg SET amount = amount + 0.01 WHERE seq = %d AND leg = 1", planted.GetSeq()))

	auditor := w.startOn(w.dsn, "two", auditing(2, func(c *engine.Config) { c.Events = tampered{c.Events, []byte("planted event")} }))
	auditor.until("both are found and noted", func() bool {
		found, err := p.db.Findings(t.Context(), 0, 10)
		return err == nil && len(found) == 2
	})
	found, err := p.db.Findings(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	leg, event := found[0], found[1]
	if leg.Seq != planted.GetSeq() || leg.What != "amount on wallet:a RUB" || leg.Expected != "5.00" || leg.Found != "5.01" || !slices.Equal(leg.Accounts, []string{"wallet:a"}) {
		t.Errorf("the leg: %+v", leg)
	}
	if event.Seq != changed.GetSeq() || event.What != "the hash of the record" || !bytes.Contains(event.Event, []byte("9.00")) || !slices.Equal(event.Accounts, []string{"bank:second", "wallet:b"}) {
		t.Errorf("the event: %+v", event)
	}
	p.refused(fault.AccountFrozen, pay("from a", "wallet:a", "wallet:d", "1.00"))
	p.refused(fault.AccountFrozen, pay("to b", "bank:settlement", "wallet:b", "1.00"))
	p.must(pay("from c", "wallet:c", "wallet:d", "1.00"), pay("to c", "bank:settlement", "wallet:c", "1.00"))
	auditor.caughtUp(p)
	if n := auditor.value("provodka_findings_total"); n != 2 {
		t.Errorf("%v findings", n)
	}
}

// caughtUp waits until all that is committed was audited.
func (p *process) caughtUp(owner *process) {
	p.world.t.Helper()
	p.until("all is audited", func() bool {
		for s := range p.world.shards {
			if at, err := owner.db.ReadAudited(p.world.t.Context(), s); err != nil || at.Head != p.world.shardRow(p.world.dsn, s).Head {
				return false
			}
		}
		return true
	})
}

// TestTheAuditorGoesOnWhereItEnded: over ends of the auditor, holds and two shards with
// money between them, and with room for one stripe, honest books are not accused.
func TestTheAuditorGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	for round := range 3 {
		for i := range 6 {
			a, b := fmt.Sprintf("wallet:a-%d", i), fmt.Sprintf("wallet:a-%d", (i+1)%6)
			if round == 0 {
				p.must(open(a))
			}
			p.must(pay(fmt.Sprintf("in %d %d", round, i), "bank:settlement", a, "10.00"))
			placed := p.must(op(fmt.Sprintf("hold %d %d", round, i), place(a, "4.00", 0)))[0].Record
			if i%2 == 0 && round > 0 && placed.GetShard() == 0 {
				p.must(op(fmt.Sprintf("settle %d %d", round, i), settle(placed.GetSeq(), "4.00", b)))
			}
		}
		auditor := w.startOn(w.dsn, fmt.Sprintf("auditor %d", round), auditing(1))
		auditor.caughtUp(p)
		if n := auditor.value("provodka_findings_total"); n != 0 {
			for s := range w.shards {
				found, err := p.db.Findings(t.Context(), s, 3)
				t.Errorf("honest books are accused: %+v, %v", found, err)
			}
		}
		auditor.stop()
	}
	if at, err := p.db.ReadAudited(t.Context(), 0); err != nil || at == (store.Audited{CommandOffset: -1}) {
		t.Error("shard 0 was not audited")
	}
}
