package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rule is something that no SQL of ours may contain, and why.
type rule struct {
	pattern string // of the statement without comments, literals and line breaks
	why     string
	only    string // "sql" or "ddl"; "" is both
}

// rules are what CockroachDB and PostgreSQL do not agree on, or do not both have, and
// what an accountant's numbers must not meet. All patterns ignore case.
var rules = []rule{
	{`\b(INT|INTEGER|BIGINT|SMALLINT)\b`, "64 bits on CockroachDB: write INT2, INT4 or INT8", ""},
	{`\b(BIG|SMALL)?SERIAL\d?\b|\bIDENTITY\b|\bSEQUENCE\b|\bNEXTVAL\b`, "numbers with gaps: they come from Go", ""},
	{`\b(REAL|FLOAT\d?|DOUBLE PRECISION|MONEY)\b`, "no float near money", ""},
	{`[^-]\bAVG\(|\bROUND\(|\bPOWER\(|\bSQRT\(|\bDIV\(|\bMOD\(`, "no division and no rounding in SQL", ""},
	{`/|%`, "no division in SQL", ""},
	{`\bDEFERRABLE\b|\bINITIALLY DEFERRED\b`, "CockroachDB has none", ""},
	{`\bPG_(TRY_)?ADVISORY\w*`, "advisory locks do nothing on CockroachDB", ""},
	{`\b(XMIN|XMAX|CTID|TXID_\w+|PG_SNAPSHOT\w*|PG_CURRENT_XACT\w*)\b`, "system columns do not exist on CockroachDB", ""},
	{`\b(LISTEN|NOTIFY|PG_NOTIFY)\b`, "syntax error on CockroachDB", ""},
	{`\bCOLLATE\b`, "rejected on CockroachDB", ""},
	{`\bMERGE INTO\b|\bEXCLUDE\b|\bLOCK TABLE\b|\bVACUUM\b|\bWITH TIES\b|\bGROUPING SETS\b|\bNULLS NOT DISTINCT\b`, "CockroachDB has none", ""},
	{`\bCREATE (OR REPLACE )?(TRIGGER|FUNCTION|PROCEDURE|DOMAIN|TYPE)\b|\bDO \$`, "no logic in the database", ""},
	{`\bSKIP LOCKED\b|\bFOR (NO KEY )?UPDATE\b|\bFOR (KEY )?SHARE\b`, "an owner writes alone; locks are no mutual exclusion on CockroachDB", ""},
	{`\bSAVEPOINT\b`, "a restart takes a fresh transaction", ""},
	{`\bUPSERT\b|\bSTORING\b|\bUSING HASH\b|\bAS OF SYSTEM TIME\b`, "only CockroachDB", ""},
	{`\bTIMESTAMP\b`, "without a zone: write TIMESTAMPTZ", ""},
	{`\bVARCHAR\b|\bCHAR\(`, "write TEXT", ""},
	{`\bDEFAULT\b`, "every column is written", "ddl"},
	{`\bREFERENCES\b|\bFOREIGN KEY\b`, "foreign keys only between reference tables, and there are none yet", "ddl"},
	{`(SELECT|,|RETURNING) (\w+\.)?\*`, "name the columns: a plan must not change with the table", "sql"},
	{`\bON CONFLICT DO\b`, "name the columns of the conflict", "sql"},
	{`\bON CONFLICT ON CONSTRAINT\b`, "name the columns of the conflict", "sql"},
	{`\bNATURAL JOIN\b`, "name the columns of a join", "sql"},
	{`\bRANDOM\(|\bGEN_RANDOM_UUID\(`, "ids come from Go", ""},
	{`\bNOW\(\) - \w+\.clock_us`, "clocks of records are not the database's", "sql"},
}

