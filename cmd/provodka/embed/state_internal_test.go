package embed

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestAReleasedLockIsFree: also while a process that is being forked still has the file.
func TestAReleasedLockIsFree(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	held, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	forked, err := syscall.Dup(int(held.file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(forked)
	if again, err := takeLock(path); err == nil {
		again.release()
		t.Error("locked twice")
	}
	held.release()
	held.release() // stopping twice does nothing
	again, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	again.release()
}
