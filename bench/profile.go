package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"github.com/jackc/pgx/v5"
)

// profiling takes a processor profile of the server while a case runs, when asked for.
func (l *lab) profiling(ctx context.Context, h *house, name string, d time.Duration) func() {
	if l.profile == "" || d < time.Second {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		file := filepath.Join(l.profile, fileName(name))
		err := h.server.save(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%d", int(d.Seconds())), file+".cpu.pprof")
		err = errors.Join(err, h.server.save(ctx, "/debug/pprof/allocs", file+".allocs.pprof"))
		if err = errors.Join(err, h.server.save(ctx, "/metrics", file+".metrics")); err != nil {
			fmt.Fprintln(os.Stderr, "bench: profile:", err)
		}
	}()
	return func() { <-done }
}

// profilingUs takes a processor profile of this process, client and partners, when asked for.
func (l *lab) profilingUs(name string) func() {
	if l.profile == "" {
		return func() {}
	}
	file, err := os.Create(filepath.Join(l.profile, fileName(name)) + ".client.pprof")
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: profile:", err)
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close() // what is missing the reader of the profile sees
	}
}

// profilingStatements writes what each statement cost the database, when asked for: calls,
// milliseconds, rows, microseconds a call, pages read and dirtied, and how it begins; then
// of each table how many versions of rows were made, and how many of them in no index.
func (l *lab) profilingStatements(ctx context.Context, h *house, name string) func() {
	if !l.statements {
		return func() {}
	}
	_, err := h.sql.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
	if err == nil {
		_, err = h.sql.Exec(ctx, "SELECT pg_stat_statements_reset()")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: statements:", err)
		return func() {}
	}
	return func() {
		rows, err := h.sql.Query(ctx, `SELECT calls, (total_exec_time + total_plan_time)::INT8, rows, ((total_exec_time + total_plan_time) * 1000 / calls)::INT8,
			shared_blks_hit + shared_blks_read, shared_blks_dirtied, left(regexp_replace(query, '\s+', ' ', 'g'), 160)
			FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 60`)
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench: statements:", err)
			return
		}
		text := "calls ms rows µs/call pages dirtied statement\n"
		var calls, ms, n, us, pages, dirtied int64
		var query string
		_, err = pgx.ForEachRow(rows, []any{&calls, &ms, &n, &us, &pages, &dirtied, &query}, func() error {
			text += fmt.Sprintf("%8d %7d %8d %7d %9d %8d %s\n", calls, ms, n, us, pages, dirtied, query)
			return nil
		})
		text += "inserted updated in-no-index table\n"
		var table string
		updates, more := h.sql.Query(ctx, `SELECT n_tup_ins, n_tup_upd, n_tup_hot_upd, relname FROM pg_stat_user_tables WHERE n_tup_ins > 0 ORDER BY n_tup_ins + n_tup_upd DESC`)
		if more == nil {
			_, more = pgx.ForEachRow(updates, []any{&calls, &n, &us, &table}, func() error {
				text += fmt.Sprintf("%8d %8d %8d %s\n", calls, n, us, table)
				return nil
			})
		}
		if err = errors.Join(err, more, os.WriteFile(filepath.Join(l.profile, fileName(name))+".statements", []byte(text), 0o644)); err != nil {
			fmt.Fprintln(os.Stderr, "bench: statements:", err)
		}
	}
}
