package flow

import (
	"testing"
	"time"
)

// A moment comes back as it was written, whatever the zone; nothing is the zero one, and what
// no flow can have written stops the program.
func TestMoment(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 1, 2, 3, 4, time.FixedZone("Moscow", 3*60*60))
	if text := Text(at); text != "2026-03-01T22:02:03.000000004Z" || !Moment(text).Equal(at) || Moment(text).Location() != time.UTC {
		t.Error(text, Moment(text))
	}
	if !Moment("").IsZero() {
		t.Error("nothing is a moment")
	}
	defer func() {
		if recover() == nil {
			t.Error("a moment that nobody wrote was read")
		}
	}()
	Moment("yesterday")
}
