package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// file is one parsed source file.
type file struct {
	path     string // inside the module, with slashes
	set      *token.FileSet
	tree     *ast.File
	lines    int
	reasons  map[int]string // line to the exceptions' words: "float", "sql"
	anywhere map[string]bool
}

func (f *file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f *file) in(areas ...string) bool {
	for _, area := range areas {
		if within(filepath.Dir(f.path), area) {
			return true
		}
	}
	return false
}

// excused says whether the line, or the one above it, carries a reason of this kind.
func (f *file) excused(node ast.Node, kind string) bool {
	line := f.set.Position(node.Pos()).Line
	return f.reasons[line] == kind || f.reasons[line-1] == kind
}

// complaint is a broken rule at a place.
type complaint struct{ place, words string }

func (f *file) complain(node ast.Node, format string, args ...any) complaint {
	position := f.set.Position(node.Pos())
	return complaint{fmt.Sprintf("%s:%d", f.path, position.Line), fmt.Sprintf(format, args...)}
}

// reasonForm: the kind, a colon, and words that say why.
var reasonForm = regexp.MustCompile(`^//\s*(float|clock|sql|sleep|long): \S+`)

// parse reads one file; source may be nil.
func parse(path string, source any) (*file, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, set: set, tree: tree, reasons: map[int]string{}, anywhere: map[string]bool{}}
	f.lines = set.File(tree.FileStart).LineCount()
	for _, group := range tree.Comments {
		for _, comment := range group.List {
			if match := reasonForm.FindStringSubmatch(comment.Text); match != nil {
				// A reason may take several lines: it counts for the code below its group.
				f.reasons[set.Position(comment.Pos()).Line] = match[1]
				f.reasons[set.Position(group.End()).Line] = match[1]
				f.anywhere[match[1]] = true
			}
		}
	}
	return f, nil
}

// loadFiles reads every source file that people wrote.
var loadFiles = sync.OnceValues(func() ([]*file, error) {
	var files []*file
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(path, ".."), "/"))
		if entry.IsDir() {
			if name != "" && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" ||
				entry.Name() == "testdata" || name == "bin" || within(name, "proto/gen") || within(name, "tools")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parse(name, source)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(f.tree) {
			files = append(files, f)
		}
		return nil
	})
	return files, err
})

func sources(t *testing.T) []*file {
	t.Helper()
	files, err := loadFiles()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d source files found: the walk is broken", len(files))
	}
	return files
}

// check applies one rule to every file.
func check(t *testing.T, rule func(*file) []complaint) {
	t.Helper()
	for _, f := range sources(t) {
		for _, c := range rule(f) {
			t.Errorf("%s: %s", c.place, c.words)
		}
	}
}

// each calls visit for every node of the file.
func (f *file) each(visit func(ast.Node)) {
	ast.Inspect(f.tree, func(n ast.Node) bool {
		if n != nil {
			visit(n)
		}
		return true
	})
}

// selector answers "pkg.Name" for a qualified name, else "".
func selector(n ast.Node) string {
	s, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name + "." + s.Sel.Name
}

// imports says whether the file imports a package whose path begins like this.
func (f *file) imports(path string) bool {
	for _, spec := range f.tree.Imports {
		if within(strings.Trim(spec.Path.Value, `"`), path) {
			return true
		}
	}
	return false
}
