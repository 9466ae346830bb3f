package main_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/cmd/provodka/embed"
	"github.com/provodka/provodka/examples/play"
	"github.com/provodka/provodka/ledger/store/storetest"
)

// TestThePayrollGoesOnInARebuiltDatabase loses the database in the middle of the play,
// makes a new one of the events and the backup of what is in no log, and goes on: the
// play ends as expected and nobody is paid twice. The books of the whole play, rebuilt
// once more, are the same row by row, pass the audit and are found by a second play.
func TestThePayrollGoesOnInARebuiltDatabase(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	expected, err := play.Load(playDir)
	if err != nil {
		t.Fatal(err)
	}
	r := s.start()
	if _, ok := r.until("ready "); !ok {
		t.Fatalf("the program ended early:\n%s\n%s", r.text.String(), s.tail())
	}
	s.untilPaid(r, 60)
	r.kill()

	w := s.wreck()
	text := w.rebuild("rebuilt")
	if !regexp.MustCompile(`(?m)^api_key +caller +1 +1$`).MatchString(text) || !regexp.MustCompile(`(?m)^private_data +requisites +\d+ +[1-9]`).MatchString(text) {
		t.Errorf("what is in no log is not said to be missing:\n%s", text)
	}
	w.restorePrivate("rebuilt")
	text = w.rebuild("rebuilt") // nothing to fold, and nothing lacks
	if bad := regexp.MustCompile(`(?m)^(api_key|private_data) .* [1-9]\d*$`).FindString(text); bad != "" {
		t.Errorf("after the restore something is missing: %s", bad)
	}
	w.audit("rebuilt")
	w.replace("rebuilt", "lost")
	w.stop()

	r = s.start()
	line, ok := r.until("play done", "play failed")
	if !ok || !strings.HasPrefix(line, "play done") {
		t.Fatalf("the play did not end well: %s\n%s\n%s", line, r.text.String(), s.tail())
	}
	s.paidOnce(expected.Expected.BankPayments)
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := r.end(); code != 0 {
		t.Errorf("a graceful stop ends with exit code %d\n%s", code, s.tail())
	}

	w = s.wreck()
	w.rebuild("again")
	for table, n := range storetest.Same(t, w.dsn("provodka"), w.dsn("again")) {
		t.Logf("%s: %d rows", table, n)
	}
	w.audit("again")
	if one, other := w.trialBalance("provodka"), w.trialBalance("again"); one != other {
		t.Errorf("the trial balance was\n%s\nand is\n%s", one, other)
	}
	w.knowsNobody("provodka", expected.Executors)
	w.restorePrivate("again")
	w.replace("again", "second")
	w.stop()
	again := s.start("--once")
	if code := again.end(); code != 0 {
		t.Errorf("a second play does not find the books of the first: exit code %d\n%s\n%s", code, again.text.String(), s.tail())
	}
}

// paidOnce compares with the bank's own books.
func (s *stack) paidOnce(want int) {
	s.t.Helper()
	f, err := s.devFile()
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := books(s.t.Context(), f.Sandboxes["bank"])
	if err != nil {
		s.t.Fatal(err)
	}
	if got.executed() != want {
		s.t.Errorf("the bank executed %d payments, the play has %d", got.executed(), want)
	}
	for _, b := range got.Business {
		if b.Executed > 1 {
			s.t.Errorf("%s rubles to %s for %q were paid %d times", b.Amount, b.Account, b.Purpose, b.Executed)
		}
	}
}

// wreck is what is left of a stack whose program does not run: the database's server
// and the broker.
type wreck struct {
	*stack
	server  *embed.Server
	brokers string
	prefix  []string
	stop    func()
}

func (s *stack) wreck() *wreck {
	s.t.Helper()
	w := &wreck{stack: s, brokers: os.Getenv("PROVODKA_TEST_KAFKA")}
	quiet := slog.New(slog.DiscardHandler)
	var err error
	if w.server, err = embed.Postgres(s.t.Context(), s.dir, embed.Options{Logger: quiet}); err != nil {
		s.t.Fatal(err)
	}
	w.stop = func() {
		if err := w.server.Stop(context.Background()); err != nil {
			s.t.Fatal(err)
		}
	}
	if w.brokers != "" {
		w.prefix = []string{"--prefix", s.prefix()} // a program that stopped took its dev.json with it
		return w
	}
	broker, err := embed.Broker(s.t.Context(), s.dir, embed.BrokerOptions{Logger: quiet})
	if err != nil {
		s.t.Fatal(err)
	}
	w.brokers = broker.Addr
	stopServer := w.stop
	w.stop = func() {
		if err := broker.Stop(context.Background()); err != nil {
			s.t.Fatal(err)
		}
		stopServer()
	}
	return w
}

// dsn is the address of a database of the server.
func (w *wreck) dsn(name string) string {
	w.t.Helper()
	u, err := url.Parse(w.server.DSN)
	if err != nil {
		w.t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func (w *wreck) sql(statement string) {
	w.t.Helper()
	if err := execute(w.dsn("postgres"), statement); err != nil && !strings.Contains(err.Error(), "changed nothing") {
		w.t.Fatal(err)
	}
}

// rebuild runs the command on a database, which is made when it is not there.
func (w *wreck) rebuild(name string) string {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.dsn(name))
	if err == nil {
		err = conn.Close(w.t.Context())
	} else {
		w.sql(`CREATE DATABASE ` + name + ` LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
		err = nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return w.succeeds("rebuild", name)
}

func (w *wreck) succeeds(command, name string) string {
	w.t.Helper()
	code, out := w.run(append([]string{command, "--brokers", w.brokers, "--dsn", w.dsn(name)}, w.prefix...)...)
	if code != 0 {
		w.t.Fatalf("%s ends with %d: %s", command, code, out)
	}
	return out
}

func (w *wreck) audit(name string) { w.t.Helper(); w.succeeds("audit", name) }

func (w *wreck) trialBalance(name string) string {
	w.t.Helper()
	code, out := w.run("trial-balance", "--dsn", w.dsn(name), "--book", "main")
	if code != 0 {
		w.t.Fatalf("trial-balance ends with %d: %s", code, out)
	}
	return out
}

// restorePrivate brings the tables that are in no log from the first database, as a
// backup of them does.
func (w *wreck) restorePrivate(name string) {
	w.t.Helper()
	ctx := w.t.Context()
	from, err := pgx.Connect(ctx, w.dsn("provodka"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer from.Close(ctx)
	to, err := pgx.Connect(ctx, w.dsn(name))
	if err != nil {
		w.t.Fatal(err)
	}
	defer to.Close(ctx)
	for _, table := range []string{"api_key", "private_data", "private_index", "private_key"} {
		var rows bytes.Buffer
		if _, err := from.PgConn().CopyTo(ctx, &rows, "COPY "+table+" TO STDOUT"); err != nil {
			w.t.Fatal(err)
		}
		if _, err := to.PgConn().CopyFrom(ctx, &rows, "COPY "+table+" FROM STDIN"); err != nil {
			w.t.Fatal(err)
		}
	}
}

// replace puts a database in the place of the stack's own.
func (w *wreck) replace(name, former string) {
	w.t.Helper()
	w.sql("ALTER DATABASE provodka RENAME TO " + former)
	w.sql("ALTER DATABASE " + name + " RENAME TO provodka")
}
