package store_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/cockroach-go/v2/testserver"
	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/store"
)

// onEach runs a test on an own, migrated database of every kind that is at hand:
// PostgreSQL always, CockroachDB when PROVODKA_TEST_CRDB_DSN or COCKROACH_BINARY is set.
func onEach(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Parallel()
	t.Run("pg", func(t *testing.T) {
		t.Parallel()
		test(t, embedtest.DSN(t, store.Migrate))
	})
	if os.Getenv("PROVODKA_TEST_CRDB_DSN") == "" && os.Getenv("COCKROACH_BINARY") == "" {
		return
	}
	t.Run("crdb", func(t *testing.T) {
		t.Parallel()
		dsn := cockroach(t)
		if err := store.Migrate(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
		test(t, dsn)
	})
}

// node is the one CockroachDB of this test binary.
var node struct {
	once sync.Once
	dsn  string
	err  error
}

// cockroach answers the address of an empty database on CockroachDB.
func cockroach(t *testing.T) string {
	t.Helper()
	node.once.Do(func() {
		if node.dsn = os.Getenv("PROVODKA_TEST_CRDB_DSN"); node.dsn != "" {
			return
		}
		server, err := testserver.NewTestServer(testserver.CockroachBinaryPathOpt(os.Getenv("COCKROACH_BINARY")))
		if err != nil {
			node.err = err
			return
		}
		node.dsn = server.PGURL().String()
	})
	if node.err != nil {
		t.Fatal(node.err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	name := "test_" + strings.ToLower(rand.Text())
	admin, err := pgx.Connect(ctx, node.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(node.dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// open opens a database for a test.
func open(t testing.TB, dsn string, change ...func(*store.Options)) *store.DB {
	t.Helper()
	o := store.Options{MaxConns: 8, Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	db, err := store.Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// own takes a shard over and opens its writer.
func own(t testing.TB, db *store.DB, shard int) (store.ShardState, *store.Writer) {
	t.Helper()
	state, err := db.TakeOver(t.Context(), shard)
	if err != nil {
		t.Fatal(err)
	}
	w, err := db.OpenWriter(t.Context(), shard, state.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return state, w
}

// raw opens a plain session beside the store.
func raw(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// must stops the test at an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// name makes an account's name.
func name(kind string, n int) string { return fmt.Sprintf("%s:owner-%03d", kind, n) }
