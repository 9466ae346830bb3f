package embedtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/cmd/provodka/embed"
)

// Migrate brings the database behind the DSN to its newest schema.
type Migrate func(ctx context.Context, dsn string) error

// patience bounds each step of the set-up on a busy machine.
const patience = 2 * time.Minute

// shared is the one server of this test binary: the reason for a package variable is
// that the tests of a binary have nothing else in common.
var shared struct {
	once   sync.Once
	server *embed.Server
	err    error

	mu        sync.Mutex // CREATE DATABASE copies a template that nobody else may use
	templates map[uintptr]string
}

// DSN answers the address of a database that only this test knows; it is dropped
// when the test ends. With a migrate function, a plain top-level one, the database
// is a copy of one which it was called for once per test binary.
func DSN(t testing.TB, migrate ...Migrate) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	admin, external := adminDSN(t)
	template := ""
	if len(migrate) > 0 && !external {
		template = prepareTemplate(t, admin, migrate[0])
	}
	name := databaseName()
	create(t, admin, name, template)
	t.Cleanup(func() { drop(t, admin, name) })
	dsn := inDatabase(t, admin, name)
	if len(migrate) > 0 && external {
		if err := migrate[0](ctx, dsn); err != nil {
			t.Fatalf("migrate the test's database: %v", err)
		}
	}
	return dsn
}

// adminDSN answers a server where databases may be made, and whether it is not ours.
func adminDSN(t testing.TB) (dsn string, external bool) {
	t.Helper()
	if dsn := os.Getenv("PROVODKA_TEST_PG_DSN"); dsn != "" {
		return dsn, true
	}
	shared.once.Do(func() {
		dir, err := os.MkdirTemp("", "provodka-test-")
		if err == nil {
			err = os.Chmod(dir, 0o711)
		}
		if err != nil {
			shared.err = err
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		shared.templates = map[uintptr]string{}
		shared.server, shared.err = embed.Postgres(ctx, dir, embed.Options{
			Guarded: true,
			Logger:  slog.New(slog.DiscardHandler),
			Settings: map[string]string{
				"fsync":            "off",
				"full_page_writes": "off",
				"shared_buffers":   "128MB",
				"max_connections":  "300",
			},
		})
		if shared.err != nil {
			shared.err = fmt.Errorf("%w (or set PROVODKA_TEST_PG_DSN)", shared.err)
		}
	})
	if shared.err != nil {
		t.Fatalf("start a PostgreSQL for the tests: %v", shared.err)
	}
	return shared.server.DSN, false
}

// prepareTemplate makes the migrated database of this migrate function once.
func prepareTemplate(t testing.TB, admin string, migrate Migrate) string {
	t.Helper()
	key := reflect.ValueOf(migrate).Pointer()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if name, ok := shared.templates[key]; ok {
		return name
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	name := databaseName()
	if err := execute(ctx, admin, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	if err := migrate(ctx, inDatabase(t, admin, name)); err != nil {
		t.Fatalf("migrate the template database: %v", err)
	}
	shared.templates[key] = name
	return name
}

func create(t testing.TB, admin, name, template string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if err := execute(ctx, admin, statement); err != nil {
		t.Fatalf("make the test's database: %v", err)
	}
}

func drop(t testing.TB, admin, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := execute(ctx, admin, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)); err != nil {
		t.Errorf("drop the test's database: %v", err)
	}
}

func execute(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, statement)
	return err
}

func databaseName() string { return "test_" + strings.ToLower(rand.Text()) }

// inDatabase answers the same address with another database.
func inDatabase(t testing.TB, dsn, name string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		t.Fatalf("PROVODKA_TEST_PG_DSN must be a URL: postgres://user:password@host:port/database")
	}
	u.Path = "/" + name
	return u.String()
}

// Broker answers the address of a broker that only this test knows.
func Broker(t testing.TB) string {
	t.Helper()
	server, err := embed.Broker(context.Background(), t.TempDir(), embed.BrokerOptions{
		NoSync: true,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatalf("start a broker for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Errorf("stop the test's broker: %v", err)
		}
	})
	return server.Addr
}

// Dir answers a directory for an embedded stack that the user PostgreSQL runs as can
// reach, which t.TempDir is not when root runs the tests. When the test ends, a
// server left behind in it is stopped and the directory removed.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "provodka-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := embed.StopLeft(ctx, dir); err != nil {
			t.Errorf("stop the server left behind in %s: %v", dir, err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the test's directory: %v", err)
		}
	})
	return dir
}
