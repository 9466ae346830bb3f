package machine

import (
	"strings"
	"testing"
)

const doc = `# States

| From | On | To | Books | Asks | Says | Meaning |
|---|---|---|---|---|---|---|
| new | create | open | — | — | x.opened | it begins |
| open | pay | paid | take, fee | ask_bank | — | money moves |
`

func TestNextFollowsTheTable(t *testing.T) {
	t.Parallel()
	tables, err := ParseTables("x.md", doc)
	if err != nil {
		t.Fatal(err)
	}
	states, err := Find(tables, "States")
	if err != nil {
		t.Fatal(err)
	}
	m, err := FromTable("x", states)
	if err != nil {
		t.Fatal(err)
	}
	tr, ok := m.Next("open", "pay")
	if !ok || tr.To != "paid" || len(tr.Books) != 2 || tr.Books[1] != "fee" || tr.Says != "" {
		t.Fatalf("got %+v", tr)
	}
	if _, ok := m.Next("paid", "pay"); ok {
		t.Fatal("a final state moved")
	}
	if !m.Final("paid") || m.Final("open") {
		t.Fatal("final states are wrong")
	}
	if !strings.Contains(m.Diagram(), "[*] --> open: create") {
		t.Fatal(m.Diagram())
	}
}

func TestBadTablesAreRefusedWithTheirLine(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to, want string }{
		"duplicate":   {"| open | pay | paid | take, fee | ask_bank | — | money moves |", "| new | create | open | — | — | — | again |", "x.md:6: a second row"},
		"unreachable": {"| open | pay", "| lost | pay", "x.md:6: state lost cannot be reached"},
		"width":       {"| money moves |", "|", "x.md:6: 6 cells under 7 columns"},
		"no meaning":  {"money moves", "—", "x.md:6: a transition needs"},
	} {
		text := strings.Replace(doc, tc.from, tc.to, 1)
		tables, err := ParseTables("x.md", text)
		if err == nil {
			_, err = FromTable("x", tables[0])
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

func TestNamesBothWays(t *testing.T) {
	t.Parallel()
	if err := Names("state", []string{"a", "b"}, []string{"b", "a"}); err != nil {
		t.Error(err)
	}
	if Names("state", []string{"a"}, nil) == nil || Names("state", nil, []string{"a"}) == nil {
		t.Error("a missing name was not seen")
	}
}
