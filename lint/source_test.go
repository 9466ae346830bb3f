package lint

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestNoFloats(t *testing.T) { t.Parallel(); check(t, noFloats) }

// noFloats: nothing near money is a binary fraction. Metrics may be, with a reason.
func noFloats(f *file) (found []complaint) {
	if !f.in("ledger", "engine", "api", "adapters") {
		return nil
	}
	f.each(func(n ast.Node) {
		bad := ""
		switch n := n.(type) {
		case *ast.Ident:
			if n.Name == "float64" || n.Name == "float32" || n.Name == "ParseFloat" || n.Name == "FormatFloat" {
				bad = n.Name
			}
		case *ast.BasicLit:
			if n.Kind == token.FLOAT {
				bad = n.Value
			}
		}
		if bad != "" && !f.excused(n, "float") {
			found = append(found, f.complain(n, "%s: amounts are decimal; a metric says so with `// float: why`", bad))
		}
	})
	return found
}

func TestNoClockAndNoChance(t *testing.T) { t.Parallel(); check(t, noClock) }

// noClock: time and chance are inputs, so that a decision can be repeated. Packages
// named …test are tests.
func noClock(f *file) (found []complaint) {
	if f.test() || f.in("cmd", "adapters", "bench", "deploy", "examples", "lint") ||
		strings.HasSuffix(filepath.Dir(f.path), "test") || f.anywhere["clock"] {
		return nil
	}
	f.each(func(n ast.Node) {
		switch name := selector(n); name {
		case "time.Now", "time.Since", "time.Until":
			found = append(found, f.complain(n, "%s: the time is an input; a file that may ask says `// clock: why`", name))
		}
	})
	for _, path := range []string{"math/rand", "crypto/rand"} {
		if f.imports(path) {
			found = append(found, f.complain(f.tree, "imports %s: chance is an input; a file that may ask says `// clock: why`", path))
		}
	}
	return found
}

func TestNoSleep(t *testing.T) { t.Parallel(); check(t, noSleep) }

// noSleep: who waits, waits for something.
func noSleep(f *file) (found []complaint) {
	f.each(func(n ast.Node) {
		if selector(n) == "time.Sleep" && !f.excused(n, "sleep") {
			found = append(found, f.complain(n, "time.Sleep: wait for a signal, or say `// sleep: why`"))
		}
	})
	return found
}

func TestErrorsAreWrapped(t *testing.T) { t.Parallel(); check(t, wrapped) }

// verb is one conversion of a format, %% left out.
var verb = regexp.MustCompile(`%[-+# 0]*[\d*]*(\.[\d*]+)?(\[\d+\])?([a-zA-Z])`)

// wrapped: an error inside fmt.Errorf is %w, so that errors.Is still finds it. An
// error is known by its name, which begins with err, or by a call of Error().
func wrapped(f *file) (found []complaint) {
	f.each(func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok || selector(call.Fun) != "fmt.Errorf" || len(call.Args) < 2 {
			return
		}
		format, ok := call.Args[0].(*ast.BasicLit)
		if !ok {
			return
		}
		text, err := strconv.Unquote(format.Value)
		if err != nil {
			return
		}
		verbs := verb.FindAllStringSubmatch(strings.ReplaceAll(text, "%%", ""), -1)
		for i, argument := range call.Args[1:] {
			if i < len(verbs) && verbs[i][3] != "w" && isError(argument) {
				found = append(found, f.complain(argument, "an error as %%%s: wrap it with %%w", verbs[i][3]))
			}
		}
	})
	return found
}

func isError(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "err" || strings.HasPrefix(e.Name, "err") && len(e.Name) > 3 && e.Name[3] >= 'A' && e.Name[3] <= 'Z'
	case *ast.CallExpr:
		s, ok := e.Fun.(*ast.SelectorExpr)
		return ok && (s.Sel.Name == "Err" || s.Sel.Name == "Error") && len(e.Args) == 0
	}
	return false
}

func TestSQLStaysInTheStore(t *testing.T) { t.Parallel(); check(t, noSQL) }

var statement = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s`)

// noSQL: statements are .sql files of the store, where they are all looked at.
func noSQL(f *file) (found []complaint) {
	if f.test() || f.in("ledger/store", "migrations", "bench") {
		return nil
	}
	f.each(func(n ast.Node) {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return
		}
		text, err := strconv.Unquote(literal.Value)
		if err == nil && statement.MatchString(text) && !f.excused(n, "sql") {
			found = append(found, f.complain(n, "SQL outside ledger/store; a statement that touches no books says `// sql: why`"))
		}
	})
	return found
}

func TestMetricsBelongToARegistry(t *testing.T) { t.Parallel(); check(t, noGlobalMetrics) }

// noGlobalMetrics: two servers in one process, as in the tests, must not share them.
func noGlobalMetrics(f *file) (found []complaint) {
	if f.imports("github.com/prometheus/client_golang/prometheus/promauto") {
		found = append(found, f.complain(f.tree, "imports promauto, which registers in a global registry"))
	}
	for _, declaration := range f.tree.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.VAR {
			continue
		}
		ast.Inspect(general, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && strings.HasPrefix(selector(call.Fun), "prometheus.New") {
				found = append(found, f.complain(call, "a metric at package level: make it where its registry is"))
			}
			return true
		})
	}
	return found
}
