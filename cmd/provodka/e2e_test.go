package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/examples/play"
)

// binary is the program, built once for all tests of this package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "provodka-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "provodka")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

const playDir = "../../examples/payroll"

// stack is a directory in which `provodka dev` runs, is killed, and runs again.
type stack struct {
	t    *testing.T
	bin  string
	dir  string
	args []string
	env  []string // beside the test's own
}

func newStack(t *testing.T) *stack {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, bin: bin, dir: embedtest.Dir(t)}
	s.args = []string{"dev", "--dir", s.dir, "--listen", "127.0.0.1:0", "--play", playDir}
	if brokers := os.Getenv("PROVODKA_TEST_KAFKA"); brokers != "" {
		s.args = append(s.args, "--brokers", brokers, "--prefix", s.prefix())
	}
	return s
}

// prefix is the first word of the stack's topics on a Kafka that others use too.
func (s *stack) prefix() string { return "e2e-" + filepath.Base(s.dir) }

// running is one life of the program.
type running struct {
	stack *stack
	cmd   *exec.Cmd
	lines chan string
	text  bytes.Buffer
}

func (s *stack) start(extra ...string) *running {
	s.t.Helper()
	r := &running{stack: s, lines: make(chan string, 10_000)}
	r.cmd = exec.Command(s.bin, append(s.args, extra...)...)
	r.cmd.Env = append(os.Environ(), s.env...)
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "test.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	r.cmd.Stderr = log
	if err := r.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(r.lines)
		scan := bufio.NewScanner(io.TeeReader(out, &r.text))
		for scan.Scan() {
			r.lines <- scan.Text()
		}
	}()
	s.t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return r
}

// until reads lines until one begins with a prefix; false when the program ended.
func (r *running) until(prefixes ...string) (string, bool) {
	r.stack.t.Helper()
	deadline := time.After(4 * time.Minute)
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				return "", false
			}
			for _, p := range prefixes {
				if strings.HasPrefix(line, p) {
					return line, true
				}
			}
		case <-deadline:
			r.stack.t.Fatalf("4 minutes passed without a line that begins with %q; so far:\n%s\n%s", prefixes, r.text.String(), r.stack.tail())
		}
	}
}

// tail is the end of the program's log.
func (s *stack) tail() string {
	raw, err := os.ReadFile(filepath.Join(s.dir, "test.log"))
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-4000):])
}

// end waits for the program and gives its exit code.
func (r *running) end() int {
	r.stack.t.Helper()
	for range r.lines { // drained, so that the pipe is closed
	}
	err := r.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.stack.t.Fatal(err)
	}
	return r.cmd.ProcessState.ExitCode()
}

func (r *running) kill() {
	r.stack.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		r.stack.t.Fatal(err)
	}
	r.end()
}

