package migrations_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/provodka/provodka/migrations"
)

func TestEachNumberIsUsedOnceForEachDatabase(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{migrations.PostgreSQL, migrations.CockroachDB} {
		files, err := migrations.For(dialect)
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(files, "*.sql")
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", dialect, names, err)
		}
		for i, name := range names {
			number, _, _ := strings.Cut(name, "_")
			if n, err := strconv.Atoi(number); err != nil || n != i+1 || len(number) != 5 {
				t.Errorf("%s: %s stands at place %d", dialect, name, i+1)
			}
			if _, err := fs.ReadFile(files, name); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := migrations.For("mysql"); err == nil {
		t.Error("an unknown dialect was taken")
	}
}

func TestEveryFileGoesForwardOnlyAndOutsideATransaction(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("*/*.sql")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "-- +goose NO TRANSACTION\n-- +goose Up\n") {
			t.Errorf("%s does not begin with NO TRANSACTION and Up", path)
		}
		if strings.Contains(string(text), "+goose Down") {
			t.Errorf("%s goes backward", path)
		}
		for _, statement := range strings.Split(string(text), ";") {
			if s := bare(statement); strings.HasPrefix(s, "CREATE ") && !strings.Contains(s, " IF NOT EXISTS ") {
				t.Errorf("%s: may not run twice: %.60s", path, s)
			}
		}
	}
}

// bare is a statement without its comments.
func bare(statement string) string {
	var lines []string
	for line := range strings.Lines(statement) {
		if !strings.HasPrefix(line, "--") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.TrimSpace(strings.Join(lines, " "))
}
