package lint

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine"
)

// keyAreas are where idempotency keys of commands are made.
var keyAreas = []string{"api", "engine", "ledger"}

// keyless are parts of them that make none: pure rules, rows and words.
var keyless = []string{"engine/flow", "ledger/audit", "ledger/booktest", "ledger/export", "ledger/money", "ledger/store", "ledger/stripe", "ledger/trace"}

// TestKeysOfTheHouseAreKnown: a key that begins with words of the program can be worked out
// by a caller, who would stand in the house's way: the gate must know it (engine.HouseKey).
// And what the gate refuses, somebody makes.
func TestKeysOfTheHouseAreKnown(t *testing.T) {
	t.Parallel()
	made := map[string][]string{} // places by how a key begins
	keys := &keyReader{constants: map[string]string{}, takes: map[string]int{}}
	files := slices.DeleteFunc(slices.Clone(sources(t)), func(f *file) bool {
		return f.test() || !f.in(keyAreas...) || f.in(keyless...)
	})
	for _, f := range files {
		keys.learn(f)
	}
	for _, f := range files {
		for begins, nodes := range keys.find(f) {
			for _, n := range nodes {
				made[begins] = append(made[begins], f.complain(n, "").place)
			}
		}
	}
	used := map[string]bool{}
	for _, begins := range slices.Sorted(maps.Keys(made)) {
		known := false
		for _, house := range engine.HouseKeys() {
			if strings.HasPrefix(begins, house) || strings.HasPrefix(house, begins) {
				known, used[house] = true, true
			}
		}
		if !known {
			t.Errorf("%s: a key begins with %q, and callers may use it: give it a row in engine/house.go", strings.Join(made[begins], ", "), begins)
		}
	}
	for _, house := range engine.HouseKeys() {
		if !used[house] {
			t.Errorf("engine/house.go: nobody makes a key that begins with %q", house)
		}
	}
}

// keyReader finds the words that keys begin with.
type keyReader struct {
	constants map[string]string // texts by name; "" is of several
	takes     map[string]int    // which parameter of a function is a key
}

// learn notes constants, and functions that take a key.
func (k *keyReader) learn(f *file) {
	f.each(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i >= len(n.Values) {
					continue
				}
				if lit, ok := n.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, _ := strconv.Unquote(lit.Value)
					if old, known := k.constants[name.Name]; known && old != text {
						text = ""
					}
					k.constants[name.Name] = text
				}
			}
		case *ast.FuncDecl:
			at := 0
			for _, field := range n.Type.Params.List {
				for _, name := range field.Names {
					if name.Name == "key" {
						k.takes[n.Name.Name] = at
					}
					at++
				}
			}
		}
	})
}

// find gives the places of a file where a key begins with words of the program.
func (k *keyReader) find(f *file) map[string][]ast.Node {
	found := map[string][]ast.Node{}
	at := func(e ast.Expr) {
		if begins, _ := k.begins(e); strings.ContainsAny(begins, ":/.-") {
			found[begins] = append(found[begins], e)
		}
	}
	f.each(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if name, ok := n.Key.(*ast.Ident); ok && name.Name == "Key" {
				at(n.Value)
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if name := last(left); n.Tok != token.ADD_ASSIGN && len(n.Rhs) == len(n.Lhs) && (name == "key" || name == "Key") {
					at(n.Rhs[i])
				}
			}
		case *ast.CallExpr:
			if i, takes := k.takes[last(n.Fun)]; takes && i < len(n.Args) {
				at(n.Args[i])
			}
			if last(n.Fun) == "scopeKeys" {
				at(n.Args[1])
			}
		case *ast.FuncDecl:
			if !strings.HasSuffix(strings.ToLower(n.Name.Name), "key") || n.Body == nil {
				return
			}
			ast.Inspect(n.Body, func(n ast.Node) bool {
				if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 1 {
					at(r.Results[0])
				}
				return true
			})
		}
	})
	return found
}

// begins is the text that an expression begins with, and whether that is all of it.
func (k *keyReader) begins(e ast.Expr) (text string, all bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.ParenExpr:
		return k.begins(e.X)
	case *ast.BinaryExpr:
		text, all := k.begins(e.X)
		if !all || e.Op != token.ADD {
			return text, false
		}
		more, all := k.begins(e.Y)
		return text + more, all
	case *ast.CallExpr:
		if selector(e.Fun) != "fmt.Sprintf" {
			return "", false
		}
		format, _ := k.begins(e.Args[0])
		text, _, verbs := strings.Cut(format, "%")
		if text == "" && verbs && len(e.Args) > 1 {
			text, _ = k.begins(e.Args[1])
		}
		return text, !verbs
	case *ast.Ident, *ast.SelectorExpr:
		text := k.constants[last(e)]
		return text, text != ""
	}
	return "", false
}

// last is the last name of an expression.
func last(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
