package flowtest

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/flow"
)

// rewrite makes Document and Scenarios write what they found.
var rewrite = flag.Bool("rewrite", false, "write diagrams and scenarios anew")

const fence = "```"

// Document compares the diagram in the flow's document, under the heading
// Diagram, with its tables; -rewrite draws it anew.
func Document(t *testing.T, file string, f *flow.Flow) {
	t.Helper()
	bytes, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(bytes), "## Diagram\n\n"+fence+"mermaid\n")
	_, tail, closed := strings.Cut(rest, fence+"\n")
	if !ok || !closed {
		t.Fatalf("%s: no heading Diagram with a mermaid fence", file)
	}
	want := head + "## Diagram\n\n" + fence + "mermaid\n" + f.Diagram() + fence + "\n" + tail
	if want == string(bytes) {
		return
	}
	if !*rewrite {
		t.Fatalf("%s: the diagram is stale: go test -rewrite", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
