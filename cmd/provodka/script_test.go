package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/dev"
	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// TestScripts runs the program as people do. Beside testscript's own commands:
//
//	books NAME     fills a database of its own ($DSN) and a broker ($BROKERS)
//	garbage N      puts N records that are no commands on every shard's command log
//	empty          gives an empty, migrated database and no broker
//	sql STATEMENT  changes the database behind everybody's back
//	flip FILE N    changes byte N of a file, from the end when negative
//	seal KEY N     seals the books as a server with the key would, the shards at most to record N
//	truncate FILE N NEW  copies the first N bytes of a file
//	dev [confirm] [pull]  starts a stack, as "provodka dev" does, that asks about final answers again in seconds: $PROVODKA_URL, $PROVODKA_API_KEY, $SECOND (another key), $DSN, $BROKERS
//	company        opens a company: $COMPANY is its id, $MARKER what its transfers carry
//	pay DAY DEBIT CREDIT AMOUNT  posts rubles there; $ID is the entry's id; $YESTERDAY, $TODAY and $NEXT_MONTH are days
//	id             $ID is what the last output begins with
//	bank FILE      makes the stack's bank misbehave by the script; "bank books" prints what taxes it has paid,
//	               "bank executes SUM" executes what it had refused; with pull it tells of our account when somebody asks, and
//	               "bank incoming NUMBER SUM PURPOSE" has the money of $COMPANY come there, yesterday
//	told came|left NUMBER SUM PURPOSE  imports a statement with a line of 2 March 2026 of somebody that nobody knows: $LINE is its id
//	audited        waits until the stack's auditor has checked what every shard has
//	until REGEXP PROGRAM ARGS…  runs a program until what it prints matches, a minute at most
//	code N PROGRAM ARGS…  runs a program and expects its exit code
func TestScripts(t *testing.T) {
	t.Parallel()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(bin)+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("LC_ALL", "C.UTF-8")
			return nil
		},
		Condition: func(name string) (bool, error) { return false, errors.New("there is no condition " + name) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"books": func(ts *testscript.TestScript, _ bool, args []string) { seedBooks(t, ts, args[0]) },
			"garbage": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(garbage(t.Context(), ts.Getenv("BROKERS"), args[0]))
			},
			"empty": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Setenv("DSN", embedtest.DSN(t, store.Migrate)) },
			"sql":   func(ts *testscript.TestScript, _ bool, args []string) { ts.Check(execute(ts.Getenv("DSN"), args[0])) },
			"flip":  func(ts *testscript.TestScript, _ bool, args []string) { ts.Check(flip(ts.MkAbs(args[0]), args[1])) },
			"seal": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(sealBooks(t.Context(), ts, args[0], args[1]))
			},
			"truncate": func(ts *testscript.TestScript, _ bool, args []string) {
				n, err := strconv.Atoi(args[1])
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(ts.ReadFile(args[0])[:n]), 0o600))
			},
			"dev":        func(ts *testscript.TestScript, _ bool, args []string) { startDev(t, ts, args...) },
			"pay":        pay,
			"company":    openCompany,
			"closemonth": closeMonth,
			"bank":       misbehave,
			"told":       told,
			"audited": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(untilAudited(t.Context(), ts.Getenv("DSN")))
			},
			"id": func(ts *testscript.TestScript, _ bool, _ []string) {
				id, _, _ := strings.Cut(ts.ReadFile("stdout"), ":")
				ts.Setenv("ID", id)
			},
			"code":  expectCode,
			"until": until,
		},
	})
}

// seedBooks makes a world and puts it where a server would.
func seedBooks(t *testing.T, ts *testscript.TestScript, name string) {
	world := map[string]func() *audittest.World{
		"small":    audittest.Small,
		"standing": audittest.Standing,
		"periods":  func() *audittest.World { return audittest.Periods(sheets(t, ts)) },
		"closed":   closedBooks,
		"random":   func() *audittest.World { return audittest.Random(11, 4, 300) },
	}[name]
	if world == nil {
		ts.Fatalf("no books %q", name)
	}
	w, dsn, brokers := world(), embedtest.DSN(t, store.Migrate), embedtest.Broker(t)
	db, err := store.Open(t.Context(), dsn, store.Options{Logger: slog.New(slog.DiscardHandler), Zone: audittest.Zone})
	ts.Check(err)
	defer db.Close()
	ts.Check(w.Store(t.Context(), db))
	for _, shard := range w.Shards() { // as the owner does
		_, err := db.Project(t.Context(), store.Projected{Shard: shard}, w.Records(shard), nil)
		ts.Check(err)
	}
	ts.Check(publish(t.Context(), w, brokers))
	ts.Setenv("DSN", dsn)
	ts.Setenv("BROKERS", brokers)
}

