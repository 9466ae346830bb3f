package engine

import (
	"context"
	"time"

	"github.com/provodka/provodka/engine/port"
)

// reader decodes what the command log hands over, in bounded portions.
func (w *writer) reader(ctx context.Context, log port.CommandReader, out chan<- []*arrival) error {
	defer close(out)
	for {
		records, err := log.Poll(ctx, w.cfg.BatchOperations)
		if err != nil {
			return err
		}
		w.metrics.lag.Set(float64(log.Lag())) // float: a metric
		var portion []*arrival
		operations := 0
		for _, r := range records {
			a := decode(r, w.hub)
			a.trace = w.traceOf(r.Headers)
			if operations > 0 && (operations+a.operations() > w.cfg.BatchOperations || w.ahead(a) > 0) {
				if !send(ctx, out, portion) {
					return ctx.Err()
				}
				portion, operations = nil, 0
			}
			if err := w.waitForClock(ctx, a); err != nil {
				return err
			}
			portion, operations = append(portion, a), operations+a.operations()
		}
		if len(portion) > 0 && !send(ctx, out, portion) {
			return ctx.Err()
		}
	}
}

func send(ctx context.Context, out chan<- []*arrival, portion []*arrival) bool {
	select {
	case out <- portion:
		return true
	case <-ctx.Done():
		return false
	}
}

// mostAhead is how far a record's stamp may run before the database clock.
const mostAhead = 10 * time.Second

// ahead is how long a record must wait until the database clock comes near its
// stamp; 0 when it need not.
func (w *writer) ahead(a *arrival) time.Duration {
	if w.nowUS == nil {
		return 0
	}
	return max(0, time.Duration(a.stampUS-w.nowUS())*time.Microsecond-mostAhead)
}

// waitForClock holds the shard at a record stamped far ahead of the database
// clock: its stamp would drag the books' clock along. The alert is a metric and a
// log line; a person may mend the clock or give the record up.
func (w *writer) waitForClock(ctx context.Context, a *arrival) error {
	for wait := w.ahead(a); wait > 0; wait = w.ahead(a) {
		w.metrics.ahead.Set(wait.Seconds())
		w.log.ErrorContext(ctx, "a record is stamped ahead of the database clock; the shard waits",
			"shard", w.shard, "offset", a.offset, "ahead", wait)
		if w.cfg.GiveUp(int(w.shard), a.offset) {
			a.command, a.undecodable = nil, gaveUp
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(wait, time.Second)):
		}
	}
	w.metrics.ahead.Set(0)
	return nil
}
