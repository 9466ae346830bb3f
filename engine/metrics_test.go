package engine

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/provodka/provodka/ledger/machine"
)

// described is a collector as metrics.md lists it: name, type and labels.
func described(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	descriptions := make(chan *prometheus.Desc, 1)
	c.Describe(descriptions)
	text := (<-descriptions).String() // Desc{fqName: "…", help: "…", constLabels: {}, variableLabels: {a,b}}
	cut := func(after, until string) string {
		_, rest, ok := strings.Cut(text, after)
		value, _, end := strings.Cut(rest, until)
		if !ok || !end {
			t.Fatalf("cannot read %s", text)
		}
		return value
	}
	kind := "unknown"
	switch c.(type) {
	case *prometheus.CounterVec:
		kind = "counter"
	case *prometheus.GaugeVec:
		kind = "gauge"
	case *prometheus.HistogramVec:
		kind = "histogram"
	}
	labels := strings.ReplaceAll(cut("variableLabels: {", "}"), ",", ", ")
	return cut(`fqName: "`, `"`) + " " + kind + " " + labels
}

// TestMetricsAreDocumented compares metrics.md with the code, both ways.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := machine.ParseTables("metrics.md", string(text))
	if err != nil {
		t.Fatal(err)
	}
	table, err := machine.Find(tables, "Metrics")
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Expect("Name", "Type", "Labels", "Meaning"); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, r := range table.Rows {
		listed = append(listed, r.Cell("Name")+" "+r.Cell("Type")+" "+r.Cell("Labels"))
	}
	m, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	var made []string
	for _, c := range m.all() {
		made = append(made, described(t, c))
	}
	for _, d := range made {
		if !slices.Contains(listed, d) {
			t.Errorf("metrics.md has no row %q", d)
		}
	}
	for _, d := range listed {
		if !slices.Contains(made, d) {
			t.Errorf("the code has no metric %q", d)
		}
	}
}
