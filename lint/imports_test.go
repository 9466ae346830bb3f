package lint

import (
	"slices"
	"strings"
	"testing"
)

// areas answers the first table of imports.md: area to what it may import.
func areas() map[string][]string {
	rows := map[string][]string{}
	for _, row := range tables(importTables)[0] {
		rows[row[0]] = list(row[1])
	}
	return rows
}

// areaOf answers the longest area that the path lies in, "" for none.
func areaOf(path string, areas map[string][]string) string {
	found := ""
	for area := range areas {
		if within(path, area) && len(area) > len(found) {
			found = area
		}
	}
	return found
}

// mayImport says whether a package may import another, by the table.
func mayImport(from, to string, areas map[string][]string) bool {
	home, target := areaOf(from, areas), areaOf(to, areas)
	if home == "" || target == "" {
		return false
	}
	if slices.Contains(areas[home], "*") {
		return true
	}
	if home == target {
		// An adapter is a house of its own; elsewhere an area is one.
		return home != "adapters" || second(from) == second(to)
	}
	return slices.Contains(areas[home], target)
}

// second is the second element of a path: which adapter it is.
func second(path string) string {
	parts := strings.SplitN(path, "/", 3)
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	table := areas()
	for _, p := range packages(t) {
		from := strings.TrimSuffix(p.name(), "/")
		if areaOf(from, table) == "" {
			t.Errorf("%s belongs to no area of imports.md: decide its place there", from)
			continue
		}
		for _, path := range p.Imports {
			to, ours := strings.CutPrefix(path, module)
			if ours && !mayImport(from, to, table) {
				t.Errorf("%s imports %s, which imports.md does not allow", from, to)
			}
		}
	}
}

func TestAreasNameAreas(t *testing.T) {
	t.Parallel()
	table := areas()
	for area, targets := range table {
		for _, target := range targets {
			if _, known := table[target]; !known && target != "*" {
				t.Errorf("imports.md: %s may import %q, which is no area", area, target)
			}
		}
	}
	if cycle := findCycle(table); cycle != "" {
		t.Errorf("imports.md allows a cycle: %s", cycle)
	}
}

// findCycle follows the table's own arrows.
func findCycle(table map[string][]string) string {
	const entered, left = 1, 2
	state := map[string]int{}
	var walk func(area, trail string) string
	walk = func(area, trail string) string {
		trail += " → " + area
		switch state[area] {
		case entered:
			return trail
		case left:
			return ""
		}
		state[area] = entered
		for _, target := range table[area] {
			if found := walk(target, trail); found != "" {
				return found
			}
		}
		state[area] = left
		return ""
	}
	for area := range table {
		if found := walk(area, ""); found != "" {
			return found
		}
	}
	return ""
}

func TestTestingStaysInTests(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if slices.Contains(p.Imports, "testing") && !strings.HasSuffix(p.ImportPath, "test") {
			t.Errorf("%s imports testing: only packages named …test may", p.name())
		}
	}
}
