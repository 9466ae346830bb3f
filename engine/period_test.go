package engine_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

func period(key string, c *commandv1.ChangePeriod) engine.Operation {
	c.Reason = "ordered by " + key
	return engine.Operation{Operation: &commandv1.Operation{Key: key, What: &commandv1.Operation_Period{Period: c}}}
}

func closeDays(key, through string) engine.Operation {
	return period(key, &commandv1.ChangePeriod{What: commandv1.PeriodChange_PERIOD_CHANGE_CLOSE, Through: through})
}

func reopenDays(key, through string) engine.Operation {
	return engine.Operation{Operation: &commandv1.Operation{Key: key, What: &commandv1.Operation_Ask{Ask: &commandv1.Ask{
		ExpiresMs: time.Hour.Milliseconds(), What: &commandv1.Ask_Period{Period: &commandv1.ChangePeriod{
			What: commandv1.PeriodChange_PERIOD_CHANGE_REOPEN, Through: through, Reason: "asked by " + key,
		}},
	}}}}
}

func daysAgo(n int) string { return time.Now().UTC().AddDate(0, 0, -n).Format(time.DateOnly) }

// sheetOf is the hash of the period's sheet at the records that closed it, or of all that
// there is now.
func (p *process) sheetOf(closed ledger.ClosedPeriod, now bool) []byte {
	p.world.t.Helper()
	sheet, err := ledger.PeriodSheet(p.world.t.Context(), p.db, "main", closed)
	if err != nil {
		p.world.t.Fatal(err)
	}
	if now {
		sheet.Upto = nil
	}
	hash, err := sheet.Hash(p.world.t.Context(), p.db)
	if err != nil {
		p.world.t.Fatal(err)
	}
	return hash
}

func (p *process) periods() []ledger.ClosedPeriod {
	p.world.t.Helper()
	periods, _, err := ledger.ReadPeriods(p.world.t.Context(), p.db, "main")
	if err != nil {
		p.world.t.Fatal(err)
	}
	return periods
}

// TestAClosedPeriodStaysAsItIs: four shards post into a period while it is closed. When
// that is acknowledged nothing is accepted there any more, and the sheet at the records
// that closed it is the sheet of ever after.
func TestAClosedPeriodStaysAsItIs(t *testing.T) {
	t.Parallel()
	const shards = 4
	w := newWorld(t, shards)
	p := w.start("one")
	inside, behind := daysAgo(3), daysAgo(2)
	accounts := make([]string, shards)
	for s := range shards {
		accounts[s] = "wallet:" + w.owner("x", s)
		p.must(open(accounts[s]), onDay(topUp(fmt.Sprint("t", s), accounts[s], "1000.00"), inside))
	}
	var wg sync.WaitGroup
	started := make(chan struct{}, shards)
	for s := range shards {
		wg.Go(func() {
			for i := 0; ; i++ {
				o := p.submit(onDay(pay(fmt.Sprintf("p%d.%d", s, i), accounts[s], accounts[(s+1)%shards], "0.01"), inside))[0]
				if i == 2 {
					started <- struct{}{}
				}
				if o.Refusal != nil {
					if o.Refusal.Code != fault.PeriodClosed || o.Refusal.Facts["first_open"] != behind {
						t.Errorf("shard %d: %v", s, o.Refusal)
					}
					return
				}
			}
		})
	}
	for range shards {
		<-started
	}
	if at := p.must(closeDays("close", inside))[0].Record.GetConfirmed().GetAt(); len(at) != shards {
		t.Errorf("confirmed by %v", at)
	}
	for s := range shards {
		p.refused(fault.PeriodClosed, onDay(topUp(fmt.Sprint("late", s), accounts[s], "1.00"), inside))
	}
	at := p.sheetOf(p.periods()[0], false)
	wg.Wait()
	for s := range shards { // what is booked now belongs to later days, also the money that travels
		p.must(onDay(pay(fmt.Sprint("all", s), accounts[s], accounts[(s+2)%shards], "900.00"), behind))
	}
	p.until("all messages between shards have arrived", p.calm)
	if now := p.sheetOf(p.periods()[0], true); !bytes.Equal(at, now) {
		t.Errorf("the sheet changed: %x, then %x", at, now)
	}
	p.refused(fault.WrongState, closeDays("c2", behind)) // its sheet is not kept yet
	p.must(period("s", &commandv1.ChangePeriod{What: commandv1.PeriodChange_PERIOD_CHANGE_SHEET, Through: inside, Sheet: at, Version: 1}))
	p.must(closeDays("c3", behind))
	p.refused(fault.WrongState, closeDays("c4", behind))
	p.refused(fault.WrongState, closeDays("c5", time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)))
	periods := p.periods()
	if len(periods) != 2 || periods[0].From != behind || !bytes.Equal(periods[1].Sheet, at) || periods[0].Sheet != nil {
		t.Errorf("%+v", periods)
	}
	p.audited()
	p.noneInside(inside)
	p.stop()
	w.sameHeads(1, 7, 8000)
}

// noneInside looks at every record behind the one that closed the days.
func (p *process) noneInside(through string) {
	p.world.t.Helper()
	for s := range p.world.shards {
		closed := false
		for _, r := range p.events(s) {
			closed = closed || slices.ContainsFunc(r.GetRules(), func(m *journalv1.Rule) bool { return m.GetKind() == ledger.PeriodRule })
			if e := r.GetEntry(); closed && e != nil && e.GetDay() <= through {
				p.world.t.Errorf("record %d of shard %d is dated %s", r.GetSeq(), s, e.GetDay())
			}
		}
		if !closed {
			p.world.t.Errorf("shard %d closed nothing", s)
		}
	}
}
