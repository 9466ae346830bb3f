package embed

import (
	"os"
	"path/filepath"
	"testing"
)

// TestClosedDirectory: root works in a clone under /root, PostgreSQL may not go there.
func TestClosedDirectory(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root drops to another user")
	}
	closed := t.TempDir() // mode 0700
	open, err := os.MkdirTemp("", "provodka-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(open) })
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(open, "shared")
	if err := os.Mkdir(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	places := []string{shared, filepath.Join(closed, "state"), filepath.Join(open, "state")}
	home, acc, err := settle(closed, places)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(home) != filepath.Join(open, "state") {
		t.Errorf("settled at %s, want under %s: the others are closed, or writable by others", home, places[2])
	}
	if uid, _, ok := owner(home); !ok || uid == 0 || uid != acc.uid {
		t.Errorf("owner of %s is %d, want %d", home, uid, acc.uid)
	}
	again, _, err := settle(closed, nil)
	if err != nil || again != home {
		t.Errorf("the second time: %s, %v; want %s", again, err, home)
	}
	if err := os.RemoveAll(home); err != nil {
		t.Fatal(err)
	}
	if _, _, err := settle(closed, places); err == nil {
		t.Error("the files are gone and nobody is told")
	}
	if _, _, err := settle(t.TempDir(), nil); err == nil {
		t.Error("settled where the server cannot go")
	}
}
