package flow

import (
	"fmt"
	"time"
)

// Text writes a moment as a flow keeps it: RFC 3339 in UTC, to the nanosecond.
func Text(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// Moment reads a moment that Text has written; "" is the zero one. A moment of a flow's own
// data that cannot be read is a broken invariant: panic.
func Moment(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(fmt.Sprintf("flow: its own data: %v", err))
	}
	return at
}
