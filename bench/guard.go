package main

import (
	"errors"
	"fmt"
)

// guarded are ratios to the floor below which a change of the code has cost us far more
// than the noise of a shared machine does: about half of what README states. A machine
// on which other programs run takes more from ours than from the floor (README, Noise),
// so a run with much of that proves nothing and is let through with a word.
var guarded = map[string]float64{
	"rpc 8000 uniform, shards 1": 0.20,
	"rpc 1000 uniform, shards 1": 0.22,
	"single 64":                  0.40,
	"writer alone, relay off":    0.25,
}

const (
	guardedCases  = "^(rpc (8000|1000) uniform, shards 1|single 64|writer alone, relay off)$"
	guardedMost   = 0.5 // foreign processors beyond which a ratio says nothing
	guardedAllocs = 40  // of the server, a transfer of a batch: no other program changes this
)

// guard says what fell below its bound.
func guard(results []result) error {
	var failed []error
	for i, r := range results {
		least, ok := guarded[r.Case]
		if !ok {
			continue
		}
		if r.Allocs > guardedAllocs && r.Case != "single 64" {
			failed = append(failed, fmt.Errorf("%s: %.0f allocations a transfer, at most %d", r.Case, r.Allocs, guardedAllocs))
		}
		var floor result
		for _, f := range results[:i] {
			if f.Case == r.Floor && f.Round == r.Round {
				floor = f
			}
		}
		switch got := r.Rate / floor.Rate; {
		case floor.Rate == 0:
			failed = append(failed, fmt.Errorf("%s: its floor was not measured", r.Case))
		case got >= least:
		case r.Foreign > guardedMost || floor.Foreign > guardedMost:
			fmt.Printf("%s is at %.2f of its floor, at least %.2f; others used %.1f processors, so it proves nothing\n", r.Case, got, least, r.Foreign)
		default:
			failed = append(failed, fmt.Errorf("%s is at %.2f of its floor, at least %.2f", r.Case, got, least))
		}
	}
	return errors.Join(failed...)
}
