package store

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/journal"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// RuleKey names a rule on the shard at hand.
type RuleKey struct{ Book, Kind, Subject string }

// RuleRow is a rule that a shard holds, or held.
type RuleRow struct {
	Shard int
	Book  string
	Seq   uint64 // record that brought it into force there
	Rule  *journalv1.Rule
}

// LoadRules reads the rules of the shard that exist among keys.
func (db *DB) LoadRules(ctx context.Context, shard int, keys []RuleKey) ([]RuleRow, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	books, kinds, subjects := ruleColumns(keys)
	return collect(ctx, db, "rules", scanRule, sqlRuleLoad, shard, books, kinds, subjects)
}

// HomeRules reads the rules as their subjects' homes hold them; a subject without a rule
// is not among them.
func (db *DB) HomeRules(ctx context.Context, keys []RuleKey) ([]RuleRow, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	books, kinds, subjects := ruleColumns(keys)
	var seen []Seen
	var rows []RuleRow
	err := db.phases(ctx, "rules", func(tx pgx.Tx) error {
		err := pipeline(ctx, tx, func(b *pgx.Batch) { queueInto(b, &seen, scanSeen, sqlShardSeen) })
		if err != nil {
			return err
		}
		rows = nil
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			for _, shard := range shardNumbers(seen) {
				queueOnto(b, &rows, scanRule, sqlRuleLoad, shard, books, kinds, subjects)
			}
		})
	})
	return slices.DeleteFunc(rows, func(r RuleRow) bool { return !r.Rule.GetHome() }), err
}

// HomeRulesAt reads the rules as their subjects' homes held them after the records that a
// snapshot has seen, so that they are of the same moment as what it read.
func (db *DB) HomeRulesAt(ctx context.Context, keys []RuleKey, seen []Seen) ([]RuleRow, error) {
	rows, err := db.HomeRules(ctx, keys)
	if err != nil {
		return nil, err
	}
	upto := make(map[int]uint64, len(seen))
	for _, s := range seen {
		upto[s.Shard] = s.Seq
	}
	const atOnce = 10
	then := rows[:0]
	for _, r := range rows {
		key := RuleKey{r.Book, r.Rule.GetKind(), r.Rule.GetSubject()}
		for r.Seq > upto[r.Shard] && r.Rule.GetVersion() > 1 { // changed since
			older, err := db.RuleHistory(ctx, r.Shard, key, r.Rule.GetVersion(), atOnce)
			if err != nil {
				return nil, err
			}
			if len(older) == 0 {
				break
			}
			for _, r = range older {
				if r.Seq <= upto[r.Shard] {
					break
				}
			}
		}
		if r.Seq <= upto[r.Shard] {
			then = append(then, r)
		}
	}
	return then, nil
}

func ruleColumns(keys []RuleKey) (books, kinds, subjects []string) {
	books, kinds, subjects = make([]string, len(keys)), make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		books[i], kinds[i], subjects[i] = k.Book, k.Kind, k.Subject
	}
	return books, kinds, subjects
}

// AnyRule says whether the shard holds a rule at all.
func (db *DB) AnyRule(ctx context.Context, shard int) (bool, error) {
	rows, err := collect(ctx, db, "any rule", scanRule, sqlRuleAny, shard)
	return len(rows) > 0, err
}

// Rules reads a page of all the rules that a shard holds, behind one of them; the zero key
// begins.
func (db *DB) Rules(ctx context.Context, shard int, after RuleKey, limit int) ([]RuleRow, error) {
	return collect(ctx, db, "rules", scanRule, sqlRulePage, shard, after.Book, after.Kind, after.Subject, limit)
}

// RuleHistory reads the versions of a rule before the given one, newest first; 0 is from
// the newest. A subject's home shard has the whole of it.
func (db *DB) RuleHistory(ctx context.Context, shard int, key RuleKey, before uint64, limit int) ([]RuleRow, error) {
	if before == 0 || before > math.MaxInt64 {
		before = math.MaxInt64
	}
	return collect(ctx, db, "rule history", scanRule, sqlRuleHistory, shard, key.Book, key.Kind, key.Subject, int64(before), limit)
}

func scanRule(rows pgx.Rows) (r RuleRow, err error) {
	var body []byte
	if err = rows.Scan(&r.Shard, &r.Book, &r.Seq, &body); err != nil {
		return r, err
	}
	r.Rule = &journalv1.Rule{}
	if err = proto.Unmarshal(body, r.Rule); err != nil {
		err = fmt.Errorf("rule of record %d.%d: %w", r.Shard, r.Seq, err)
	}
	return r, err
}

// ruleRow is a rule that a record brought into force.
type ruleRow struct {
	book         string
	seq, clockUS int64
	m            *journalv1.Rule
}

// addRules adds the rules of a record: the newest of each subject, and all of them.
func (r *Rows) addRules(s journal.Sealed) {
	rec := s.Record
	for _, m := range rec.GetRules() {
		row := ruleRow{rec.GetBook(), int64(rec.GetSeq()), rec.GetClockUs(), m}
		at, _ := r.rules.put(RuleKey{rec.GetBook(), m.GetKind(), m.GetSubject()})
		*at = row
		r.ruled = append(r.ruled, row)
	}
}

func (r *Rows) encodeRules(fixed [][]byte) {
	held := r.encoder.table("rule_upsert", fixed, oidText, oidText, oidText, oidInt8, oidInt8, oidBytea)
	for i := range r.rules.rows {
		row := &r.rules.rows[i]
		held.row().text(row.book).text(row.m.GetKind()).text(row.m.GetSubject()).int8(int64(row.m.GetVersion())).
			int8(row.seq).raw(r.ruleBody(row.m))
	}
	held.flush()
	kept := r.encoder.table("rule_history_insert", fixed, oidText, oidText, oidText, oidInt8, oidInt8, oidInt8, oidBytea)
	for i := range r.ruled {
		row := &r.ruled[i]
		kept.row().text(row.book).text(row.m.GetKind()).text(row.m.GetSubject()).int8(int64(row.m.GetVersion())).
			int8(row.seq).int8(row.clockUS).raw(r.ruleBody(row.m))
	}
	kept.flush()
}

func (r *Rows) ruleBody(m *journalv1.Rule) []byte {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil && r.encoder.err == nil {
		r.encoder.err = fmt.Errorf("rule of %s: %w", m.GetSubject(), err)
	}
	return raw
}
