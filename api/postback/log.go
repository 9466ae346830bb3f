package postback

import (
	"context"
	"sync"
	"time"

	"github.com/provodka/provodka/ledger/store"
)

// Bounds of the log of deliveries.
const (
	logAtOnce  = 500              // rows of one write
	logMost    = 10_000           // rows that wait for the database; what comes on top is not logged
	logEvery   = time.Second      // between two writes
	pruneEvery = 10 * time.Minute // between two times that old rows are forgotten
)

// journal writes down what became of deliveries, in sets and behind them: it holds no
// delivery up, and what a kill or a database that is gone takes from it is a row for
// people, no event.
type journal struct {
	mu     sync.Mutex
	rows   []store.Delivery
	lost   int
	pruned time.Time
}

// note adds a row.
func (j *journal) note(d store.Delivery) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.rows) >= logMost {
		j.lost++
		return
	}
	j.rows = append(j.rows, d)
}

// take hands out the oldest rows, and how many could not be kept.
func (j *journal) take() (rows []store.Delivery, lost int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := min(len(j.rows), logAtOnce)
	rows, lost = j.rows[:n:n], j.lost
	j.rows, j.lost = j.rows[n:], 0
	return rows, lost
}

// back puts rows that could not be written in front again.
func (j *journal) back(rows []store.Delivery) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.rows = append(rows, j.rows...)
}

// keepLog writes the log until the context ends, and what is left of it then.
func (d *Deliverer) keepLog(ctx context.Context) {
	tick := time.NewTicker(logEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), logEvery)
			defer cancel()
			d.Flush(last)
			return
		case <-tick.C:
			d.Flush(ctx)
		}
	}
}

// Flush writes what waits to be logged.
func (d *Deliverer) Flush(ctx context.Context) {
	for {
		rows, lost := d.log.take()
		if lost > 0 {
			d.cfg.Logger.WarnContext(ctx, "deliveries are missing in their log", "deliveries", lost)
		}
		if len(rows) == 0 {
			return
		}
		now := d.cfg.Now()
		prune := now.Sub(d.log.pruned) >= pruneEvery
		if err := d.cfg.DB.PutDeliveries(ctx, rows, prune); err != nil {
			d.log.back(rows)
			d.cfg.Logger.WarnContext(ctx, "the log of deliveries has to wait", "error", err)
			return
		}
		if prune {
			d.log.pruned = now
		}
	}
}
