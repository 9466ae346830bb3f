package embed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrInUse says that another live process uses the directory.
var ErrInUse = errors.New("the directory is in use by another process")

// lock is an exclusive lock on a file of the directory. The kernel drops it when
// the process ends, however it ends.
type lock struct{ file *os.File }

func takeLock(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 16)
		n, _ := file.ReadAt(holder, 0)
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s (pid %s)", ErrInUse, filepath.Dir(path), strings.TrimSpace(string(holder[:n])))
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	// The pid is for people who meet ErrInUse; the lock itself is the flock.
	if err := file.Truncate(0); err == nil {
		_, err = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		if err != nil {
			file.Close()
			return nil, fmt.Errorf("write %s: %w", path, err)
		}
	}
	return &lock{file}, nil
}

// release unlocks by itself: a process that is being forked this moment has the file too, until
// it becomes another program, and closing alone would leave it locked so long.
func (l *lock) release() {
	_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN) // a file that is closed is no longer locked either
	l.file.Close()
}

// readState fills v from a JSON file; a file that is not there leaves v as it is.
func readState(path string, v any) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w (was the directory made by another user?)", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// writeState replaces the file whole, readable to its owner only.
func writeState(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // gone already when the rename succeeded
	_, err = file.Write(append(data, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(file.Name(), path)
}

// freePort answers a loopback port that nobody listens on at this moment.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// portIsFree says whether we could listen on the loopback port.
func portIsFree(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

// choosePort prefers the wanted port, then the remembered one, then any free one. A
// wanted port that is taken is an error: somebody relies on it.
func choosePort(wanted, remembered int) (int, error) {
	if wanted != 0 {
		if !portIsFree(wanted) {
			return 0, fmt.Errorf("port %d of 127.0.0.1 is taken by another program", wanted)
		}
		return wanted, nil
	}
	if remembered != 0 && portIsFree(remembered) {
		return remembered, nil
	}
	return freePort()
}