// run runs another command of the program against the stack.
func (s *stack) run(args ...string) (int, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bin, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// devFile is what dev.json says.
type devFile struct {
	API       string            `json:"api"`
	Brokers   string            `json:"brokers"`
	Prefix    string            `json:"topic_prefix"`
	DSN       string            `json:"dsn"`
	APIKey    string            `json:"api_key"`
	Sandboxes map[string]string `json:"sandboxes"`
}

func (s *stack) devFile() (devFile, error) {
	var f devFile
	raw, err := os.ReadFile(filepath.Join(s.dir, "dev.json"))
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(raw, &f)
}

// report is a sandbox's own books.
type report struct {
	Business []struct {
		Account  string `json:"account"`
		Amount   string `json:"amount"`
		Purpose  string `json:"purpose"`
		Executed int    `json:"executed_count"`
	} `json:"business"`
}

func books(ctx context.Context, url string) (report, error) {
	var r report
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/sandbox/books", nil)
	if err != nil {
		return r, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, err
	}
	defer resp.Body.Close()
	return r, json.NewDecoder(resp.Body).Decode(&r)
}

func (r report) executed() int {
	n := 0
	for _, b := range r.Business {
		n += b.Executed
	}
	return n
}

// TestThePayrollIsPlayedOnceWhateverIsKilled plays the payroll, kills the program
// five times without warning at moments that its own books name, and lets it
// finish: nothing acknowledged is lost, nothing is paid twice, and the sandboxes'
// books, fsynced and out of reach of the kills, agree with ours.
func TestThePayrollIsPlayedOnceWhateverIsKilled(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	expected, err := play.Load(playDir)
	if err != nil {
		t.Fatal(err)
	}
	bank := newDeadlyBank(t, s.dir)
	s.args = append(s.args, "--bank", bank.url)
	traces := newCollector(t)
	s.env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + traces.url}
	r := s.start()
	if _, ok := r.until("исполнители зарегистрированы"); !ok {
		t.Fatalf("the program ended early:\n%s\n%s", r.text.String(), s.tail())
	}
	r.kill()
	for _, payments := range []int{1, 40, 90} {
		r = s.start()
		if _, ok := r.until("ready "); !ok {
			t.Fatalf("the program did not come back:\n%s\n%s", r.text.String(), s.tail())
		}
		s.untilPaid(r, payments)
		r.kill()
	}
	r = s.start()
	bank.killAfterAnswering(r.cmd.Process)
	r.end()
	if !bank.killed.Load() {
		t.Fatalf("the program ended and the bank did not kill it:\n%s\n%s", r.text.String(), s.tail())
	}
	r = s.start()
	line, ok := r.until("play done", "play failed")
	if !ok || !strings.HasPrefix(line, "play done") {
		t.Fatalf("the play did not end well: %s\n%s\n%s", line, r.text.String(), s.tail())
	}
	f, err := s.devFile()
	if err != nil {
		t.Fatal(err)
	}
	s.paidOnce(expected.Expected.BankPayments)
	s.auditAndExport(f)
	s.proofs(f)
	s.decideAgain(f)
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := r.end(); code != 0 {
		t.Errorf("a graceful stop ends with exit code %d\n%s", code, s.tail())
	}
	traces.check(t, "TaskService/PayAll", "submit", "decide and commit", "payout.", "income.", "publish", "project", "seal")
	again := s.start("--once")
	if code := again.end(); code != 0 {
		t.Errorf("a second run does not find the books of the first: exit code %d\n%s\n%s", code, again.text.String(), s.tail())
	}
}

// decideAgain decides the command log of the play, kills and all, on two empty
// databases with the smallest and the largest batches: equal heads, record by record.
func (s *stack) decideAgain(f devFile) {
	s.t.Helper()
	for _, batch := range []string{"1", "8000"} {
		args := []string{"replay", "--brokers", f.Brokers, "--dsn", embedtest.DSN(s.t), "--batch", batch}
		if f.Prefix != "" {
			args = append(args, "--prefix", f.Prefix)
		}
		if code, out := s.run(args...); code != 0 {
			s.t.Errorf("replay in batches of %s ends with %d: %s", batch, code, out)
		} else {
			s.t.Logf("batches of %s: %s", batch, out)
		}
	}
}

// untilPaid waits until the bank has executed so many payments, or the play is over.
func (s *stack) untilPaid(r *running, payments int) {
	s.t.Helper()
	f, err := s.devFile()
	if err != nil {
		s.t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(3 * time.Minute)
	for {
		b, err := books(s.t.Context(), f.Sandboxes["bank"])
		if err == nil && b.executed() >= payments {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("the bank never executed %d payments\n%s\n%s", payments, r.text.String(), s.tail())
		}
	}
}

// auditAndExport lets the auditor and an independent program judge the books.
func (s *stack) auditAndExport(f devFile) {
	s.t.Helper()
	args := []string{"audit", "--brokers", f.Brokers, "--dsn", f.DSN}
	if f.Prefix != "" {
		args = append(args, "--prefix", f.Prefix)
	}
	if code, out := s.run(args...); code != 0 {
		s.t.Errorf("audit ends with %d: %s", code, out)
	}
	journal := filepath.Join(s.dir, "books.journal")
	if code, out := s.run("export", "--dsn", f.DSN, "--book", "main", "--format", "hledger", "--out", journal); code != 0 {
		s.t.Fatalf("export ends with %d: %s", code, out)
	}
	hledger, err := exec.LookPath("hledger")
	if err != nil {
		s.t.Log("hledger is not on this machine: the export is not checked by it")
		return
	}
	cmd := exec.Command(hledger, "-f", journal, "check", "-s", "ordereddates", "balancednoautoconversion")
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Errorf("hledger: %v\n%s", err, out)
	}
}
