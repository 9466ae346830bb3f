package lint

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestModulesHaveTheirHomes holds the second table of imports.md.
func TestModulesHaveTheirHomes(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from := strings.TrimSuffix(p.name(), "/")
		for _, row := range tables(importTables)[1] {
			foreign, homes := row[0], list(row[1])
			for _, path := range p.Imports {
				if !within(path, foreign) {
					continue
				}
				if !slices.ContainsFunc(homes, func(home string) bool { return within(from, home) }) {
					t.Errorf("%s imports %s, which belongs to %v", from, path, homes)
				}
			}
		}
	}
}

// requirement is a module that go.mod requires.
type requirement struct {
	Path     string
	Indirect bool
}

func required(t *testing.T) []requirement {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Require []requirement }
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	return file.Require
}

// TestWhatIsImportedIsADirectDependency: a module that a package imports is not marked
// as another module's affair, by which it would need no reason.
func TestWhatIsImportedIsADirectDependency(t *testing.T) {
	t.Parallel()
	modules := required(t)
	for _, p := range packages(t) {
		for _, path := range p.Imports {
			var of requirement
			for _, m := range modules {
				if within(path, m.Path) && len(m.Path) > len(of.Path) {
					of = m
				}
			}
			if of.Indirect {
				t.Errorf("%s imports %s, which go.mod calls indirect", p.name(), path)
			}
		}
	}
}

// TestDependenciesHaveReasons: each direct dependency of go.mod is a row of
// ARCHITECTURE.md, and each row is a dependency.
func TestDependenciesHaveReasons(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, table := range tables(string(text)) {
		for _, row := range table {
			if name := strings.Trim(row[0], "`"); strings.Contains(name, ".") && strings.Contains(name, "/") {
				reasons[name] = row[len(row)-1]
			}
		}
	}
	for _, r := range required(t) {
		if r.Indirect {
			continue
		}
		if reasons[r.Path] == "" {
			t.Errorf("go.mod requires %s and ARCHITECTURE.md gives no reason", r.Path)
		}
		delete(reasons, r.Path)
	}
	for name := range reasons {
		t.Errorf("ARCHITECTURE.md gives a reason for %s, which go.mod does not require", name)
	}
}
