package lint

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageHasADoc(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if within(p.name(), "proto/gen") {
			continue
		}
		if !slices.Contains(p.GoFiles, "doc.go") && len(p.GoFiles) > 0 {
			t.Errorf("%s has no doc.go: purpose, a small picture, laws kept, what it refuses to know", p.name())
		}
	}
	for _, f := range sources(t) {
		if filepath.Base(f.path) == "doc.go" && len(f.tree.Doc.Text()) < 200 {
			t.Errorf("%s says too little", f.path)
		}
	}
}

// refusedNames say nothing about what is inside.
var refusedNames = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "internal", "misc", "base", "shared"}

func TestPackageNamesSaySomething(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for part := range strings.SplitSeq(strings.TrimSuffix(p.name(), "/"), "/") {
			if slices.Contains(refusedNames, part) {
				t.Errorf("%s: %q says nothing", p.name(), part)
			}
		}
	}
}

func TestExportedNamesAreExplained(t *testing.T) { t.Parallel(); check(t, explained) }

// explained: who reads the documentation finds a sentence for every name.
func explained(f *file) (found []complaint) {
	if f.test() || f.tree.Name.Name == "main" {
		return nil
	}
	for _, declaration := range f.tree.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc.Text() == "" && receiverExported(d) {
				found = append(found, f.complain(d.Name, "%s has no comment", d.Name.Name))
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				for _, name := range unexplained(d, spec) {
					found = append(found, f.complain(name, "%s has no comment", name.Name))
				}
			}
		}
	}
	return found
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	kind := d.Recv.List[0].Type
	for {
		switch k := kind.(type) {
		case *ast.StarExpr:
			kind = k.X
		case *ast.IndexExpr:
			kind = k.X
		case *ast.IndexListExpr:
			kind = k.X
		case *ast.Ident:
			return k.IsExported()
		default:
			return false
		}
	}
}

// unexplained answers the exported names of a spec that neither it nor its group
// says anything about.
func unexplained(d *ast.GenDecl, spec ast.Spec) (names []*ast.Ident) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && s.Doc.Text() == "" && s.Comment.Text() == "" && d.Doc.Text() == "" {
			names = append(names, s.Name)
		}
	case *ast.ValueSpec:
		if s.Doc.Text() != "" || s.Comment.Text() != "" || d.Doc.Text() != "" {
			return nil
		}
		for _, name := range s.Names {
			if name.IsExported() {
				names = append(names, name)
			}
		}
	}
	return names
}

func TestSizes(t *testing.T) { t.Parallel(); check(t, sizes) }

// sizes: what is longer than a sitting has a reason.
func sizes(f *file) (found []complaint) {
	if f.lines > 600 && !f.anywhere["long"] {
		found = append(found, f.complain(f.tree, "%d lines: at most 600, or `// long: why`", f.lines))
	}
	for _, declaration := range f.tree.Decls {
		d, ok := declaration.(*ast.FuncDecl)
		if !ok || d.Body == nil {
			continue
		}
		length := line(f, d.End()) - line(f, d.Pos()) + 1
		if length > 120 && !f.excused(d, "long") && !strings.Contains(d.Doc.Text(), "long: ") {
			found = append(found, f.complain(d, "%s has %d lines: at most 120, or `// long: why` above it", d.Name.Name, length))
		}
	}
	return found
}

func line(f *file, at token.Pos) int { return f.set.Position(at).Line }
