package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/provodka/provodka/ledger/store"
)

// sighting is when this process first saw a lease with its present beat.
type sighting struct {
	beat int64
	at   time.Time // our monotonic clock
}

// keepLeases renews what this process holds, takes what is free up to its fair
// share and hands over what is above it. A lease is free when its time is over by
// the database clock, or when its beat stood still for two TTLs of our own
// monotonic clock: the database clock may jump.
func (e *Engine) keepLeases(ctx context.Context) error {
	seen := map[int]sighting{}
	tick := time.NewTicker(e.cfg.LeaseTTL / 6)
	defer tick.Stop()
	for {
		// A round that hangs may not keep us from noticing that the leases are over.
		round, cancel := context.WithTimeout(ctx, e.cfg.LeaseTTL)
		err := e.leaseRound(round, seen)
		if errors.Is(err, store.ErrNameTaken) { // while this process was stopped
			cancel()
			e.handOver(false) // what is leased to our name is the other's
			return err
		}
		if err != nil && ctx.Err() == nil {
			e.cfg.Logger.WarnContext(ctx, "lease round failed", "error", err)
			e.dropStale()
		}
		cancel()
		select {
		case <-ctx.Done():
			e.handOver(true)
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// enter waits until the process's name is ours. One that was killed holds it until its
// time is over; one that lives on does not give it up.
func (e *Engine) enter(ctx context.Context) error {
	patience := time.After(2 * e.cfg.LeaseTTL)
	for {
		_, err := e.cfg.DB.Announce(ctx, e.cfg.Process, e.instance, e.cfg.Owner, e.cfg.LeaseTTL)
		if !errors.Is(err, store.ErrNameTaken) {
			return nil // what else may be wrong, the rounds tell
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience:
			return fmt.Errorf("%w; give every process a name of its own", err)
		case <-time.After(e.cfg.LeaseTTL / 6):
		}
	}
}

// leaseRound is one pass: renew, look, release, take.
func (e *Engine) leaseRound(ctx context.Context, seen map[int]sighting) error {
	// First: a lease of our name may be a twin's.
	live, err := e.cfg.DB.Announce(ctx, e.cfg.Process, e.instance, e.cfg.Owner, e.cfg.LeaseTTL)
	if err != nil {
		return err
	}
	before := time.Now() // clock: leases are trusted from before the renewal was asked for
	held := e.held()
	mine, dbNow, err := e.cfg.DB.RenewLeases(ctx, e.cfg.Process, held, e.cfg.LeaseTTL)
	if err != nil {
		return err
	}
	e.clock.set(dbNow)
	e.renewed(held, mine, before)
	leases, err := e.cfg.DB.Leases(ctx)
	if err != nil {
		return err
	}
	e.markReady(leases, dbNow)
	if !e.cfg.Owner {
		return nil
	}
	shards := e.cfg.Commands.Shards()
	fair := (shards + max(live, 1) - 1) / max(live, 1)
	for _, s := range held[min(fair, len(held)):] {
		e.end(s, true)
	}
	return e.take(ctx, leases, seen, fair)
}

// take takes free leases while this process holds less than its share.
func (e *Engine) take(ctx context.Context, leases []store.Lease, seen map[int]sighting, fair int) error {
	byShard := map[int]store.Lease{}
	for _, l := range leases {
		byShard[l.Shard] = l
		if s := seen[l.Shard]; s.beat != l.Beat || s.at.IsZero() {
			seen[l.Shard] = sighting{l.Beat, time.Now()} // clock: how long a beat stands still, monotonic
		}
	}
	for s := range e.cfg.Commands.Shards() {
		if len(e.held()) >= fair {
			return nil
		}
		if e.holds(s) {
			continue
		}
		beat := int64(-1)
		if l, ok := byShard[s]; ok && time.Since(seen[s].at) > 2*e.cfg.LeaseTTL { // clock: monotonic
			beat = l.Beat
		}
		before := time.Now() // clock: the lease is trusted from before it was asked for
		_, ok, err := e.cfg.DB.TakeLease(ctx, s, e.cfg.Process, e.cfg.LeaseTTL, beat)
		if err != nil {
			return err
		}
		if ok {
			e.start(ctx, s, before)
		}
	}
	return nil
}

// markReady closes Ready when every shard has an owner that runs. A shard of ours
// counts when its loop has begun, one of another process when its lease lives.
func (e *Engine) markReady(leases []store.Lease, now time.Time) {
	alive := map[int]bool{}
	for _, l := range leases {
		if l.Until.After(now) && l.Owner != e.cfg.Process {
			alive[l.Shard] = true
		}
	}
	e.mu.Lock()
	for s, sh := range e.owned {
		alive[s] = sh.running.Load()
	}
	e.mu.Unlock()
	for s := range e.cfg.Commands.Shards() {
		if !alive[s] {
			return
		}
	}
	e.readyO.Do(func() { close(e.ready) })
}

// held lists the shards whose loops are to go on.
func (e *Engine) held() []int {
	e.mu.Lock()
	defer e.mu.Unlock()
	var held []int
	for s := range e.cfg.Commands.Shards() {
		if sh := e.owned[s]; sh != nil && !sh.ending {
			held = append(held, s)
		}
	}
	return held
}

// holds says whether a loop of the shard is here, be it one that is ending.
func (e *Engine) holds(s int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.owned[s] != nil
}

// owning lists the shards whose loops are here, also those that are ending.
func (e *Engine) owning() []int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.owned))
}

