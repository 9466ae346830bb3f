package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// tourIn finds the block of the README's tour.
var tourIn = regexp.MustCompile("(?s)\n## A tour in ten commands\n.*?\n```bash\n(.*?)```\n")

// TestTheTourOfTheReadmeWorksWhenPasted pastes the README's tour into a shell beside a
// running stack, and once more: the entry that it posts is one.
func TestTheTourOfTheReadmeWorksWhenPasted(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	r := s.start()
	if line, ok := r.until("play done", "play failed"); !ok || !strings.HasPrefix(line, "play done") {
		t.Fatalf("the play did not end well: %s\n%s\n%s", line, r.text.String(), s.tail())
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := tourIn.FindSubmatch(readme)
	if found == nil {
		t.Fatal("README.md has no tour")
	}
	block := string(found[1])
	if _, err := exec.LookPath("hledger"); err != nil {
		t.Log("hledger is not on this machine: the export is not checked by it")
		block = regexp.MustCompile(`\| hledger .*`).ReplaceAllString(block, "")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, is := range map[string]string{".provodka": s.dir, "bin/provodka": s.bin} {
		if err := os.Symlink(is, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, pasted := range []string{"once", "twice"} {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", block)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
		raw, err := cmd.CombinedOutput()
		out := string(raw)
		if err != nil {
			t.Fatalf("pasted %s: %v\n%s", pasted, err, out)
		}
		for _, want := range []string{
			"trial balance of book main", "paying → paid", "карточка счёта 76.05 reserve:task-", "Всего со счёта компании",
			`"balance":"106.38"`, "statement of capital:tour", "главная книга", "Оборотно-сальдовая ведомость", "proven: entry ", "audit ok: ",
		} {
			if !strings.Contains(strings.ReplaceAll(out, `": "`, `":"`), want) {
				t.Errorf("pasted %s: no %q in\n%s", pasted, want, out)
			}
		}
	}
	if code, out := s.run("doctor", "--dev", s.dir); code != 0 || strings.Contains(out, "records that wait") {
		t.Errorf("the doctor finds something on a stack at rest: exit code %d\n%s", code, out)
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := r.end(); code != 0 {
		t.Errorf("a graceful stop ends with exit code %d\n%s", code, s.tail())
	}
	again := s.start("--once")
	if code := again.end(); code != 0 {
		t.Errorf("after the tour a second run does not find the books of the first: exit code %d\n%s\n%s", code, again.text.String(), s.tail())
	}
}
