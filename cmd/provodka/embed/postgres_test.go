package embed_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/provodka/provodka/cmd/provodka/embed"
	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
)

const (
	write = "WITH made AS (SELECT 1) INSERT INTO book (line) SELECT 'kept' FROM made RETURNING line"
	read  = "SELECT coalesce(string_agg(line, ','), '') FROM book"
)

func makeBook(t *testing.T, dsn string) {
	t.Helper()
	query(t, dsn, "SELECT set_config('synchronous_commit', 'on', false)")
	conn := "CREATE TABLE book (line TEXT)"
	exec1(t, dsn, conn)
	query(t, dsn, write)
}

func TestCleanStopKeepsBooksAndPort(t *testing.T) {
	t.Parallel()
	dir := embedtest.Dir(t)
	first := start(t, dir)
	makeBook(t, first.DSN)
	stop(t, first)
	select {
	case <-first.Done():
	default:
		t.Error("Done is open after Stop")
	}
	second := start(t, dir)
	if got := query(t, second.DSN, read); got != "kept" {
		t.Errorf("book = %q", got)
	}
	if second.Adopted || second.Port != first.Port {
		t.Errorf("adopted %v, port %d; want false, %d", second.Adopted, second.Port, first.Port)
	}
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "listen_addresses": "127.0.0.1",
		"unix_socket_directories": "", "lc_collate": "C", "server_encoding": "UTF8", "password_encryption": "scram-sha-256",
	} {
		got := query(t, second.DSN, "SELECT coalesce((SELECT setting FROM pg_settings WHERE name = '"+setting+"'), (SELECT datcollate FROM pg_database WHERE datname = 'provodka'))")
		if got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	if os.Geteuid() == 0 {
		info, err := os.Stat(second.Data)
		if err != nil || info.Sys().(*syscall.Stat_t).Uid == 0 {
			t.Errorf("the data directory belongs to root (%v)", err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "postgres.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("postgres.json: %v, %v; want mode 0600", info, err)
	}
}

func TestServerLeftBehindIsAdopted(t *testing.T) {
	t.Parallel()
	dir := embedtest.Dir(t)
	process, dsn := helper(t, "postgres", dir)
	makeBook(t, dsn)
	if _, err := embed.Postgres(t.Context(), dir, quiet()); !errors.Is(err, embed.ErrInUse) {
		t.Errorf("a second process: %v, want ErrInUse", err)
	}
	kill9(t, process)
	server := start(t, dir)
	if !server.Adopted || server.DSN != dsn {
		t.Errorf("adopted %v at %s, want true at %s", server.Adopted, server.DSN, dsn)
	}
	if got := query(t, server.DSN, read); got != "kept" {
		t.Errorf("book = %q", got)
	}
}

func TestKilledServerRecovers(t *testing.T) {
	t.Parallel()
	dir := embedtest.Dir(t)
	process, dsn := helper(t, "postgres", dir)
	makeBook(t, dsn)
	kill9(t, process)
	signalPostmaster(t, dir, syscall.SIGKILL)
	server := start(t, dir)
	if server.Adopted {
		t.Error("adopted a dead server")
	}
	if got := query(t, server.DSN, read); got != "kept" {
		t.Errorf("book = %q", got)
	}
}

func TestServerAtAnotherPortIsStartedAnew(t *testing.T) {
	t.Parallel()
	dir := embedtest.Dir(t)
	process, dsn := helper(t, "postgres", dir)
	makeBook(t, dsn)
	kill9(t, process)
	options := quiet()
	options.Port = freePort(t) // another port than the one it has
	server, err := embed.Postgres(t.Context(), dir, options)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, server)
	if server.Adopted || server.Port != options.Port {
		t.Errorf("adopted %v at port %d, want a new start at %d", server.Adopted, server.Port, options.Port)
	}
	if got := query(t, server.DSN, read); got != "kept" {
		t.Errorf("book = %q", got)
	}
}

// TestGuardedServerEndsWithItsProcess: what tests start is gone after kill -9 too.
func TestGuardedServerEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "provodka-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	process, data := helper(t, "guarded", dir)
	if _, err := os.Stat(filepath.Join(data, "postmaster.pid")); err != nil {
		t.Fatal(err)
	}
	kill9(t, process)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return // the guard removes the directory after the server has ended
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the server or its files are left behind")
		}
	}
}

func TestStrangerWithThePidIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := embedtest.Dir(t)
	server := start(t, dir)
	stop(t, server)
	stranger := exec.Command("cat")
	pipe, err := stranger.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(stranger.Process.Pid)
	lines := pid + "\n" + server.Data + "\n0\n" + strconv.Itoa(server.Port) + "\n\n127.0.0.1\n\nready\n"
	if err := os.WriteFile(filepath.Join(server.Data, "postmaster.pid"), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	if left, err := embed.StopLeft(t.Context(), dir); left || err != nil {
		t.Errorf("StopLeft = %v, %v; there is no server", left, err)
	}
	second := start(t, dir)
	if second.Adopted {
		t.Error("adopted a stranger")
	}
	pipe.Close()
	if err := stranger.Wait(); err != nil {
		t.Errorf("the stranger did not end by itself: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := embedtest.Dir(t)
	server := start(t, dir)
	stop(t, server)

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	options := quiet()
	options.Port = taken.Addr().(*net.TCPAddr).Port
	refuse(t, dir, options, "is taken by another program")

	version := filepath.Join(server.Data, "PG_VERSION")
	real, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, version, []byte("97\n"))
	refuse(t, dir, quiet(), "made by PostgreSQL 97")
	replace(t, version, real)

	state := filepath.Join(dir, "postgres.json")
	saved, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	refuse(t, dir, quiet(), "password is gone")
	replace(t, state, saved)

	again := start(t, dir)
	if got := query(t, again.DSN, "SELECT 'fine'"); got != "fine" {
		t.Error("the refusals damaged the database")
	}
}

func refuse(t *testing.T, dir string, options embed.Options, want string) {
	t.Helper()
	server, err := embed.Postgres(t.Context(), dir, options)
	if err == nil {
		stop(t, server)
		t.Fatalf("started; want a refusal: %s", want)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("refusal %q does not say %q", err, want)
	}
}

func TestFetchedBinaries(t *testing.T) {
	t.Parallel()
	if os.Getenv("PROVODKA_TEST_FETCH") == "" {
		t.Skip("set PROVODKA_TEST_FETCH=1 to download PostgreSQL")
	}
	server, err := embed.Postgres(t.Context(), embedtest.Dir(t), embed.Options{BinDir: embed.Fetch})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, server)
	if got := query(t, server.DSN, "SELECT 'fine'"); got != "fine" {
		t.Error(got)
	}
}
