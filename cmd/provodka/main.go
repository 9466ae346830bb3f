package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/journal/proof"
)

// version is set by the linker.
var version = "unknown"

// Exit codes, stable: scripts and auditors use them.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitDifference = 3
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, os.Getenv))
}

// run is the whole program; tests call it as a process of its own.
func run(args []string, out, errOut io.Writer, getenv func(string) string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := &Env{
		Out: out, Err: errOut, Getenv: getenv, Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	root := newRootCmd(env)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return exitCode(errOut, err)
}

// usageError says that the command was called wrongly.
type usageError struct{ error }

// Unwrap gives the cause to errors.Is.
func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func exitCode(errOut io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(errOut, "provodka:", err)
	var usage usageError
	var difference *audit.Difference
	var person needsPerson
	var mismatch *proof.Mismatch
	switch {
	case errors.As(err, &difference), errors.As(err, &person), errors.As(err, &mismatch):
		return exitDifference
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintln(errOut, "provodka: see --help")
		return exitUsage
	}
	return exitFailed
}
