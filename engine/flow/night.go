package flow

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Moscow is the zone of the tax service; it has no summer time.
var Moscow = time.FixedZone("MSK", 3*60*60)

// The night of what is done of itself: from midnight of Moscow, which is always three
// hours ahead.
const (
	nightStart  = 21 * time.Hour // UTC
	nightLength = 6 * time.Hour
)

// Night is an aggregate's next moment of the nights after a moment: every night the same
// second, spread by the id.
func Night(id string, after time.Time) time.Time {
	sum := sha256.Sum256([]byte(id))
	second := time.Duration(binary.BigEndian.Uint64(sum[:8])%uint64(nightLength/time.Second)) * time.Second
	day := after.UTC().Truncate(24 * time.Hour)
	at := day.Add(nightStart + second - 24*time.Hour)
	for !at.After(after) {
		at = at.Add(24 * time.Hour)
	}
	return at
}
