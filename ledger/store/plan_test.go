package store_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// smallTables may be scanned: one row per shard, or per process.
var smallTables = map[string]bool{"shard": true, "lease": true, "process": true, "projection": true, "pushed": true}

func TestEveryStatementPreparesAndSeeks(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		conn := raw(t, dsn)
		crdb := strings.Contains(exec(t, conn, "SELECT version()")[0][0], "CockroachDB")
		prepareAll(t, conn, crdb)
		if crdb {
			return
		}
		// As the store's sessions do. An empty table has a plan of its own: where the
		// keys do not come first in their index it filters instead of seeking.
		exec(t, conn, "SET enable_seqscan = off")
		exec(t, conn, "SET plan_cache_mode = force_generic_plan")
		explainAll(t, conn, "empty")
		seed(t, db)
		exec(t, conn, "ANALYZE")
		explainAll(t, conn, "analyzed")
	})
}

// statements are the files of sql/ by name, without those of the other dialect.
func statements(t testing.TB, crdb bool) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("sql/*.sql")
	must(t, err)
	out := map[string]string{}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".sql")
		if strings.HasSuffix(name, "_pg") && crdb || strings.HasSuffix(name, "_crdb") && !crdb {
			continue
		}
		text, err := os.ReadFile(path)
		must(t, err)
		out[name] = string(text)
	}
	return out
}

