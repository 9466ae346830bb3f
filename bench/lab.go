package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/cmd/provodka/embed"
	"github.com/provodka/provodka/ledger/store"
)

// lab is the one database server on which everything is measured.
type lab struct {
	options
	dir     string
	pg      *embed.Server
	admin   *pgx.Conn
	version string // of the database
	cpu     string
	made    int // databases made, for their names
	conns   int // best number of connections of the single form; 0 before it is known
	results []result
}

// bookName is the book that everything is posted to.
const bookName = "bench"

// settings of the database: durability is PostgreSQL's own default and stays on.
var settings = map[string]string{
	"shared_buffers": "2GB", "max_wal_size": "8GB", "max_connections": "200", "checkpoint_timeout": "30min",
}

// settings of a run: books that have grown are given the share of memory that an
// administrator would give them.
func (o options) settings() map[string]string {
	all := maps.Clone(settings)
	if o.long {
		all["shared_buffers"] = "4GB"
	}
	if o.statements {
		all["shared_preload_libraries"] = "pg_stat_statements"
	}
	return all
}

func newLab(ctx context.Context, o options) (*lab, error) {
	dir, err := o.keep, error(nil)
	if dir == "" {
		dir, err = os.MkdirTemp("", "provodka-bench-")
	} else {
		err = os.MkdirAll(dir, 0o711)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	l := &lab{options: o, dir: dir, cpu: processor()}
	pgDir := filepath.Join(dir, "pg")
	l.pg, err = embed.Postgres(ctx, pgDir, embed.Options{
		Guarded: o.keep == "", Settings: o.settings(), Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		l.admin, err = pgx.Connect(ctx, l.pg.DSN)
	}
	if err == nil {
		err = l.admin.QueryRow(ctx, "SELECT 'PostgreSQL ' || current_setting('server_version')").Scan(&l.version)
	}
	if err == nil {
		err = l.exec(ctx, "DROP DATABASE IF EXISTS model", "CREATE DATABASE model")
	}
	if err == nil {
		err = store.Migrate(ctx, l.dsn("model"))
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *lab) close() error {
	ctx := context.Background()
	var err error
	if l.admin != nil {
		err = l.admin.Close(ctx)
	}
	if l.pg != nil {
		err = errors.Join(err, l.pg.Stop(ctx))
	}
	if l.keep != "" {
		return err
	}
	return errors.Join(err, os.RemoveAll(l.dir))
}

func (l *lab) exec(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := l.admin.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

func (l *lab) dsn(database string) string {
	return strings.Replace(l.pg.DSN, "/provodka?", "/"+database+"?", 1)
}

// database makes a database; a copy of ours with migrated.
func (l *lab) database(ctx context.Context, migrated bool) (string, error) {
	l.made++
	name, template := fmt.Sprintf("bench%d", l.made), "template1"
	if migrated {
		template = "model"
	}
	if l.keep != "" {
		if err := l.drop(ctx, name); err != nil { // of a run that was killed
			return "", err
		}
	}
	return name, l.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
}

func (l *lab) drop(ctx context.Context, name string) error {
	return l.exec(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

// house is one installation of ours: its database, broker and server.
type house struct {
	lab      *lab
	name     string // of the database
	key      string // of the API
	config   serverConfig
	broker   *child
	server   *child
	sql      *pgx.Conn
	expected *tally // what was acknowledged
	kept     bool   // it stays when it is closed
}

// newHouse makes database and broker; start makes the server.
func (l *lab) newHouse(ctx context.Context, shards int) (*house, error) {
	name, err := l.database(ctx, true)
	if err != nil {
		return nil, err
	}
	h, err := l.openParts(ctx, name, shards)
	if err != nil {
		return nil, err
	}
	if err := h.mintKey(ctx); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// openParts opens the database and starts the broker of an installation.
func (l *lab) openParts(ctx context.Context, name string, shards int) (h *house, err error) {
	h = &house{lab: l, name: name, expected: newTally(l.accounts)}
	dir := filepath.Join(l.dir, h.name)
	if h.broker, err = startChild(ctx, roleBroker, dir, h.log("broker")); err != nil {
		return nil, err
	}
	h.config = serverConfig{DSN: l.dsn(h.name), Broker: h.broker.Addr, Shards: shards, Relay: true, API: true}
	if h.sql, err = pgx.Connect(ctx, h.config.DSN); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// mintKey makes the key that the load posts with.
func (h *house) mintKey(ctx context.Context) error {
	db, err := store.Open(ctx, h.config.DSN, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	text, row, err := gate.MintKey("bench", bookName, gate.RoleLedger, gate.RoleReader, gate.RoleCompany, gate.RoleExecutor)
	if err == nil {
		h.key, err = text, db.PutAPIKey(ctx, row)
	}
	return err
}

func (h *house) log(of string) string { return filepath.Join(h.lab.dir, h.name+"."+of+".log") }

// start starts the server and waits until it serves.
func (h *house) start(ctx context.Context) error {
	config, err := json.Marshal(h.config)
	if err == nil {
		h.server, err = startChild(ctx, roleServer, string(config), h.log("server"))
	}
	return err
}

func (h *house) close() error {
	var err error
	if h.server != nil {
		err = h.server.stop()
		h.server = nil
	}
	if h.broker != nil {
		err = errors.Join(err, h.broker.stop())
	}
	ctx := context.Background()
	if h.sql != nil {
		err = errors.Join(err, h.sql.Close(ctx))
	}
	if h.kept {
		return err
	}
	return errors.Join(err, h.lab.drop(ctx, h.name), os.RemoveAll(filepath.Join(h.lab.dir, h.name)))
}

// processor names the machine's processor.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

func loadAverage() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(content), " ")
	return first
}