// closedBooks is a book with a closed account.
func closedBooks() *audittest.World {
	w := audittest.New()
	w.Do(0, audittest.Open("wallet:company-0"),
		audittest.Post("topup", "", audittest.Leg('D', "bank:main", "RUB", "5.00"), audittest.Leg('C', "wallet:company-0", "RUB", "5.00")),
		audittest.Post("payout", "", audittest.Leg('D', "wallet:company-0", "RUB", "5.00"), audittest.Leg('C', "bank:main", "RUB", "5.00")))
	w.Change(0, &commandv1.ChangeAccount{Account: "wallet:company-0", What: commandv1.AccountChange_ACCOUNT_CHANGE_CLOSE, Reason: "не нужен"})
	return w
}

// sheets are the hashes of the closed periods of Periods: those of the same books with
// other hashes, which are no part of a sheet.
func sheets(t *testing.T, ts *testscript.TestScript) (hashes [3][]byte) {
	for i := range hashes {
		hashes[i] = make([]byte, 32)
	}
	db, err := store.Open(t.Context(), embedtest.DSN(t, store.Migrate), store.Options{Logger: slog.New(slog.DiscardHandler), Zone: audittest.Zone})
	ts.Check(err)
	defer db.Close()
	ts.Check(audittest.Periods(hashes).Store(t.Context(), db))
	periods, _, err := ledger.ReadPeriods(t.Context(), db, "main")
	ts.Check(err)
	for i, p := range periods {
		sheet, err := ledger.PeriodSheet(t.Context(), db, "main", p)
		ts.Check(err)
		hashes[len(periods)-1-i], err = sheet.Hash(t.Context(), db)
		ts.Check(err)
	}
	return hashes
}