// prepareAll prepares every statement under its name.
func prepareAll(t testing.TB, conn *pgx.Conn, crdb bool) {
	t.Helper()
	for name, text := range statements(t, crdb) {
		if _, err := conn.Prepare(t.Context(), name, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// explainAll refuses plans that read a whole table or a whole index, or that do not use
// the first column of an index.
func explainAll(t testing.TB, conn *pgx.Conn, when string) {
	t.Helper()
	leading := map[string]string{}
	for _, row := range exec(t, conn, `SELECT c.relname, a.attname FROM pg_index i
		JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = 1`) {
		leading[row[0]] = row[1]
	}
	for name, text := range statements(t, false) {
		if scanReason.MatchString(text) {
			continue
		}
		prepared, err := conn.Prepare(t.Context(), name, text)
		must(t, err)
		nulls := strings.TrimSuffix(strings.Repeat("NULL,", len(prepared.ParamOIDs)), ",")
		if nulls != "" {
			nulls = "(" + nulls + ")"
		}
		explained := exec(t, conn, fmt.Sprintf("EXPLAIN (FORMAT JSON) EXECUTE %s%s", name, nulls))[0][0]
		var plans []struct{ Plan planNode }
		must(t, json.Unmarshal([]byte(explained), &plans))
		if seeksByKey.MatchString(name) && !plans[0].Plan.seeksEachKey() {
			t.Errorf("%s, %s: it reads a whole shard\n%s", name, when, explained)
		}
		for _, bad := range plans[0].Plan.scans(leading) {
			t.Errorf("%s, %s: %s\n%s", name, when, bad, explained)
		}
	}
}

// seeksByKey are the statements that must seek once per key, whatever the statistics say.
var seeksByKey = regexp.MustCompile(`_(load|find|get)_pg$`)

// planNode is what the test reads of a plan.
type planNode struct {
	Type      string `json:"Node Type"`
	Relation  string `json:"Relation Name"`
	Index     string `json:"Index Name"`
	Condition string `json:"Index Cond"`
	Plans     []planNode
}

// seeksEachKey says that no node reads an index by its first column alone: a table without
// statistics would be read by its shard, and the plan would stay when it has grown.
func (n planNode) seeksEachKey() bool {
	if n.Index != "" && !strings.Contains(n.Condition, " AND ") {
		return false
	}
	return !slices.ContainsFunc(n.Plans, func(child planNode) bool { return !child.seeksEachKey() })
}

// scans names the nodes that read a whole table or a whole index.
func (n planNode) scans(leading map[string]string) (found []string) {
	small := smallTables[n.Relation] || smallTables[strings.TrimSuffix(n.Index, "_pkey")]
	switch n.Type {
	case "Seq Scan", "Sample Scan", "Tid Scan":
		if !small {
			found = append(found, n.Type+" of "+n.Relation)
		}
	case "Index Scan", "Index Only Scan", "Bitmap Index Scan":
		if !small && !strings.Contains(n.Condition, leading[n.Index]+" ") && !strings.Contains(n.Condition, leading[n.Index]+",") {
			found = append(found, n.Type+" of all of "+n.Index)
		}
	}
	for _, child := range n.Plans {
		found = append(found, child.scans(leading)...)
	}
	return found
}

// exec runs a statement in the simple protocol and answers its rows as text.
func exec(t testing.TB, conn *pgx.Conn, sql string) (rows [][]string) {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	for _, raw := range results[len(results)-1].Rows {
		var row []string
		for _, v := range raw {
			row = append(row, string(v))
		}
		rows = append(rows, row)
	}
	return rows
}

// seed fills four shards with a little of everything, so that plans are made for
// tables that have statistics.
func seed(t testing.TB, db *store.DB) {
	t.Helper()
	for shard := range 4 {
		_, w := own(t, db, shard)
		p := newPen(t, shard)
		totals := store.NewTotals()
		for range 4 {
			for i := range 250 {
				p.busy(i)
			}
			p.pass(20 * time.Hour)
			must(t, commit(t, w, totals, p.records))
			projected, err := db.Project(t.Context(), store.Projected{Shard: shard, Head: follows(p.records)}, p.records, daysOf(p.records))
			must(t, err)
			if projected.Head != p.head {
				t.Fatalf("projected to %d, the head is %d", projected.Head.Seq, p.head.Seq)
			}
			p.records = nil
		}
		w.Close()
	}
}

// busy writes a record that touches every table.
func (p *pen) busy(i int) journal.Sealed {
	amount := money.New(int64(100+i), 2)
	day := p.clock.AddDate(0, 0, -(i % 3)).Format("2006-01-02")
	wallet := name("wallet", i%50)
	seq := p.head.Seq + 1
	id := fmt.Sprintf("task-%d-%d", p.shard, seq)
	state, left := journalv1.HoldState_HOLD_STATE_PLACED, amount
	if i%2 == 0 {
		state, left = journalv1.HoldState_HOLD_STATE_SETTLED, money.Zero
	}
	effect := &journalv1.Effect{
		Attempt: fmt.Sprintf("%032x", seq), State: journalv1.EffectState_EFFECT_STATE_OPEN, Flow: "task", Id: id,
		Ask: "pay", Port: "payout", Verb: "pay", Body: []byte("body"), DueUs: p.clock.UnixMicro(), OpenedUs: p.clock.UnixMicro(),
	}
	if i%10 != 0 {
		effect.State, effect.Answers, effect.Result = journalv1.EffectState_EFFECT_STATE_CLOSED, 1, "done"
	}
	r := &journalv1.Record{
		Key: fmt.Sprintf("key-%d-%d", p.shard, seq), RequestHash: []byte("0123456789abcdef"),
		Entry: &journalv1.Entry{
			Kind: "transfer", Day: day, Links: map[string]string{"task": id}, Metadata: map[string]string{"order": fmt.Sprint(i % 50)},
		},
		Legs: []*journalv1.Leg{
			p.leg("bank:main", "RUB", journalv1.LegKind_LEG_KIND_DEBIT, amount),
			p.leg(wallet, "RUB", journalv1.LegKind_LEG_KIND_CREDIT, amount),
			p.leg(wallet, "RUB", journalv1.LegKind_LEG_KIND_HOLD_DEBIT, left),
		},
		Holds: []*journalv1.Hold{{PlacedSeq: seq, Account: wallet, Asset: "RUB", State: state, Amount: money.RUB.Format(amount), Left: money.RUB.Format(left)}},
		Move: &journalv1.Move{
			Flow: "task", Id: id, From: "draft", On: "start", To: []string{"inwork", "paying", "paid"}[i%3], Version: 1,
			Data: []byte("data"), Owner: fmt.Sprintf("company-%d", i%20), Attempts: map[string]uint32{"pay": 1}, Section: []string{"working", "act_awaited"}[i/60%2],
		},
		Effects: []*journalv1.Effect{effect},
		Timers:  []*journalv1.Timer{{Id: "timer-" + id, DueUs: p.clock.UnixMicro() + int64(i), Flow: "task", Aggregate: id, Event: "late"}},
		Gathers: []*journalv1.Gather{{State: journalv1.GatherState_GATHER_STATE_SENT, Key: "m-" + id, Account: wallet, Peer: 1, Number: seq, Body: []byte("x")}},
	}
	if i%10 == 0 {
		r.Rules = []*journalv1.Rule{{Kind: "account", Subject: wallet + "-" + id, Version: 1, Change: "freeze", What: &journalv1.Rule_Account{
			Account: &journalv1.Standing{Status: journalv1.AccountStatus_ACCOUNT_STATUS_OPEN, DebitsFrozen: true},
		}}}
	}
	if i < 50 {
		r.Accounts = []*journalv1.Account{{Name: wallet, Asset: "RUB"}}
	}
	return p.write(r)
}
