package main

import (
	"encoding/xml"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestKeysAreTimeOrderedAndNeverTheSame(t *testing.T) {
	t.Parallel()
	before := time.Now()
	seen := map[string]bool{}
	for _, key := range keys(rand.New(rand.NewPCG(1, 2)), 1000) {
		id, err := uuid.Parse(key)
		if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 || id.String() != key {
			t.Fatalf("%q is no UUIDv7: %v", key, err)
		}
		if at := time.Unix(id.Time().UnixTime()); at.Before(before.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
			t.Fatalf("%q says %s", key, at)
		}
		if seen[key] {
			t.Fatalf("%q came twice", key)
		}
		seen[key] = true
	}
}

func TestTransfersMoveBetweenTwoAccounts(t *testing.T) {
	t.Parallel()
	for _, hot := range []bool{false, true} {
		s := newSource(10, hot, 1)
		for range 1000 {
			x := s.next()
			if x.from == x.to || x.from < 0 || x.from > 9 || x.to < 0 || x.to > 9 || x.minor < 1 || x.minor > maxMinor || hot && x.to != 0 {
				t.Fatalf("hot %v: %+v", hot, x)
			}
		}
	}
}

func TestRatiosCompareWithTheFloorOfTheSameRound(t *testing.T) {
	t.Parallel()
	all := []result{
		{Case: "F0", Round: 1, Rate: 100}, {Case: "a", Floor: "F0", Round: 1, Rate: 50},
		{Case: "F0", Round: 2, Rate: 200}, {Case: "a", Floor: "F0", Round: 2, Rate: 140}, {Case: "F0", Round: 2, Rate: 1},
		{Case: "F0", Round: 3, Rate: 10}, {Case: "a", Floor: "F0", Round: 3, Rate: 9},
	}
	if got := ratio([]result{all[1], all[3], all[6]}, all, tunedFloor); got != "" {
		t.Errorf("a floor that was not measured gives a ratio of %s", got)
	}
	if got := ratio([]result{all[1], all[3], all[6]}, all, plainFloor); got != "0.70" {
		t.Errorf("the ratio is %s, want the median of 0.50, 0.70 and 0.90", got)
	}
	if got := amountText(10638); got != "106.38" {
		t.Errorf("%s", got)
	}
}

func TestGuardTellsASlowRunFromABusyMachine(t *testing.T) {
	t.Parallel()
	const name = "rpc 8000 uniform, shards 1"
	floor := result{Case: "F0 8000 uniform", Round: 1, Rate: 100_000}
	run := result{Case: name, Floor: floor.Case, Round: 1, Rate: 45_000, Allocs: 10}
	slow, busy, wasteful := run, run, run
	slow.Rate = 10_000
	busy.Rate, busy.Foreign = 10_000, 1.2
	wasteful.Allocs = 79
	for _, tc := range []struct {
		results []result
		fails   bool
	}{
		{[]result{floor, run}, false}, {[]result{floor, slow}, true}, {[]result{floor, busy}, false},
		{[]result{floor, wasteful}, true}, {[]result{run}, true},
	} {
		if err := guard(tc.results); (err != nil) != tc.fails {
			t.Errorf("%+v: %v", tc.results, err)
		}
	}
	for name := range guarded {
		if !regexp.MustCompile(guardedCases).MatchString(name) {
			t.Errorf("%q is guarded and not run", name)
		}
	}
}

func TestDrawingIsXMLWithABarForEachCase(t *testing.T) {
	t.Parallel()
	picture := draw([]result{
		{Case: "F0 8000 uniform", Rate: 100}, {Case: "rpc <8000>", Rate: 50}, {Case: "rpc <8000>", Rate: 60}, {Case: "paced", Rate: 200}, {Case: "ready", ReadyMS: 5},
	})
	if n := strings.Count(string(picture), "<rect"); n != 2 {
		t.Errorf("%d bars, want 2", n)
	}
	var whole struct {
		Texts []string `xml:"text"`
	}
	if err := xml.Unmarshal(picture, &whole); err != nil || len(whole.Texts) != 4 || whole.Texts[2] != "rpc <8000>" {
		t.Errorf("%q, %v", whole.Texts, err)
	}
}

func TestASoakFailsWhenMemoryGrowsOrIsTooMuch(t *testing.T) {
	t.Parallel()
	of := func(mb ...int64) (minutes []soakMinute) {
		for _, x := range mb {
			minutes = append(minutes, soakMinute{RSS: x * megabyte})
		}
		return minutes
	}
	for _, tt := range []struct {
		minutes []soakMinute
		good    bool
	}{
		{of(236), true}, {of(230, 236, 238, 240), true}, {of(200, 201, 200, 220), false}, {of(249, 250), false}, {of(251, 200), false},
	} {
		if _, err := judgeSoak(tt.minutes); (err == nil) != tt.good {
			t.Errorf("%v: %v", tt.minutes, err)
		}
	}
}