func publish(ctx context.Context, w *audittest.World, brokers string) error {
	log, err := kafka.Open(ctx, kafka.Config{Brokers: []string{brokers}, Shards: len(w.Shards()), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer log.Close()
	for _, shard := range w.Shards() {
		writer, _, err := log.Own(ctx, shard)
		if err != nil {
			return err
		}
		var records []port.LogRecord
		for _, e := range w.Events(shard) {
			r := port.LogRecord{Key: e.Key, Value: e.Value, Timestamp: time.UnixMicro(audittest.StartUS)}
			for _, h := range e.Headers {
				r.Headers = append(r.Headers, port.Header{Key: h.Key, Value: h.Value})
			}
			records = append(records, r)
		}
		err = writer.Publish(ctx, records)
		writer.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// garbage appends records that are no commands to both shards of the small books.
func garbage(ctx context.Context, brokers, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	log, err := kafka.Open(ctx, kafka.Config{Brokers: []string{brokers}, Shards: 2, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer log.Close()
	done := make(chan error, 2*n)
	for i := range 2 * n {
		log.Append(ctx, i%2, []byte("no command"), nil, func(_ int64, err error) { done <- err })
	}
	for range 2 * n {
		err = errors.Join(err, <-done)
	}
	return err
}

func execute(dsn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	tag, err := conn.Exec(ctx, statement)
	if err == nil && tag.RowsAffected() == 0 {
		return errors.New("the statement changed nothing")
	}
	return err
}

func flip(path, at string) error {
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(at)
	if err != nil {
		return err
	}
	if n < 0 {
		n += len(file)
	}
	file[n] ^= 1
	return os.WriteFile(path, file, 0o600)
}

// startDev starts a development stack that ends with the script.
func startDev(t *testing.T, ts *testscript.TestScript, how ...string) {
	var confirm []time.Duration // none leaves days
	if slices.Contains(how, "confirm") {
		confirm = []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second}
	}
	pull := 0
	if slices.Contains(how, "pull") {
		pull = -1
	}
	dir, err := os.MkdirTemp("", "provodka-script-")
	ts.Check(err)
	ts.Check(os.Chmod(dir, 0o711)) // PostgreSQL does not run as root
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() {
		over <- dev.Run(ctx, dev.Options{
			Dir: dir, Listen: "127.0.0.1:0", Shards: 2, Patience: time.Minute, Auditor: true, Out: io.Discard,
			Log: slog.New(slog.DiscardHandler), Confirm: confirm, Pull: pull,
		})
	}()
	ts.Defer(func() {
		cancel()
		<-over
		_ = os.RemoveAll(dir)
	})
	var f dev.File
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.After(time.Minute); f.API == ""; {
		raw, err := os.ReadFile(filepath.Join(dir, dev.FileName))
		if err == nil && json.Unmarshal(raw, &f) == nil {
			break
		}
		select {
		case <-look.C:
		case err := <-over:
			over <- err
			ts.Fatalf("the stack ended: %v", err)
		case <-deadline:
			ts.Fatalf("the stack was not ready in a minute")
		}
	}
	db, err := store.Open(ctx, f.DSN, store.Options{Logger: slog.New(slog.DiscardHandler)})
	ts.Check(err)
	defer db.Close()
	second, row, err := gate.MintKey("second", f.Book, gate.Roles()...)
	ts.Check(err)
	row.Created = time.Now()
	ts.Check(db.PutAPIKey(ctx, row))
	for name, value := range map[string]string{
		"PROVODKA_URL": f.API, "PROVODKA_API_KEY": f.APIKey, "FIRST": f.APIKey, "SECOND": second, "DSN": f.DSN, "BROKERS": f.Brokers,
		"PROVODKA_DSN": f.DSN, "BANK": f.Sandboxes["bank"], "YESTERDAY": dayFrom(-1), "TODAY": dayFrom(0), "NEXT_MONTH": dayFrom(31),
	} {
		ts.Setenv(name, value)
	}
}

// untilAudited waits for the continuous auditor.
func untilAudited(ctx context.Context, dsn string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for behind := 1; behind > 0; {
		err := conn.QueryRow(ctx, "SELECT count(*) FROM shard AS s WHERE s.seq > coalesce((SELECT a.seq FROM audited AS a WHERE a.shard = s.shard), 0)").Scan(&behind)
		if err != nil {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("the auditor is behind on %d shards: %w", behind, ctx.Err())
		}
	}
	return nil
}

// dayFrom is the day so many days from now where the books are.
func dayFrom(days int) string {
	return time.Now().In(audittest.Zone).AddDate(0, 0, days).Format(time.DateOnly)
}

// pay posts rubles through the API; $ID is the entry's id.
func pay(ts *testscript.TestScript, _ bool, args []string) {
	url := ts.Getenv("PROVODKA_URL")
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	c, err := client.New(url, ts.Getenv("PROVODKA_API_KEY"), client.WithBook("main"))
	ts.Check(err)
	op := client.Entry("", "payment", client.Debit(args[1], "RUB", args[3]), client.Credit(args[2], "RUB", args[3]))
	op.GetEntry().Day = args[0]
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done, err := c.Post(ctx, op)
	ts.Check(err)
	ts.Setenv("ID", done.GetId())
}

// misbehave gives the bank's sandbox a script, or prints its payments of taxes.
func misbehave(ts *testscript.TestScript, _ bool, args []string) {
	url := ts.Getenv("BANK") + "/sandbox/"
	post := func(path, body string) {
		answer, err := http.Post(url+path, "application/json", strings.NewReader(body))
		ts.Check(err)
		defer answer.Body.Close()
		if answer.StatusCode/100 != 2 {
			ts.Fatalf("the bank's %s: %s", path, answer.Status)
		}
	}
	if args[0] == "incoming" {
		came, err := json.Marshal(incoming(args[1], args[2], args[3], requisite.ExampleINN(77)))
		ts.Check(err)
		post("incoming", string(came))
		return
	}
	if args[0] != "books" && args[0] != "executes" {
		post("script", ts.ReadFile(args[0]))
		return
	}
	answer, err := http.Get(url + "books")
	ts.Check(err)
	defer answer.Body.Close()
	var report stage.Report
	ts.Check(json.NewDecoder(answer.Body).Decode(&report))
	found := args[0] == "books"
	for _, p := range report.Payments {
		if args[0] == "executes" {
			if p.Amount == args[1] && p.Status == stage.Failed {
				found = true
				word, err := json.Marshal(stage.Word{ID: p.ID, State: stage.Executed})
				ts.Check(err)
				post("word", string(word))
			}
			continue
		}
		if kbk := p.Detail["kbk"]; kbk != "" && p.ExecutedCount > 0 {
			_, err := fmt.Fprintf(ts.Stdout(), "%s executed %d times to %s as %s\n", p.Amount, p.ExecutedCount, kbk, p.Detail["payer_status"])
			ts.Check(err)
		}
	}
	if !found {
		ts.Fatalf("no payment of %s has failed", args[1])
	}
}

// until runs a program until its output matches.
func until(ts *testscript.TestScript, _ bool, args []string) {
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for deadline := time.After(time.Minute); ; {
		if err := ts.Exec(args[1], args[2:]...); err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-look.C:
		case <-deadline:
			ts.Fatalf("%s: never printed %s", strings.Join(args[1:], " "), args[0])
		}
	}
}

// expectCode runs a program that must end with the code.
func expectCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit interface{ ExitCode() int }
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("%s: exit code %d, expected %s", strings.Join(args[1:], " "), code, args[0])
	}
}
