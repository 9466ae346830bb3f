package lint

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// module is the path that our packages begin with.
const module = "github.com/provodka/provodka/"

//go:embed imports.md
var importTables string

// tables answers the rows of the Markdown tables in the text, without headings.
func tables(text string) [][][]string {
	var all [][][]string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !inside:
			inside = true
			all = append(all, nil)
		case strings.Trim(cells[0], "-: ") == "" && cells[0] != "":
		default:
			all[len(all)-1] = append(all[len(all)-1], cells)
		}
	}
	return all
}

// list splits a cell at its commas.
func list(cell string) []string {
	var items []string
	for item := range strings.SplitSeq(cell, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// pkg is what `go list` says about one of our packages.
type pkg struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

// name is the path inside the module.
func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath+"/", module) }

var loadPackages = sync.OnceValues(func() ([]pkg, error) {
	var complaints bytes.Buffer
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...")
	cmd.Dir = ".."
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(complaints.String()))
	}
	var packages []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, err
		}
		p.ImportPath = strings.TrimSuffix(p.ImportPath, "/")
		packages = append(packages, p)
	}
})

func packages(t *testing.T) []pkg {
	t.Helper()
	all, err := loadPackages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// within says whether path is the area or lies under it.
func within(path, area string) bool {
	path = strings.TrimSuffix(filepath.ToSlash(path), "/")
	return path == area || strings.HasPrefix(path, area+"/")
}
