package gate

import (
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/provodka/provodka/ledger/fault"
)

// TestACallIsNotedBySeveral: sets of one call are submitted side by side.
func TestACallIsNotedBySeveral(t *testing.T) {
	t.Parallel()
	const each = 5000
	c := &Call{}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range each {
				c.refused(&fault.Refusal{Code: fault.Malformed})
				c.ran("one")
			}
		})
	}
	wait.Wait()
	if len(c.parts) != 4*each || len(c.commands) != 1 {
		t.Errorf("%d refusals and %d commands are noted", len(c.parts), len(c.commands))
	}
}

// TestAgentsAreText: whatever a program calls itself, what is kept is UTF-8 and bounded.
func TestAgentsAreText(t *testing.T) {
	t.Parallel()
	for _, agent := range []string{"", "curl/8", strings.Repeat("x", maxUserAgent-1) + "Ы", strings.Repeat("Ы", maxUserAgent), "\xff\xfe"} {
		if got := printable(agent); !utf8.ValidString(got) || len(got) > maxUserAgent {
			t.Errorf("%q became %q", agent, got)
		}
	}
	if got := printable("curl/8"); got != "curl/8" {
		t.Error(got)
	}
}
