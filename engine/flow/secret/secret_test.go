package secret

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// TestAgainstAListOfEverythingIssued plays random histories against a model that keeps
// every secret for ever and looks the answer up.
func TestAgainstAListOfEverythingIssued(t *testing.T) {
	t.Parallel()
	type kept struct {
		at    time.Time
		wrong uint32
		dead  bool
	}
	rapid.Check(t, func(t *rapid.T) {
		r := Rule{Field: "code", Life: 10 * time.Minute, Pause: time.Minute, Tries: uint32(rapid.IntRange(0, 3).Draw(t, "tries"))}
		clock := time.Date(2026, 3, 2, 12, 0, 0, 0, time.FixedZone("MSK", 3*3600))
		var out *flowv1.Issued
		model := []kept{{dead: true}}
		lives := func(n int) bool {
			if n <= 0 || n >= len(model) {
				return false
			}
			k := model[n]
			return !k.dead && clock.Sub(k.at) < r.Life && (r.Tries == 0 || k.wrong < r.Tries)
		}
		t.Repeat(map[string]func(*rapid.T){
			"later": func(t *rapid.T) {
				clock = clock.Add(time.Duration(rapid.Int64Range(0, int64(4*time.Minute)).Draw(t, "by")))
			},
			"issue": func(t *rapid.T) {
				last := model[len(model)-1]
				soon := !last.at.IsZero() && !(last.dead && out.GetAt() == "") && clock.Sub(last.at) < r.Pause
				if refusal := r.Paused(out, clock); (refusal != nil) != soon {
					t.Fatalf("paused: %v, model says %t", refusal, soon)
				} else if refusal != nil {
					if after, err := time.Parse(time.RFC3339, refusal.Facts[FactAfter]); err != nil || refusal.Code != fault.TooOften || after.Before(clock.Add(-time.Second)) {
						t.Fatalf("%v", refusal)
					}
					return
				}
				model[len(model)-1].dead = true
				model = append(model, kept{at: clock})
				if out = Next(out, clock); int(out.Number) != len(model)-1 {
					t.Fatalf("number %d, want %d", out.Number, len(model)-1)
				}
			},
			"rest": func(*rapid.T) {
				model[len(model)-1].dead = true
				out = Rest(out)
			},
			"try": func(t *rapid.T) {
				n := rapid.IntRange(0, len(model)).Draw(t, "number")
				wrong := rapid.Bool().Draw(t, "wrong")
				want := lives(n)
				var refusal *fault.Refusal
				if wrong {
					var last bool
					if last, refusal = r.Wrong(out, uint32(n), clock); want {
						model[n].wrong++
						if last != (r.Tries > 0 && model[n].wrong == r.Tries) {
							t.Fatalf("last try: %t after %d of %d", last, model[n].wrong, r.Tries)
						}
					}
				} else {
					refusal = r.Living(out, uint32(n), clock)
				}
				if (refusal == nil) != want {
					t.Fatalf("number %d: %v, model says %t", n, refusal, want)
				}
				if n == 0 && refusal.Code != fault.Malformed || n > 0 && refusal != nil && refusal.Code != fault.CodeExpired {
					t.Fatalf("%v", refusal)
				}
			},
		})
	})
}
