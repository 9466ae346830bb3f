package embedtest_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
)

var migrated atomic.Int32

func migrate(ctx context.Context, dsn string) error {
	migrated.Add(1)
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE seen (test TEXT PRIMARY KEY)")
	return err
}

func TestEveryTestHasItsOwnRows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "b", "c", "d"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			conn, err := pgx.Connect(ctx, embedtest.DSN(t, migrate))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			if _, err := conn.Exec(ctx, "INSERT INTO seen VALUES ('x')"); err != nil {
				t.Fatal(err)
			}
			var rows int
			if err := conn.QueryRow(ctx, "SELECT count(*) FROM seen").Scan(&rows); err != nil || rows != 1 {
				t.Fatalf("rows = %d, %v; want 1", rows, err)
			}
			if n := migrated.Load(); n != 1 {
				t.Logf("migrated %d times (an external server migrates for each test)", n)
			}
		})
	}
}
