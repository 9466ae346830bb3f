package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

//go:embed pom.xml
var pom []byte

// release names the directory of the libraries: the version that pom.xml asks for.
const release = "kafka-4.1.1"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./deploy/kafka COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, command []string) (int, error) {
	libs, err := fetch(ctx)
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "provodka-kafka-")
	if err != nil {
		return 1, err
	}
	b, err := start(ctx, libs, dir)
	if err != nil {
		return 1, errors.Join(err, os.RemoveAll(dir))
	}
	fmt.Fprintf(os.Stderr, "%s is ready at %s after %s\n", release, b.addr, b.took)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "PROVODKA_TEST_KAFKA="+b.addr)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	errRun := cmd.Run()
	err = errors.Join(b.stop(), os.RemoveAll(dir))
	var exit *exec.ExitError
	if errors.As(errRun, &exit) {
		return max(1, exit.ExitCode()), err
	}
	if err = errors.Join(errRun, err); err != nil {
		return 1, err
	}
	return 0, nil
}

// fetch answers the directory with the broker's libraries, getting them the first time.
func fetch(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	libs := filepath.Join(cache, "provodka", release)
	if _, err := os.Stat(libs); err == nil {
		return libs, nil
	}
	if err := os.MkdirAll(filepath.Dir(libs), 0o755); err != nil {
		return "", err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(libs), "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	file := filepath.Join(scratch, "pom.xml")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return "", err
	}
	fresh := filepath.Join(scratch, "libs")
	cmd := exec.CommandContext(ctx, "mvn", "--batch-mode", "--quiet", "--file", file,
		"dependency:copy-dependencies", "-DoutputDirectory="+fresh)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("get Apache Kafka by maven: %w", err)
	}
	if err := os.Rename(fresh, libs); err != nil {
		if _, there := os.Stat(libs); there == nil {
			return libs, nil // somebody else was faster
		}
		return "", err
	}
	return libs, nil
}
