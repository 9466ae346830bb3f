package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	_ "net/http/pprof" // the children's profiles, on loopback
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/provodka/provodka/cmd/provodka/embed"
)

// Roles of this binary when it is run again as a child.
const (
	roleBroker  = "bench-child-broker"
	roleServer  = "bench-child-server"
	roleProduct = "bench-child-product"
)

// childRole says whether this process is a child, and what it was told.
func childRole(args []string) (role, config string, ok bool) {
	if len(args) == 3 && (args[1] == roleBroker || args[1] == roleServer || args[1] == roleProduct) {
		return args[1], args[2], true
	}
	return "", "", false
}

// hello is what a child says once it is ready.
type hello struct {
	Addr  string // what it serves
	Debug string // its figures and profiles
}

// runChild serves until the parent closes our standard input, which it does by ending too.
func runChild(role, config string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	debug, err := serveDebug()
	if err != nil {
		return err
	}
	say := func(addr string) error { return json.NewEncoder(os.Stdout).Encode(hello{addr, debug}) }
	switch role {
	case roleServer:
		return serve(ctx, config, say)
	case roleProduct:
		return serveProduct(ctx, config, say)
	}
	server, err := embed.Broker(ctx, config, embed.BrokerOptions{})
	if err != nil {
		return err
	}
	if err := say(server.Addr); err != nil {
		return err
	}
	<-ctx.Done()
	return server.Stop(context.WithoutCancel(ctx))
}

// figures are what a child knows of itself.
type figures struct {
	Mallocs, AllocBytes, HeapBytes, Sys uint64

	Commits, Retried int64 // of the writers
}

// commits counts the attempts of this process's writers.
var commits, retried atomic.Int64

func serveDebug() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	http.HandleFunc("/figures", func(w http.ResponseWriter, _ *http.Request) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		_ = json.NewEncoder(w).Encode(figures{m.Mallocs, m.TotalAlloc, m.HeapAlloc, m.Sys, commits.Load(), retried.Load()}) // the asker sees a cut answer
	})
	go func() { _ = http.Serve(listener, nil) }() // ends with the process
	return listener.Addr().String(), nil
}

// child is a running child.
type child struct {
	hello
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan error
}

// startChild runs this binary in a role and waits until it is ready. Its words go to log.
func startChild(ctx context.Context, role, config, log string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	words, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer words.Close()
	c := &child{cmd: exec.Command(self, role, config), ended: make(chan error, 1)}
	c.cmd.Stderr = words
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	said := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &c.hello)
		}
		said <- err
		_, _ = io.Copy(io.Discard, out)
		c.ended <- c.cmd.Wait()
	}()
	select {
	case err = <-said:
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(time.Minute):
		err = errors.New("not ready after a minute")
	}
	if err != nil {
		c.kill()
		return nil, fmt.Errorf("%s: %w; it said: %s", role, err, tail(log))
	}
	return c, nil
}

func tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-2000):])
}

// stop lets the child end by itself.
func (c *child) stop() error {
	if c == nil {
		return nil
	}
	_ = c.stdin.Close() // a child that is gone already is what we want
	select {
	case err := <-c.ended:
		return err
	case <-time.After(30 * time.Second):
		c.kill()
		return errors.New("a child did not stop within 30 s")
	}
}

// kill ends the child as kill -9 does.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // by its own pid; gone already is fine
	<-c.ended
}

func (c *child) figures() (f figures, err error) {
	answer, err := http.Get("http://" + c.Debug + "/figures")
	if err != nil {
		return f, err
	}
	defer answer.Body.Close()
	return f, json.NewDecoder(answer.Body).Decode(&f)
}

// save writes what the child's debug address answers to a file: a profile, its metrics.
func (c *child) save(ctx context.Context, what, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Debug+what, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, answer.Body)
	return errors.Join(err, file.Close())
}
