package dev

import (
	"testing"
	"time"
)

func TestAPlayBeginsInTheYearInWhichItEnds(t *testing.T) {
	t.Parallel()
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]time.Duration{
		"2026-12-31 23:59:00": time.Minute, "2026-12-31 23:55:00": 5 * time.Minute, "2026-12-31 23:54:59": 0, "2027-01-01 00:00:00": 0, "2028-02-29 23:59:59": 0,
	} {
		now, err := time.ParseInLocation(time.DateTime, text, moscow)
		if err != nil {
			t.Fatal(err)
		}
		if got := untilNextYear(now); got != want {
			t.Errorf("at %s it waits %s, want %s", text, got, want)
		}
	}
}
