package store

import (
	"time"

	"github.com/provodka/provodka/ledger/journal"
)

// Rows are the rows that records make, ready to be written. Rows come from records
// and from nothing else.
type Rows struct{}

// NewRows makes an empty set for books whose days begin in zone.
func NewRows(zone *time.Location) *Rows { return nil }

// Reset empties the set and keeps its memory.
func (r *Rows) Reset() {}

// Add adds the rows of the shard's next record and moves totals, which must be the
// shard's totals after the record before it.
//
// The record takes its idempotency key unless it is an external or parks its command.
func (r *Rows) Add(s journal.Sealed, totals *Totals) {}

// Len is the number of records.
func (r *Rows) Len() int { return 0 }

// KeyIDs lists the idempotency keys that the records take.
func (r *Rows) KeyIDs() [][16]byte { return nil }
