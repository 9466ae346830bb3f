package embed_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/cmd/provodka/embed"
)

// TestMain lets the test binary play the process that is killed: with
// PROVODKA_TEST_HELPER set it starts what is asked for, says so, and waits.
func TestMain(m *testing.M) {
	switch os.Getenv("PROVODKA_TEST_HELPER") {
	case "":
		os.Exit(m.Run())
	case "postgres":
		server, err := embed.Postgres(context.Background(), os.Getenv("PROVODKA_TEST_DIR"), quiet())
		sayAndWait(func() string { return server.DSN }, err)
	case "guarded":
		options := quiet()
		options.Guarded = true
		server, err := embed.Postgres(context.Background(), os.Getenv("PROVODKA_TEST_DIR"), options)
		sayAndWait(func() string { return server.Data }, err)
	case "broker":
		server, err := embed.Broker(context.Background(), os.Getenv("PROVODKA_TEST_DIR"), embed.BrokerOptions{})
		sayAndWait(func() string { return server.Addr }, err)
	}
}

func sayAndWait(address func() string, err error) {
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("ready", address())
	// Ends with the parent at the latest: its end of the pipe closes.
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	os.Exit(2)
}

// helper starts this test binary as another process and answers it with the address
// that it says; it has ended when the test ends.
func helper(t *testing.T, role, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROVODKA_TEST_HELPER="+role, "PROVODKA_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		t.Fatalf("the helper says %q, %v", line, err)
	}
	return cmd, address
}

// kill9 ends a helper as a power cut would end it, and waits until it is gone.
func kill9(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed"
}

func quiet() embed.Options {
	return embed.Options{Logger: slog.New(slog.DiscardHandler), Settings: map[string]string{"shared_buffers": "32MB"}}
}

func start(t *testing.T, dir string) *embed.Server {
	t.Helper()
	server, err := embed.Postgres(t.Context(), dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t *testing.T, server *embed.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// query runs one statement and answers its single value.
func query(t *testing.T, dsn, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var value string
	if err := conn.QueryRow(t.Context(), statement).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

// exec1 runs one statement without rows.
func exec1(t *testing.T, dsn, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// signalPostmaster signals the server of this test's own directory, by its pid file.
func signalPostmaster(t *testing.T, dir string, signal syscall.Signal) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
