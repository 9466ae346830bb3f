package engine

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// TestAGlanceSeesWhatReadingSees: moment and effects of any record, and no more bytes are
// accepted than a record has.
func TestAGlanceSeesWhatReadingSees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := &journalv1.Record{
			Seq: rapid.Uint64().Draw(t, "seq"), ClockUs: rapid.Int64().Draw(t, "clock"), Key: rapid.String().Draw(t, "key"),
			Command: rapid.String().Draw(t, "command"),
		}
		for range rapid.IntRange(0, 2).Draw(t, "effects") {
			r.Effects = append(r.Effects, &journalv1.Effect{Attempt: rapid.String().Draw(t, "attempt")})
		}
		for range rapid.IntRange(0, 2).Draw(t, "legs") {
			r.Legs = append(r.Legs, &journalv1.Leg{Account: rapid.String().Draw(t, "account")})
		}
		raw, err := proto.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		clock, effects, err := glance(raw)
		if err != nil || clock != r.GetClockUs() || effects != (len(r.GetEffects()) > 0) {
			t.Fatalf("%d, %t, %v of %v", clock, effects, err, r)
		}
		if cut := rapid.IntRange(0, len(raw)).Draw(t, "cut"); proto.Unmarshal(raw[:cut], new(journalv1.Record)) != nil {
			if _, _, err := glance(raw[:cut]); err == nil {
				t.Fatalf("%d of %d bytes are no record", cut, len(raw))
			}
		}
	})
}
