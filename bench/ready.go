package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// roundReady measures how soon a server posts again after a clean stop and after a kill.
func (l *lab) roundReady(ctx context.Context, round int) (err error) {
	const clean, killed = "ready after a stop", "ready after kill -9"
	if !l.wants(clean, killed) {
		return nil
	}
	h, names, err := l.openHouse(ctx, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if _, err := h.drive(ctx, names, loadSpec{clients: 2, size: 1000}, time.Second); err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		end  func() error
	}{
		{clean, func() error { return h.server.stop() }},
		{killed, func() error { h.server.kill(); return nil }},
	} {
		if !l.wants(c.name) {
			continue
		}
		if err := c.end(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		h.server = nil
		h.config.Process = fmt.Sprintf("bench after %q", c.name) // another process, as after a restart elsewhere
		began := time.Now()
		if err := h.start(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		rpc := newRPC(h.server.Addr, h.key, 1)
		b := newBatch(1, names, newSource(l.accounts, false, uint64(round)))
		b.fill()
		err := b.post(ctx, rpc)
		rpc.close()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		h.expected.add(b.list)
		l.results = append(l.results, result{Case: c.name, Round: round, Load: loadAverage(), ReadyMS: ms(time.Since(began))})
		if err := h.check(ctx, names); err != nil {
			return err
		}
	}
	return nil
}