var (
	comments   = regexp.MustCompile(`--[^\n]*`)
	literals   = regexp.MustCompile(`'(?:[^']|'')*'`)
	spaces     = regexp.MustCompile(`\s+`)
	added      = regexp.MustCompile(`(?i)( ADD COLUMN IF NOT EXISTS \w+ \w+ NOT NULL) DEFAULT (?:''|0\b)`) // rows that are there need a value
	uncast     = regexp.MustCompile(`\$\d+(?:::)?`)
	mutation   = regexp.MustCompile(`(?i)\b(INSERT INTO|UPDATE|DELETE FROM) (\w+)`)
	commonExpr = regexp.MustCompile(`(?i)\b(\w+) AS \(`)
	upsert     = regexp.MustCompile(`(?i)\bON CONFLICT \(([^)]*)\) DO UPDATE SET (.*)`)
	scanReason = regexp.MustCompile(`(?m)^-- scan: ok because .{5,}$`)
)

// lintSQL names what is wrong with a statement; kind is "sql" or "ddl".
func lintSQL(kind, text string) (found []string) {
	plain := comments.ReplaceAllString(text, "")
	plain = literals.ReplaceAllString(plain, "''")
	plain = strings.TrimSpace(spaces.ReplaceAllString(plain, " "))
	if kind == "ddl" {
		plain = added.ReplaceAllString(plain, "$1")
	}
	for _, r := range rules {
		if r.only != "" && r.only != kind {
			continue
		}
		if hit := regexp.MustCompile("(?i)" + r.pattern).FindString(" " + plain); hit != "" {
			found = append(found, fmt.Sprintf("%q: %s", strings.TrimSpace(hit), r.why))
		}
	}
	if kind == "ddl" {
		return found
	}
	if n := strings.Count(strings.TrimSuffix(plain, ";"), ";"); n > 0 || !strings.HasSuffix(plain, ";") {
		found = append(found, "one file, one statement, one ';' at its end")
	}
	for _, p := range uncast.FindAllString(plain, -1) {
		if !strings.HasSuffix(p, "::") {
			found = append(found, p+" is not cast: CockroachDB infers a type once and complains where PostgreSQL guesses")
		}
	}
	if regexp.MustCompile(`(?i)\bLATERAL\b.*\bLIMIT\b`).MatchString(plain) && !strings.Contains(text, "PostgreSQL only") {
		found = append(found, "LATERAL with LIMIT: CockroachDB makes a join of it that reads every row; send single seeks in one round trip")
	}
	found = append(found, lintMutations(plain)...)
	head, _, _ := strings.Cut(text, "\n"+firstStatementLine(text))
	for _, word := range []string{"Index:", "Rows:"} {
		if !strings.HasPrefix(text, "-- ") || !strings.Contains(head, word) {
			found = append(found, "the comment at the top does not say "+word)
		}
	}
	return found
}

// lintMutations checks statements that change data.
func lintMutations(plain string) (found []string) {
	changed := map[string]int{}
	for _, m := range mutation.FindAllStringSubmatchIndex(plain, -1) {
		verb, table := strings.ToUpper(plain[m[2]:m[3]]), plain[m[4]:m[5]]
		if verb == "UPDATE" && strings.EqualFold(table, "SET") {
			continue // DO UPDATE SET is part of its INSERT
		}
		if changed[table]++; changed[table] > 1 {
			found = append(found, table+" is changed twice in one statement: CockroachDB refuses")
		}
	}
	for _, m := range commonExpr.FindAllStringSubmatchIndex(plain, -1) {
		body := balanced(plain[m[1]-1:])
		if mutation.MatchString(body) && !regexp.MustCompile(`(?i)\bRETURNING\b`).MatchString(body) {
			found = append(found, plain[m[2]:m[3]]+" changes data without RETURNING: CockroachDB refuses")
		}
	}
	if m := upsert.FindStringSubmatch(plain); m != nil {
		if regexp.MustCompile(`(?i)\w+ = \w+\.\w+ [+-] (excluded|\$)`).MatchString(m[2]) {
			found = append(found, "an upsert of a delta: the two databases check it differently")
		}
	}
	return found
}

// balanced is text up to the bracket that closes its first one.
func balanced(text string) string {
	depth := 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[:i+1]
			}
		}
	}
	return text
}

func firstStatementLine(text string) string {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "--") {
			return line
		}
	}
	return ""
}

func TestSQLKeepsToWhatBothDatabasesShare(t *testing.T) {
	t.Parallel()
	for kind, pattern := range map[string]string{"sql": "sql/*.sql", "ddl": "../../migrations/*/*.sql"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			must(t, err)
			for _, found := range lintSQL(kind, string(text)) {
				t.Errorf("%s: %s", path, found)
			}
		}
	}
}

func TestTheLintFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	const head = "-- Purpose. Index: primary key. Rows: 1.\n"
	if found := lintSQL("sql", head+"SELECT a.b FROM a WHERE a.c = $1::TEXT AND a.d = '1/2 SERIAL';"); len(found) > 0 {
		t.Errorf("a good statement was refused: %s", found)
	}
	for planted, want := range map[string]string{
		"SELECT a.b::INT FROM a;":                  "INT2",
		"SELECT a.b::BIGINT FROM a;":               "INT2",
		"CREATE TABLE a (b SERIAL8);":              "gaps",
		"CREATE TABLE a (b FLOAT8);":               "float",
		"CREATE TABLE a (b DOUBLE PRECISION);":     "float",
		"CREATE TABLE a (b TEXT COLLATE \"C\");":   "rejected",
		"CREATE TABLE a (b TEXT DEFAULT '');":      "", // refused as DDL only
		"SELECT a.b / 2 FROM a;":                   "division",
		"SELECT avg(a.b) FROM a;":                  "division",
		"SELECT div(a.b, 2) FROM a;":               "division",
		"ALTER TABLE a ADD UNIQUE (b) DEFERRABLE;": "CockroachDB has none",
		"SELECT pg_advisory_xact_lock(1);":         "advisory",
		"SELECT a.xmin FROM a;":                    "system columns",
		"SELECT a.b FROM a WHERE ctid = '(0,1)';":  "system columns",
		"LISTEN a;":                         "syntax error",
		"SELECT a.b FROM a WHERE a.c = $1;": "not cast",
		"SELECT a.b FROM a WHERE a.c = $1::TEXT AND a.d = $12;":                                                          "$12 is not cast",
		"WITH x AS (INSERT INTO a (b) VALUES (1)) SELECT 1;":                                                             "without RETURNING",
		"WITH x AS (DELETE FROM a WHERE a.b = f(1)) SELECT 1;":                                                           "without RETURNING",
		"WITH x AS (UPDATE a SET b = 1 RETURNING a.b) UPDATE a SET b=2":                                                  "changed twice",
		"WITH x AS (INSERT INTO a (b) VALUES (1) ON CONFLICT (b) DO NOTHING RETURNING a.b) DELETE FROM a WHERE a.b = 1;": "changed twice",
		"SELECT * FROM a;":                          "name the columns",
		"SELECT a.* FROM a;":                        "name the columns",
		"INSERT INTO a (b) VALUES (1) RETURNING *;": "name the columns",
		"INSERT INTO a (b) VALUES (1) ON CONFLICT DO UPDATE SET b = 1;":                                       "columns of the conflict",
		"INSERT INTO a (b) VALUES (1) ON CONFLICT ON CONSTRAINT c DO UPDATE SET b = 1;":                       "columns of the conflict",
		"INSERT INTO a (b, c) VALUES (1, 2) ON CONFLICT (b) DO UPDATE SET c = a.c + excluded.c;":              "delta",
		"SELECT a.b FROM a FOR UPDATE SKIP LOCKED;":                                                           "mutual exclusion",
		"SELECT a.b::TIMESTAMP FROM a;":                                                                       "TIMESTAMPTZ",
		"SELECT 1; SELECT 2;":                                                                                 "one statement",
		"SELECT b.c FROM a CROSS JOIN LATERAL (SELECT x.c FROM x WHERE x.a = a.b ORDER BY x.c LIMIT 1) AS b;": "LATERAL",
		"SELECT gen_random_uuid();":                                                                           "ids come from Go",
	} {
		found := strings.Join(lintSQL("sql", head+planted), "\n")
		if want == "" {
			found, want = strings.Join(lintSQL("ddl", planted), "\n"), "every column"
		}
		if !strings.Contains(found, want) {
			t.Errorf("%s\nwas not refused for %q but for %q", planted, want, found)
		}
	}
	if found := strings.Join(lintSQL("sql", "SELECT a.b FROM a;"), "\n"); !strings.Contains(found, "Index:") {
		t.Errorf("a statement without a comment passed: %q", found)
	}
}
