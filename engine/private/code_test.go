package private

import (
	"encoding/base64"
	"fmt"
	"testing"
)

func vaultOf(t *testing.T, list ...[]byte) *Vault {
	t.Helper()
	s, err := newSecrets(list)
	if err != nil {
		t.Fatal(err)
	}
	return &Vault{secrets: s}
}

func TestCodesAndLinksAreTheirOwn(t *testing.T) {
	t.Parallel()
	v := vaultOf(t, secret("a"))
	seen := map[string]string{}
	for _, purpose := range []string{"phone", "phon"} {
		for _, id := range []string{"r1", "er1", "r", "r11"} {
			for _, number := range []uint32{1, 2, 11} {
				what := fmt.Sprint(purpose, " ", id, " ", number)
				for kind, got := range map[string]string{"code": v.Code(purpose, id, number), "link": v.Link(purpose, id, number)} {
					if was, twice := seen[got]; twice {
						t.Errorf("%s %s is %s", kind, what, was)
					}
					seen[got] = kind + " " + what
				}
			}
		}
	}
	again := vaultOf(t, secret("a"), secret("old")) // the newest secret alone makes them
	if again.Code("phone", "r1", 1) != v.Code("phone", "r1", 1) || again.Link("phone", "r1", 1) != v.Link("phone", "r1", 1) {
		t.Error("the same secret makes another code or link")
	}
	if other := vaultOf(t, secret("b")); other.Link("phone", "r1", 1) == v.Link("phone", "r1", 1) {
		t.Error("another secret makes the same link")
	}
	raw, err := base64.RawURLEncoding.DecodeString(v.Link("phone", "r1", 1))
	if err != nil || len(raw) != 32 {
		t.Errorf("a link of %d bytes: %v", len(raw), err)
	}
}

// TestCodesAreUniform: each digit at each place comes a tenth of the time, also the zero
// that leads.
func TestCodesAreUniform(t *testing.T) {
	t.Parallel()
	const issued = 20_000
	v := vaultOf(t, secret("a"))
	var counts [CodeDigits][10]int
	for n := range uint32(issued) {
		code := v.Code("phone", "r1", n)
		if len(code) != CodeDigits {
			t.Fatalf("%q", code)
		}
		for i, c := range code {
			counts[i][c-'0']++
		}
	}
	for i := range counts {
		for digit, n := range counts[i] {
			if n < issued/10-300 || n > issued/10+300 { // seven deviations
				t.Errorf("place %d: %d comes %d times in %d", i, digit, n, issued)
			}
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		given, derived string
		want           bool
	}{{"012345", "012345", true}, {"12345", "012345", false}, {"012346", "012345", false}, {"", "012345", false}} {
		if Same(c.given, c.derived) != c.want {
			t.Errorf("%v", c)
		}
	}
}
