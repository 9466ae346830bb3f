package embed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// postmaster is a running server as its pid file names it.
type postmaster struct {
	pid  int
	port int
	data string // real path of the data directory
}

// running reads the data directory's pid file and answers the server behind it, nil
// when there is none. A pid that now belongs to another program is none.
func running(data string) (*postmaster, error) {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 1 {
		return nil, nil // cut off while it was written; the server checks it again
	}
	pm := &postmaster{pid: pid, data: data}
	if len(lines) > 3 {
		pm.port, _ = strconv.Atoi(strings.TrimSpace(lines[3])) // 0: not listening yet
	}
	if !pm.isOurs() {
		return nil, nil
	}
	return pm, nil
}

// isOurs proves that the pid is alive and is the postmaster of this data directory.
// Its command line says so (a backend's reads "postgres: …"); one started by hand
// may spell the path otherwise, but it stands in the directory, as every server does.
func (pm *postmaster) isOurs() bool {
	if !alive(pm.pid) {
		return false
	}
	if runtime.GOOS != "linux" {
		out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pm.pid)).Output()
		return err == nil && strings.Contains(string(out), "postgres -D "+pm.data)
	}
	proc := filepath.Join("/proc", strconv.Itoa(pm.pid))
	line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	if err != nil {
		return false
	}
	args := strings.Split(string(line), "\x00")
	if filepath.Base(args[0]) != "postgres" {
		return false
	}
	if len(args) > 2 && args[1] == "-D" && args[2] == pm.data {
		return true
	}
	// Closed to root without CAP_SYS_PTRACE, as in many containers: then no.
	cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
	return err == nil && cwd == pm.data
}

// alive says whether a process has this pid. EPERM: it has, but it is not ours.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// stop ends the server: fast first (roll back, checkpoint, exit), then at once,
// which costs a recovery at the next start but loses nothing.
func (pm *postmaster) stop(ctx context.Context) error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, 30 * time.Second}, {syscall.SIGQUIT, 10 * time.Second}} {
		if !pm.isOurs() {
			return nil
		}
		// SIGCONT: one that somebody paused would never see the other.
		for _, signal := range []syscall.Signal{step.signal, syscall.SIGCONT} {
			if err := syscall.Kill(pm.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("stop PostgreSQL (pid %d): %w", pm.pid, err)
			}
		}
		limited, cancel := context.WithTimeout(ctx, step.wait)
		gone := until(limited, func() bool { return !pm.isOurs() })
		cancel()
		if gone {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("PostgreSQL (pid %d) is still stopping: %w", pm.pid, ctx.Err())
		}
	}
	return fmt.Errorf("PostgreSQL (pid %d) does not stop", pm.pid)
}

// until polls every 20 ms; false when ctx ended first.
func until(ctx context.Context, done func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// errForeign says that another server answers at our port.
var errForeign = errors.New("another PostgreSQL answers at this port")

// probe connects and compares the data directory that the server names with ours.
func probe(ctx context.Context, dsn, data string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var named string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&named); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(named)
	if err != nil {
		// The path may be closed to us while it is open to the server.
		real = named
	}
	if real != data {
		return fmt.Errorf("%w: its data directory is %s", errForeign, named)
	}
	return nil
}

// dataMajor answers the major version of a data directory, 0 when it is not made yet.
func dataMajor(data string) (int, error) {
	content, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("%s/PG_VERSION says %q: not a data directory of PostgreSQL 10 or newer", data, content)
	}
	return major, nil
}

// serverEnv is all of our environment that a server gets: no PG* variable, no secret.
func serverEnv(home string) []string {
	env := []string{"LC_ALL=C", "HOME=" + home}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
