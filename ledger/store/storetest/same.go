package storetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// apart are the tables that no event can say anything about.
var apart = map[string]string{
	"goose_db_version": "which migrations ran, and when",
	"goose_lock":       "who migrates",
	"lease":            "who runs a shard now",
	"process":          "which processes live now",
	"tree":             "made of the journal again, as far as somebody asked",
	"tile":             "the same",
	"api_key":          "credentials are in no log",
	"private_data":     "personal data is in no log",
	"private_key":      "credentials are in no log",
	"private_index":    "keyed hashes of personal data are in no log",
	"private_word":     "the same",
	"upkept":           "what was put in order of private data",
	"session":          "credentials are in no log",
	"delivery":         "what became of tries to tell subscribers is in no log",
	"device":           "tokens of devices are personal data: in no log",
	"pushed":           "how far messages to devices are is in no log",
	"confirmed":        "how far providers were asked again about their answers is in no log",
	"hint":             "what callbacks hinted at and nobody has asked about yet is in no log: it is asked again all the same",
	"bank_line":        "by what names the bank tells what it told before is in no log: it tells it again, and what it had changed the books know",
	"bank_read":        "how far the bank was asked is in no log: it is asked again",
	"projection":       "the owner makes the search tables anew from the journal",
	"mark":             "see projection",
	"correspondence":   "see projection",
	"audience":         "see projection",
	"dated":            "see projection",
}

// narrowed are the tables of which some columns depend on when commits were made, and
// how what must be the same is read.
var narrowed = map[string]string{
	// Its epoch counts take-overs; offset and clock move with commands that leave no
	// record (ticks, repeated keys), which the next owner reads again.
	"shard": `SELECT shard::TEXT, seq::TEXT, encode(head, 'hex') FROM shard WHERE seq > 0 ORDER BY shard`,
	// One row for each type and commit: the newest is the sum of all legs.
	"total": `SELECT DISTINCT ON (shard, book, type, asset) total::TEXT FROM total ORDER BY shard, book, type, asset, seq DESC`,
	// How many records one holds depends on the commits; see records.
	"segment": `SELECT shard::TEXT, encode(data, 'hex') FROM segment ORDER BY shard, first_seq`,
}

// Same fails the test when the databases differ in a table that events make. It answers
// how many rows each table has, so that a test can say that it compared something.
func Same(t testing.TB, want, got string) map[string]int {
	t.Helper()
	a, b := Dump(t, want), Dump(t, got)
	counts := map[string]int{}
	for table, rows := range a {
		counts[table] = len(rows)
		if !slices.Equal(rows, b[table]) {
			t.Errorf("table %s differs (- one, + the other):\n%s", table, shorten(cmp.Diff(rows, b[table])))
		}
	}
	for table := range b {
		if _, ok := a[table]; !ok {
			t.Errorf("one database has no table %s", table)
		}
	}
	return counts
}

func shorten(text string) string { return text[:min(len(text), 6000)] }

// Dump reads every table that events make, each in an order of its own.
func Dump(t testing.TB, dsn string) map[string][]string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	tables := map[string][]string{}
	for _, row := range read(t, conn, `SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`) {
		if _, ok := apart[row[0]]; ok {
			continue
		}
		statement, ok := narrowed[row[0]]
		if !ok {
			statement = fmt.Sprintf(`SELECT x::TEXT FROM %s AS x ORDER BY x::TEXT COLLATE "C"`, pgx.Identifier{row[0]}.Sanitize())
		}
		rows := []string{}
		for _, cells := range read(t, conn, statement) {
			rows = append(rows, strings.Join(cells, " | "))
		}
		if row[0] == "segment" {
			rows = records(t, rows)
		}
		tables[row[0]] = rows
	}
	return tables
}

func read(t testing.TB, conn *pgx.Conn, statement string) [][]string {
	t.Helper()
	rows, err := conn.Query(context.Background(), statement)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]string, error) {
		values, err := r.Values()
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = fmt.Sprint(v)
		}
		return cells, err
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return out
}

// records takes segments apart: the records are the same, whatever shares a segment.
func records(t testing.TB, segments []string) (out []string) {
	t.Helper()
	for _, s := range segments {
		shard, text, _ := strings.Cut(s, " | ")
		var data []byte
		if _, err := fmt.Sscanf(text, "%x", &data); err != nil {
			t.Fatal(err)
		}
		for len(data) > 0 {
			n, width := binary.Uvarint(data)
			if width <= 0 || n > uint64(len(data)-width) {
				t.Fatalf("a segment of shard %s is cut", shard)
			}
			out = append(out, fmt.Sprintf("%s | %x", shard, data[width:width+int(n)]))
			data = data[width+int(n):]
		}
	}
	return out
}
