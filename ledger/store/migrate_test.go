package store_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/store"
)

func TestFourProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dsn := embedtest.DSN(t)
	type result struct {
		applied int
		err     error
	}
	results := make(chan result, 4)
	start := newBarrier(4)
	for range 4 {
		go func() {
			db, err := store.Open(t.Context(), dsn, store.Options{Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				start.wait()
				results <- result{0, err}
				return
			}
			defer db.Close()
			start.wait()
			applied, err := db.Migrate(t.Context())
			results <- result{len(applied), err}
		}()
	}
	applied := 0
	for range 4 {
		r := <-results
		must(t, r.err)
		applied += r.applied
	}
	db := open(t, dsn)
	current, latest, err := db.MigrationStatus(t.Context())
	must(t, err)
	if int(latest) != applied || current != latest {
		t.Errorf("%d applied, version %d of %d", applied, current, latest)
	}
}

func TestMigrationsMayRunTwice(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		if applied, err := db.Migrate(t.Context()); err != nil || len(applied) > 0 {
			t.Fatalf("a second time applied %v, %v", applied, err)
		}
		// As after a crash between a statement and the note that it ran.
		exec(t, raw(t, dsn), "DELETE FROM goose_db_version WHERE version_id > 0")
		applied, err := db.Migrate(t.Context())
		if err != nil || len(applied) == 0 {
			t.Fatalf("over what stands: %v, %v", applied, err)
		}
	})
}

func TestOpenRefusesWhatCannotHoldTheBooks(t *testing.T) {
	t.Parallel()
	dsn := embedtest.DSN(t)
	if _, err := store.Open(t.Context(), dsn, store.Options{Name: "provodka-3-api"}); err == nil || !strings.Contains(err.Error(), "provodka-3-api") {
		t.Errorf("a name that a take-over would end: %v", err)
	}
	if _, err := store.Open(t.Context(), "postgres://127.0.0.1:1/x", store.Options{}); store.Class(err) != "08" {
		t.Errorf("nobody listens: %v has class %q", err, store.Class(err))
	}
	conn := raw(t, dsn)
	libc := exec(t, conn, "SELECT collname FROM pg_collation WHERE collname IN ('en_US.utf8', 'ru_RU.utf8') AND collprovider = 'c'")
	icu := exec(t, conn, "SELECT collname FROM pg_collation WHERE collname = 'ru-x-icu'")
	locale := "LOCALE_PROVIDER icu ICU_LOCALE 'ru' LC_COLLATE 'C' LC_CTYPE 'C'"
	switch {
	case len(libc) > 0:
		locale = "LC_COLLATE '" + libc[0][0] + "' LC_CTYPE '" + libc[0][0] + "'"
	case len(icu) == 0:
		t.Log("this server knows no other order of text")
		return
	}
	exec(t, conn, "CREATE DATABASE "+other(dsn)+" TEMPLATE template0 ENCODING 'UTF8' "+locale)
	defer exec(t, conn, "DROP DATABASE "+other(dsn))
	if _, err := store.Open(t.Context(), strings.Replace(dsn, "/test_", "/other_test_", 1), store.Options{}); err == nil || !strings.Contains(err.Error(), "LC_COLLATE") {
		t.Errorf("text in another order: %v", err)
	}
}

// other is the name of a second database beside the test's.
func other(dsn string) string {
	_, path, _ := strings.Cut(dsn, "/test_")
	name, _, _ := strings.Cut(path, "?")
	return "other_test_" + name
}
