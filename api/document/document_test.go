package document

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestAgentsAreText: whatever a program calls itself, what is kept is UTF-8 and bounded.
func TestAgentsAreText(t *testing.T) {
	t.Parallel()
	for _, agent := range []string{"", "curl/8", strings.Repeat("x", maxAgent-1) + "Ы", strings.Repeat("Ы", maxAgent), "\xff\xfe"} {
		if got := printable(agent); !utf8.ValidString(got) || len(got) > maxAgent {
			t.Errorf("%q became %q", agent, got)
		}
	}
	if got := printable("curl/8"); got != "curl/8" {
		t.Error(got)
	}
}
