package dev

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/provodka/provodka/examples/play"
)

// render writes the play's files as they are on its day: that of the stack's first start, in
// Moscow. A restarted play finds the same files, whatever the day.
func (s *stack) render(ctx context.Context) error {
	if s.Play == "" {
		return nil
	}
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		return err
	}
	const name = "play_day"
	if wait := untilNextYear(time.Now().In(moscow)); wait > 0 && !exists(filepath.Join(s.Dir, name)) {
		fmt.Fprintf(s.Out, "the year ends before a play would: it begins in %s\n", wait.Round(time.Second))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
	text, err := s.remembered(name, func() string { return time.Now().In(moscow).Format(time.DateOnly) })
	if err != nil {
		return err
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(s.Dir, name), err)
	}
	s.files = filepath.Join(s.Dir, "play")
	return play.Render(s.Play, s.files, day)
}

// playTime is more than a play takes.
const playTime = 5 * time.Minute

// untilNextYear is how long a play waits for the next year, because taxes and limits are counted by
// the year of payment and all of a play falls into one; 0 is not at all.
func untilNextYear(now time.Time) time.Duration {
	next := time.Date(now.Year()+1, time.January, 1, 0, 0, 0, 0, now.Location())
	if wait := next.Sub(now); wait <= playTime {
		return wait
	}
	return 0
}
