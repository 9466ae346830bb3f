package password

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
)

// quick parameters for tests.
var quick = Params{MemoryKiB: 64, Passes: 1, Lanes: 1}

func TestWhichPasswordsAreTaken(t *testing.T) {
	t.Parallel()
	for text, taken := range map[string]bool{
		"correct horse battery staple":   true,
		"лошадь скрепка верно":           true,
		"tr0ub4dor&3 x":                  true,
		"горизонт-62-полки":              true,
		strings.Repeat("ab c", 32):       true, // 128 characters
		strings.Repeat("é1x-", 32):       true,
		"короткий":                       false,
		"elevenchars":                    false,
		strings.Repeat("ab c", 32) + "d": false,
		"123456789012":                   false,
		"987654321098":                   false,
		"aaaaaaaaaaaa":                   false,
		"abcabcabcabc":                   false,
		"qwertyqwerty":                   false,
		"Password1234":                   false,
		"!!password!!":                   false,
		"1qaz2wsx3edc":                   false,
		"ПарольПароль":                   false,
		"ivanov.petr1":                   false,
		"petr@romashka.ru":               false,
		"ООО Ромашка 2026":               false,
		"with\x00a zero byte":            false,
		"\xff\xfe not a text at all":     false,
	} {
		refusal := Check("password", text, "ivanov.petr@romashka.ru", "petr@romashka.ru", "ООО Ромашка")
		if (refusal == nil) != taken || refusal != nil && refusal.Field != "password" {
			t.Errorf("%q: %v", text, refusal)
		}
	}
}

func TestAPasswordMatchesItself(t *testing.T) {
	t.Parallel()
	h := New(quick, 2, 8)
	const text = "пароль é длинный"
	kept, err := h.Make(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Make(t.Context(), text)
	if err != nil || again == kept || !strings.HasPrefix(kept, "$argon2id$v=19$m=64,t=1,p=1$") || strings.Contains(kept, text) {
		t.Errorf("%s %s %v", kept, again, err)
	}
	for other, want := range map[string]bool{
		text: true, "пароль e\u0301 длинный": true, // the same in another form
		text + " ": false, strings.ToUpper(text): false, "": false,
	} {
		if got, err := h.Matches(t.Context(), other, kept); got != want || err != nil {
			t.Errorf("%q: %t %v", other, got, err)
		}
	}
	for _, other := range []string{text, "", h.dummy} {
		if got, err := h.Matches(t.Context(), other, ""); got || err != nil {
			t.Errorf("nobody's password is %q: %v", other, err)
		}
	}
	if stronger := New(Params{MemoryKiB: 128, Passes: 1, Lanes: 1}, 1, 1); !stronger.Stale(kept) || h.Stale(kept) {
		t.Error("Stale")
	} else if got, err := stronger.Matches(t.Context(), text, kept); !got || err != nil {
		t.Errorf("older parameters: %t %v", got, err)
	}
}

// TestAKnownAnswer compares with the reference implementation (phc-winner-argon2).
func TestAKnownAnswer(t *testing.T) {
	t.Parallel()
	h := New(quick, 1, 1)
	const kept = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if got, err := h.Matches(t.Context(), "password", kept); !got || err != nil {
		t.Error(got, err)
	}
}

func TestWhatWasNotMadeHereIsAnError(t *testing.T) {
	t.Parallel()
	h := New(quick, 1, 1)
	kept, err := h.Make(t.Context(), "some long password")
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"argon2id", "argon2i"}, {"v=19", "v=16"}, {"m=64", "m=4294967295"}, {"m=64", "m=1"}, {"t=1", "t=0"}, {"t=1", "t=100"}, {"p=1", "p=0"},
		{"p=1$", "p=1$$"}, {"m=64,", ""}, {"$argon2id", "argon2id"}, {"p=1$", "p=1$!"},
	} {
		broken := strings.Replace(kept, change[0], change[1], 1)
		if _, err := h.Matches(t.Context(), "x", broken); !errors.Is(err, errForm) || h.Stale(broken) {
			t.Errorf("%v: %v", change, err)
		}
	}
}

// TestFewAtOnce: the line has an end, and who gives up leaves it.
func TestFewAtOnce(t *testing.T) {
	t.Parallel()
	h := New(quick, 1, 2)
	h.run <- struct{}{} // somebody hashes
	ctx, giveUp := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			if _, err := h.Matches(ctx, "x", ""); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	for len(h.wait) < 3 {
		runtime.Gosched()
	}
	var refusal *fault.Refusal
	if _, err := h.Matches(t.Context(), "x", ""); !errors.As(err, &refusal) || refusal.Code != fault.QueueFull {
		t.Error(err)
	}
	giveUp()
	wait.Wait()
	<-h.run
	if _, err := h.Matches(t.Context(), "x", ""); err != nil || len(h.wait) != 0 {
		t.Error(err, len(h.wait))
	}
}

func BenchmarkRecommended(b *testing.B) {
	h := New(Recommended, 1, 1)
	for b.Loop() {
		if _, err := h.Make(b.Context(), "some long password"); err != nil {
			b.Fatal(err)
		}
	}
}