// Stopped tells of the shards of this process whose loop does not run, and why:
// for the ones that wait for a person it is one of the named reasons.
func (e *Engine) Stopped() map[int]error {
	e.mu.Lock()
	defer e.mu.Unlock()
	stopped := map[int]error{}
	for s, sh := range e.owned {
		if why := sh.trouble.Load(); why != nil {
			stopped[s] = *why
		}
	}
	return stopped
}

// renewed tells the shards that their lease was renewed, and stops those that
// another process has taken.
func (e *Engine) renewed(held, mine []int, at time.Time) {
	still := map[int]bool{}
	for _, s := range mine {
		still[s] = true
	}
	for _, s := range held {
		e.mu.Lock()
		sh := e.owned[s]
		e.mu.Unlock()
		switch {
		case sh == nil:
		case still[s]:
			sh.renewedAt.Store(&at)
		default:
			e.cfg.Logger.Warn("lease lost", "shard", s)
			e.end(s, false)
		}
	}
}

// dropStale stops shards whose lease can no longer be trusted.
func (e *Engine) dropStale() {
	for _, s := range e.held() {
		e.mu.Lock()
		sh := e.owned[s]
		e.mu.Unlock()
		if sh != nil && time.Since(*sh.renewedAt.Load()) > e.cfg.LeaseTTL { // clock: monotonic
			e.end(s, false)
		}
	}
}

// start runs the loop of a shard whose lease was just taken.
func (e *Engine) start(ctx context.Context, s int, leased time.Time) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	sh := &shard{engine: e, number: s, cancel: cancel, hinted: make(chan struct{}, 1)}
	sh.renewedAt.Store(&leased)
	e.mu.Lock()
	e.owned[s] = sh
	e.mu.Unlock()
	e.loops.Go(func() {
		sh.own(ctx)
		cancel()
		e.ended(sh)
	})
}

// end tells a shard's loop to end, and with release to give the lease back after
// it. It does not wait: a commit in flight may take its time, and the renewal of
// the other shards' leases may not wait for it.
func (e *Engine) end(s int, release bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if sh := e.owned[s]; sh != nil {
		sh.ending, sh.release = true, sh.release || release
		sh.cancel()
	}
}

// ended gives the lease of a shard back whose loop has ended, so that another
// process need not wait for the TTL. Until that is done the shard is not taken.
func (e *Engine) ended(sh *shard) {
	e.mu.Lock()
	release := sh.release
	e.mu.Unlock()
	if release {
		ctx, cancel := context.WithTimeout(context.Background(), e.cfg.LeaseTTL)
		defer cancel()
		if err := e.cfg.DB.ReleaseLease(ctx, sh.number, e.cfg.Process); err != nil {
			e.cfg.Logger.Warn("lease not released; it runs out by itself", "shard", sh.number, "error", err)
		}
	}
	e.mu.Lock()
	delete(e.owned, sh.number)
	e.mu.Unlock()
}

// handOver ends everything, and gives the leases back at a graceful stop.
func (e *Engine) handOver(release bool) {
	for s := range e.cfg.Commands.Shards() {
		e.end(s, release)
	}
	over := make(chan struct{})
	go func() { e.loops.Wait(); close(over) }()
	select {
	case <-over:
	case <-time.After(e.cfg.CommitTimeout + e.cfg.RequestTimeout): // a port that does not heed its context
		e.cfg.Logger.Error("shards did not end in time; their leases run out by themselves", "shards", e.owning())
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.cfg.LeaseTTL)
	defer cancel()
	if err := e.cfg.DB.Leave(ctx, e.cfg.Process, e.instance); err != nil {
		e.cfg.Logger.Warn("process not signed off; its entry runs out by itself", "error", err)
	}
}
