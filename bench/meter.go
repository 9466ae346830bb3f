package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// reading is the state of everything that is counted.
type reading struct {
	at                       time.Time
	database, server, broker time.Duration // processor time so far
	client, machine          time.Duration
	wal                      int64
	stored                   int64
	rows, entries            int64
	mallocs, allocated       uint64
}

// subject is what is read: a database, and the children if there are any.
type subject struct {
	postmaster     int
	sql            *pgx.Conn
	server, broker *child
}

func (s subject) read(ctx context.Context) (r reading, err error) {
	if err = s.sizes(ctx, &r); err != nil {
		return r, err
	}
	if s.server != nil {
		f, err := s.server.figures()
		if err != nil {
			return r, err
		}
		r.mallocs, r.allocated = f.Mallocs, f.AllocBytes
	}
	return r, s.times(&r)
}

func (s subject) times(r *reading) (err error) {
	if r.database, err = familyTime(s.postmaster); err != nil {
		return err
	}
	for _, c := range []struct {
		child *child
		into  *time.Duration
	}{{s.server, &r.server}, {s.broker, &r.broker}} {
		if c.child != nil {
			if *c.into, _, err = processTime(c.child.cmd.Process.Pid); err != nil {
				return err
			}
		}
	}
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return err
	}
	r.client = time.Duration(use.Utime.Nano() + use.Stime.Nano())
	r.machine, err = machineTime()
	r.at = time.Now()
	return err
}

// machineTime is the processor time that everybody on the machine used, and what its
// host took away.
func machineTime() (busy time.Duration, err error) {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(content), "\n")
	for i, field := range strings.Fields(line) {
		if i == 0 || i == 4 || i == 5 || i > 8 { // the name, idle, waiting for disks, guests
			continue
		}
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		busy += time.Duration(n) * tick
	}
	return busy, nil
}

// foreign is how many processors others used meanwhile.
func foreign(before, after reading) float64 {
	ours := after.database - before.database + after.server - before.server + after.broker - before.broker + after.client - before.client
	return max(0, (after.machine-before.machine-ours).Seconds()/after.at.Sub(before.at).Seconds())
}

// sizes reads the log's position, rows, their index entries and bytes on disk.
func (s subject) sizes(ctx context.Context, r *reading) error {
	err := s.sql.QueryRow(ctx, `SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::INT8,
		(SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::INT8 FROM pg_class
		WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)`).Scan(&r.wal, &r.stored)
	if err != nil {
		return err
	}
	rows, err := s.sql.Query(ctx, `SELECT relname, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid)
		FROM pg_class AS c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`)
	if err != nil {
		return err
	}
	indexes := map[string]int64{}
	var name string
	var n int64
	if _, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error { indexes[name] = n; return nil }); err != nil {
		return err
	}
	for name, n := range indexes {
		var count int64
		if err := s.sql.QueryRow(ctx, "SELECT count(*) FROM "+pgx.Identifier{name}.Sanitize()).Scan(&count); err != nil {
			return err
		}
		r.rows, r.entries = r.rows+count, r.entries+count*n
	}
	return nil
}

// tick is the kernel's unit of processor time in /proc.
const tick = time.Second / 100

// processTime is the processor time of a process and of its children that ended.
func processTime(pid int) (own, ended time.Duration, err error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, 0, err
	}
	var t [4]int64
	for i := range t {
		if t[i], err = strconv.ParseInt(fields[11+i], 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return time.Duration(t[0]+t[1]) * tick, time.Duration(t[2]+t[3]) * tick, nil
}

// stat answers the fields of /proc/PID/stat behind the name: state, parent, ….
func stat(pid int) ([]string, error) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(string(content), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return nil, fmt.Errorf("/proc/%d/stat says %q", pid, content)
	}
	return fields, nil
}

// familyTime is the processor time of a postmaster with all its servers, ended ones too.
func familyTime(pid int) (time.Duration, error) {
	own, ended, err := processTime(pid)
	if err != nil {
		return 0, err
	}
	sum := own + ended
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, d := range dirs {
		n, err := strconv.Atoi(filepath.Base(d))
		if err != nil {
			continue
		}
		fields, err := stat(n)
		if err != nil || fields[1] != strconv.Itoa(pid) {
			continue // ended meanwhile: then it is in the postmaster's sum
		}
		if own, _, err = processTime(n); err == nil {
			sum += own
		}
	}
	return sum, nil
}

// quiet is less than this of one processor, over a moment.
const (
	quiet  = 0.3
	moment = 250 * time.Millisecond
)

// waitForQuiet waits until nobody uses the machine, or for as long as it may.
func waitForQuiet(ctx context.Context, most time.Duration) error {
	for began := time.Now(); time.Since(began) < most; {
		before, err := machineTime()
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(moment):
		}
		after, err := machineTime()
		if err != nil || (after-before).Seconds() < quiet*moment.Seconds() {
			return err
		}
	}
	return nil
}

// memory watches how large a process grows.
type memory struct {
	stop chan struct{}
	done sync.WaitGroup
	peak atomic.Int64 // bytes
}

func watchMemory(pid int) *memory {
	m := &memory{stop: make(chan struct{})}
	m.done.Go(func() {
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		for {
			m.peak.Store(max(m.peak.Load(), resident(pid)))
			select {
			case <-m.stop:
				return
			case <-every.C:
			}
		}
	})
	return m
}

func (m *memory) end() int64 {
	close(m.stop)
	m.done.Wait()
	return m.peak.Load()
}

func resident(pid int) int64 {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(content))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// postmasterPID reads the pid of the server behind a data directory.
func postmasterPID(data string) (int, error) {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(content), "\n")
	return strconv.Atoi(line)
}
