package embed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
)

// initialize makes the data directory under another name and moves it into place,
// so that one cut off in the middle is never taken for a whole one.
func (p *plan) initialize(ctx context.Context) error {
	fresh := filepath.Join(p.home, "data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	password := filepath.Join(p.home, "password.new")
	if err := os.WriteFile(password, []byte(p.state.Password+"\n"), 0o600); err != nil {
		return err
	}
	defer os.Remove(password)
	if err := p.acc.own(password); err != nil {
		return err
	}
	args := []string{"-D", fresh, "-U", "provodka", "--locale=C", "--encoding=UTF8",
		"--auth=scram-sha-256", "--pwfile=" + password}
	if p.options.Settings["fsync"] == "off" {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, p.bin.path("initdb"), args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = p.home, serverEnv(p.home), p.acc.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb as user %d: %w: %s", p.acc.uid, err, strings.TrimSpace(string(out)))
	}
	return os.Rename(fresh, p.data)
}

// start runs the server and waits until it answers, taking another port when
// somebody was faster, and waiting for the backends of a killed predecessor.
func (p *plan) start(ctx context.Context) (*Server, error) {
	var err error
	for range 10 {
		var server *Server
		server, err = p.startOnce(ctx)
		if err == nil {
			return server, nil
		}
		words := err.Error()
		switch {
		case ctx.Err() != nil:
			return nil, err
		case strings.Contains(words, "Address already in use") && p.options.Port == 0:
		case strings.Contains(words, "pre-existing shared memory"):
		default:
			return nil, err
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
	return nil, err
}

func (p *plan) startOnce(ctx context.Context) (*Server, error) {
	port, err := choosePort(p.options.Port, p.state.Port)
	if err != nil {
		return nil, err
	}
	if p.state.Port != 0 && port != p.state.Port && p.options.Port == 0 {
		p.options.Logger.Warn("the port of the last time is taken", "was", p.state.Port, "now", port)
	}
	if err := p.dropStalePID(); err != nil {
		return nil, err
	}
	c, err := p.spawn(port)
	if err != nil {
		return nil, err
	}
	pm := &postmaster{data: p.data, port: port}
	ready := until(ctx, func() bool {
		if c.hasExited() {
			return true
		}
		now, err := running(p.data)
		if err != nil || now == nil {
			return false
		}
		pm = now
		return probe(ctx, p.dsn(port, "postgres"), p.data) == nil
	})
	if !ready || c.hasExited() {
		err := fmt.Errorf("PostgreSQL %d did not start (log %s): %s", p.bin.major, p.logPath(), lastWords(p.logPath()))
		return nil, errors.Join(err, ctx.Err(), p.abandon(pm, c))
	}
	if err := p.ensureDatabase(ctx, port); err != nil {
		return nil, errors.Join(err, p.abandon(pm, c))
	}
	if err := p.remember(port); err != nil {
		return nil, errors.Join(err, p.abandon(pm, c))
	}
	return p.server(pm, c), nil
}

// abandon ends a server that we started and cannot use.
func (p *plan) abandon(pm *postmaster, c *child) error {
	defer c.release()
	if pm.pid == 0 {
		return c.kill()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return pm.stop(ctx)
}

// dropStalePID removes a pid file whose pid is dead or another program's: PostgreSQL
// would take a live stranger of the same user for its own postmaster. Backends of a
// killed postmaster are still found by the server through their shared memory.
func (p *plan) dropStalePID() error {
	pm, err := running(p.data)
	if err != nil {
		return err
	}
	if pm != nil {
		return fmt.Errorf("PostgreSQL (pid %d) runs in this directory although nobody holds its lock", pm.pid)
	}
	err = os.Remove(filepath.Join(p.data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// settings of the server. Durability is PostgreSQL's own default and stays on.
func (p *plan) settings(port int) []string {
	all := map[string]string{
		"port":                    strconv.Itoa(port),
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "",
		"fsync":                   "on",
		"synchronous_commit":      "on",
		"full_page_writes":        "on",
		"shared_buffers":          "256MB",
		"max_connections":         "100",
		"max_wal_size":            "2GB",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"logging_collector":       "off",
		"log_checkpoints":         "off",
	}
	for name, value := range p.options.Settings {
		all[name] = value
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	args := make([]string, 0, 2*len(all))
	for _, name := range names {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}

// child is a server process that we started.
type child struct {
	cmd    *exec.Cmd
	pipe   io.Closer // the guard's end, nil when there is no guard
	exited chan struct{}
}

// guard runs the server as its child and stops it when its standard input ends,
// which happens when we end, also by kill -9; then it removes the directory.
const guard = `exec 3<&0
dir=$1; shift
"$@" </dev/null 3<&- &
server=$!
(cat <&3 >/dev/null; kill -INT $server 2>/dev/null) &
watch=$!
wait $server
code=$?
kill $watch 2>/dev/null
[ $code -eq 0 ] && rm -rf "$dir"
exit $code`

// maxLog is the size at which the server's log starts anew; one old file is kept.
const maxLog = 16 << 20

func (p *plan) spawn(port int) (*child, error) {
	if info, err := os.Stat(p.logPath()); err == nil && info.Size() > maxLog {
		if err := os.Rename(p.logPath(), p.logPath()+".old"); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(p.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := append([]string{p.bin.path("postgres"), "-D", p.data}, p.settings(port)...)
	c := &child{exited: make(chan struct{})}
	if p.options.Guarded {
		args = append([]string{"/bin/sh", "-c", guard, "guard", p.dir}, args...)
	}
	c.cmd = exec.Command(args[0], args[1:]...)
	c.cmd.Dir, c.cmd.Env, c.cmd.SysProcAttr = p.home, serverEnv(p.home), p.acc.attributes()
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if p.options.Guarded {
		if c.pipe, err = c.cmd.StdinPipe(); err != nil {
			return nil, err
		}
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s as user %d: %w", args[0], p.acc.uid, err)
	}
	go func() {
		defer close(c.exited)
		// How it ended is in its log; that it ended is what matters here.
		_ = c.cmd.Wait()
	}()
	return c, nil
}

func (c *child) hasExited() bool {
	select {
	case <-c.exited:
		return true
	default:
		return false
	}
}

// release lets the guard go.
func (c *child) release() {
	if c.pipe != nil {
		c.pipe.Close()
	}
}

// kill ends a child that has not even written its pid file. It is our own child and
// not yet waited for, so its pid is its own.
func (c *child) kill() error {
	if c.hasExited() {
		return nil
	}
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-c.exited
	return nil
}
