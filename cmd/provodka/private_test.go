package main_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/examples/play"
)

// knowsNobody looks through every row of every table for what would give a person of
// the play away: as text, and as the bytes of a text.
func (w *wreck) knowsNobody(name string, people []play.Executor) {
	w.t.Helper()
	var words []string
	for _, x := range people {
		words = append(words, x.INN, x.Phone[1:], x.LastName+" ")
		for _, r := range []*play.Requisites{x.Requisites, x.Later} {
			if r != nil {
				words = append(words, r.Account)
			}
		}
	}
	tellsNobody(w.t, w.dsn(name), words...)
}

// tellsNobody looks for words in every row of every table.
func tellsNobody(t *testing.T, dsn string, words ...string) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, table := range tables {
		var dump bytes.Buffer
		if _, err := conn.PgConn().CopyTo(ctx, &dump, "COPY "+pgx.Identifier{table}.Sanitize()+" TO STDOUT"); err != nil {
			t.Fatal(err)
		}
		seen += dump.Len()
		for _, word := range words {
			if len(word) > 1 && (bytes.Contains(dump.Bytes(), []byte(word)) || bytes.Contains(dump.Bytes(), []byte(hex.EncodeToString([]byte(word))))) {
				t.Errorf("%s has %q", table, word)
			}
		}
	}
	if seen < 20<<10 {
		t.Errorf("the dump of %d tables has %d bytes", len(tables), seen)
	}
}
