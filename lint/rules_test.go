package lint

import "testing"

// TestRulesCatch shows that every rule sees what it forbids, and its exception.
func TestRulesCatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, source string
		rule               func(*file) []complaint
		want               int
	}{
		{"a float", "ledger/x.go", "package x\nvar a float64", noFloats, 1},
		{"a fraction", "engine/x.go", "package x\nvar a = 0.5", noFloats, 1},
		{"a parsed float", "adapters/a/x.go", "package x\nvar a, _ = strconv.ParseFloat(s, 64)", noFloats, 1},
		{"a float with a reason", "ledger/x.go", "package x\nvar a float64 // float: a metric", noFloats, 0},
		{"a float elsewhere", "bench/x.go", "package x\nvar a float64", noFloats, 0},
		{"the time", "engine/x.go", "package x\nvar a = time.Now()", noClock, 1},
		{"chance", "ledger/x.go", "package x\nimport \"math/rand/v2\"", noClock, 1},
		{"the time with a reason", "engine/x.go", "package x\n// clock: a lease\nvar a = time.Now()", noClock, 0},
		{"the time in cmd", "cmd/x.go", "package x\nvar a = time.Now()", noClock, 0},
		{"a sleep", "engine/x_test.go", "package x\nfunc f() { time.Sleep(1) }", noSleep, 1},
		{"a sleep with a reason", "engine/x.go", "package x\nfunc f() {\n// sleep: the bank asks for it\ntime.Sleep(1) }", noSleep, 0},
		{"an error as v", "x.go", "package x\nvar a = fmt.Errorf(\"%s: %v\", name, err)", wrapped, 1},
		{"an error's text", "x.go", "package x\nvar a = fmt.Errorf(\"%s\", ctx.Err())", wrapped, 1},
		{"a wrapped error", "x.go", "package x\nvar a = fmt.Errorf(\"%d%% %w\", n, errRead)", wrapped, 0},
		{"a statement", "engine/x.go", "package x\nvar a = `\n  SELECT 1`", noSQL, 1},
		{"a statement with a reason", "engine/x.go", "package x\n// sql: no books\nvar a = \"SELECT 1\"", noSQL, 0},
		{"a sentence", "engine/x.go", "package x\nvar a = \"SELECTED\"", noSQL, 0},
		{"promauto", "api/x.go", "package x\nimport \"github.com/prometheus/client_golang/prometheus/promauto\"", noGlobalMetrics, 1},
		{"a global metric", "api/x.go", "package x\nvar a = prometheus.NewCounter(o)", noGlobalMetrics, 1},
		{"a silent function", "x.go", "package x\nfunc A() {}", explained, 1},
		{"a silent constant", "x.go", "package x\nconst (\nA = 1\n)", explained, 1},
		{"a silent method", "x.go", "package x\nfunc (T) A() {}\nfunc (t) B() {}", explained, 1},
		{"an explained group", "x.go", "package x\n// The numbers.\nconst (\nA = 1\n)", explained, 0},
	} {
		f, err := parse(c.path, c.source)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := c.rule(f); len(got) != c.want {
			t.Errorf("%s: %d complaints %v, want %d", c.name, len(got), got, c.want)
		}
	}
}

func TestImportRules(t *testing.T) {
	t.Parallel()
	table := areas()
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"cmd/provodka", "adapters/kafka", true},
		{"adapters/tbank", "engine/port/call", true},
		{"adapters/tbank", "adapters/tbank/sandbox", true},
		{"adapters/tbank", "adapters/fns", false},
		{"adapters/kafka", "ledger/store", false},
		{"engine", "adapters/kafka", false},
		{"engine/flow/task", "ledger/store", false},
		{"engine/flow/task", "engine", false},
		{"engine", "engine/flow/task", true},
		{"ledger", "engine", false},
		{"ledger/money", "ledger/book", false},
		{"ledger/store", "migrations", true},
		{"somewhere", "ledger", false},
	} {
		if got := mayImport(c.from, c.to, table); got != c.want {
			t.Errorf("%s imports %s: %v, want %v", c.from, c.to, got, c.want)
		}
	}
	if findCycle(map[string][]string{"a": {"b"}, "b": {"a"}}) == "" {
		t.Error("a cycle is not found")
	}
}
