package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// soakMinute is what a minute of full load was like.
type soakMinute struct {
	Case     string
	Minute   int
	Rate     float64 // transfers acknowledged a second
	RSS      int64   // of the server, peak of the minute, bytes
	Behind   int64   // records that the relay had still to publish at its end
	Accounts int
	Load     string
}

// The goals of a soak: the server's memory in every minute, and how much the second half
// may have more than the first.
const (
	soakMost = 250 * megabyte
	soakFlat = 1.05
	megabyte = 1_000_000
)

// soak posts at full load for as long as asked, batches of 8,000 on one shard, looks at the
// server's memory minute by minute, and checks the books afterwards.
func (l *lab) soak(ctx context.Context) (minutes []soakMinute, err error) {
	h, names, err := l.openHouse(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	over := make(chan error, 1)
	go func() {
		_, err := h.drive(ctx, names, loadSpec{clients: 2, size: 8000}, l.soaking)
		over <- err
	}()
	for ended := false; !ended; {
		m, began, before := watchMemory(h.server.cmd.Process.Pid), time.Now(), h.expected.count()
		select {
		case err = <-over:
			ended = true
		case <-time.After(time.Minute):
		}
		got := soakMinute{Case: "soak", Minute: len(minutes) + 1, RSS: m.end(), Accounts: l.accounts, Load: loadAverage()}
		if err != nil {
			return minutes, fmt.Errorf("minute %d: %w; the server said: %s", got.Minute, err, tail(h.log("server")))
		}
		took := time.Since(began)
		if ended && took < 10*time.Second && len(minutes) > 0 {
			break // the last answers
		}
		if got.Behind, err = h.unpublished(ctx); err != nil {
			return minutes, err
		}
		got.Rate = float64(h.expected.count()-before) / took.Seconds()
		fmt.Fprintf(os.Stderr, "minute %2d %8.0f/s  RSS %d MB, %d behind, load %s\n", got.Minute, got.Rate, got.RSS/megabyte, got.Behind, got.Load)
		minutes = append(minutes, got)
	}
	if _, err := h.published(ctx); err != nil {
		return minutes, err
	}
	return minutes, h.check(ctx, names)
}

// judgeSoak says in one line what the soak was, and fails when a goal was missed.
func judgeSoak(minutes []soakMinute) (string, error) {
	var halves [2]int64
	for i, m := range minutes {
		half := &halves[2*i/len(minutes)]
		*half = max(*half, m.RSS)
	}
	line := fmt.Sprintf("memory of the server: at most %d MB in the first half, %d MB in the second", halves[0]/megabyte, halves[1]/megabyte)
	switch {
	case max(halves[0], halves[1]) >= soakMost:
		return line, fmt.Errorf("soak: the server's memory reached %d MB", max(halves[0], halves[1])/megabyte)
	case float64(halves[1]) > soakFlat*float64(halves[0]):
		return line, fmt.Errorf("soak: the server's memory grows: %d MB, then %d MB", halves[0]/megabyte, halves[1]/megabyte)
	}
	return line, nil
}
