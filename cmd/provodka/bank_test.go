package main_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	bank "github.com/provodka/provodka/adapters/tbank/sandbox"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/examples/play"
)

// deadlyBank is the bank's sandbox in the test's own process, so that no kill of the
// program touches it. On request it kills the program between its answer and
// whatever the program would do with it.
type deadlyBank struct {
	t       *testing.T
	url     string
	sandbox *bank.Server
	victim  atomic.Pointer[os.Process]
	killed  atomic.Bool
}

func newDeadlyBank(t *testing.T, dir string) *deadlyBank {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(playDir, play.BankScript))
	if err != nil {
		t.Fatal(err)
	}
	var script stage.Script
	if err := json.Unmarshal(raw, &script); err != nil {
		t.Fatal(err)
	}
	b := &deadlyBank{t: t}
	if b.sandbox, err = bank.New(filepath.Join(dir, "bank"), bank.Options{Script: script}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b)
	b.url = server.URL
	t.Cleanup(func() { _ = b.sandbox.Close(); server.Close() })
	return b
}

// killAfterAnswering kills the process when the next payment is answered with success.
func (b *deadlyBank) killAfterAnswering(p *os.Process) { b.victim.Store(p) }

// ServeHTTP answers as the sandbox does. The victim is stopped before the answer
// leaves and killed when all of it lies in its socket: it was answered, and it can
// not have read it.
func (b *deadlyBank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/pay") || b.victim.Load() == nil {
		b.sandbox.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	b.sandbox.ServeHTTP(answer, r)
	var victim *os.Process
	if answer.Code == http.StatusCreated {
		victim = b.victim.Swap(nil)
	}
	if victim != nil {
		b.stop(victim)
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	if _, err := w.Write(answer.Body.Bytes()); err != nil && victim != nil {
		b.t.Error(err)
	}
	if victim != nil {
		if err := http.NewResponseController(w).Flush(); err != nil {
			b.t.Error(err)
		}
		b.signal(victim, syscall.SIGKILL)
		b.killed.Store(true)
	}
}

// stop stops the process and waits until it stands.
func (b *deadlyBank) stop(p *os.Process) {
	b.signal(p, syscall.SIGSTOP)
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(p.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		b.t.Errorf("the program does not stand still: %v %v", status, err)
	}
}

func (b *deadlyBank) signal(p *os.Process, s os.Signal) {
	if err := p.Signal(s); err != nil {
		b.t.Error(err)
	}
}
