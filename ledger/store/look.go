package store

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Glance asks for accounts as they stand, with what stands behind their balances.
type Glance struct {
	Keys  []StripeKey
	Also  []StripeKey // whose balances alone are wanted
	Holds int         // most holds of a key that stand; 0 is none
	Legs  int         // latest legs of a key; 0 is none
}

// PlacedHold is a hold together with its shard.
type PlacedHold struct {
	Shard int
	HoldRow
}

// Sight is what one snapshot shows.
type Sight struct {
	Balances []Balance                  // of those that exist, in the order of the keys
	Holds    map[StripeKey][]PlacedHold // by shard, oldest first
	Legs     map[StripeKey][]LegRow     // newest first, over all stripes
	Seen     []Seen
}

// Look reads balances, the holds that stand and the latest legs of accounts, all of one
// snapshot.
func (db *DB) Look(ctx context.Context, g Glance) (Sight, error) {
	keys := slices.Concat(g.Keys, g.Also)
	var s Sight
	if len(keys) == 0 {
		return s, nil
	}
	wanted := make(map[StripeKey]bool, len(g.Keys))
	for _, k := range g.Keys {
		wanted[k] = true
	}
	err := db.phases(ctx, "look", func(tx pgx.Tx) error {
		s = Sight{Holds: map[StripeKey][]PlacedHold{}, Legs: map[StripeKey][]LegRow{}}
		sums := stripeSums{}
		places, err := placesOf(ctx, tx, &s.Seen, keys)
		if err != nil {
			return err
		}
		if err := sums.newest(ctx, db, tx, places); err != nil {
			return err
		}
		s.Balances = sums.balances(keys)
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			for _, p := range places {
				if wanted[p.key] {
					s.queue(b, p, g)
				}
			}
		})
	})
	for k, legs := range s.Legs {
		slices.SortFunc(legs, func(b, a LegRow) int {
			return cmp.Or(cmp.Compare(a.ClockUS, b.ClockUS), cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Leg, b.Leg))
		})
		s.Legs[k] = legs[:min(len(legs), g.Legs)]
	}
	return s, err
}

// queue reads what stands behind one stripe.
func (s *Sight) queue(b *pgx.Batch, p stripePlace, g Glance) {
	if g.Holds > 0 {
		rowsOf(b, func(rows pgx.Rows) error {
			h, err := scanHold(rows)
			s.Holds[p.key] = append(s.Holds[p.key], PlacedHold{p.shard, h})
			return err
		}, sqlHoldOpen, p.shard, p.key.Account, p.key.Asset, g.Holds)
	}
	if g.Legs > 0 {
		_, span := LegPage{Newest: true}.span()
		rowsOf(b, func(rows pgx.Rows) error {
			l, err := scanLeg(rows)
			s.Legs[p.key] = append(s.Legs[p.key], l)
			return err
		}, sqlLegPageNewest, p.shard, p.key.Account, p.key.Asset, 0, int64(math.MaxInt64), 0, span.until,
			span.after.ClockUS, span.after.Shard, int64(span.after.Seq), span.after.Leg, g.Legs)
	}
}
