package store

import (
	"fmt"
	"time"
)

// calendar counts days as the database does: from 2000-01-01.
type calendar struct {
	zone           *time.Location
	startUS, endUS int64 // of the day that was asked for last
	day            int32
	text           string // that was parsed last
	parsed         int32
}

const dayLayout = "2006-01-02"

var epochDay = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// dayNumber counts in seconds: a time.Duration ends after 292 years.
func dayNumber(t time.Time) int32 {
	y, m, d := t.Date()
	return int32((time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() - epochDay.Unix()) / (24 * 60 * 60))
}

// dayOf is the day on which a clock falls in the zone.
func (c *calendar) dayOf(clockUS int64) int32 {
	if clockUS < c.startUS || clockUS >= c.endUS {
		y, m, d := time.UnixMicro(clockUS).In(c.zone).Date()
		start := time.Date(y, m, d, 0, 0, 0, 0, c.zone)
		c.startUS, c.endUS = start.UnixMicro(), time.Date(y, m, d+1, 0, 0, 0, 0, c.zone).UnixMicro()
		c.day = dayNumber(start)
	}
	return c.day
}

// parse reads YYYY-MM-DD.
func (c *calendar) parse(text string) (int32, error) {
	if text != c.text {
		t, err := time.Parse(dayLayout, text)
		if err != nil {
			return 0, fmt.Errorf("day %q is not YYYY-MM-DD", text)
		}
		c.text, c.parsed = text, dayNumber(t)
	}
	return c.parsed, nil
}

// startOf is the first microsecond of a day of the zone.
func startOf(zone *time.Location, text string) (int64, error) {
	t, err := time.Parse(dayLayout, text)
	if err != nil {
		return 0, fmt.Errorf("day %q is not YYYY-MM-DD", text)
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone).UnixMicro(), nil
}

// endOf is the first microsecond after a day of the zone.
func endOf(zone *time.Location, text string) (int64, error) {
	t, err := time.Parse(dayLayout, text)
	if err != nil {
		return 0, fmt.Errorf("day %q is not YYYY-MM-DD", text)
	}
	y, m, d := t.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone).UnixMicro(), nil
}
