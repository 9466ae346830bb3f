package embed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options are the choices of Postgres; the zero value is what `provodka dev` uses.
type Options struct {
	// Port on 127.0.0.1; 0 means the one of the last time, else any free one.
	Port int
	// BinDir holds postgres and initdb; "" means the machine's, else fetched ones;
	// Fetch means fetched ones.
	BinDir string
	// Settings are added to the server's own ("fsync": "off" in tests).
	Settings map[string]string
	// Guarded ties the server's life to this process: when the process ends, however
	// it ends, the server stops and the whole directory is removed. For tests.
	Guarded bool
	// Logger hears what is done; nil means slog.Default.
	Logger *slog.Logger
}

// Fetch as Options.BinDir uses the downloaded binaries whatever the machine has.
const Fetch = "fetch"

// Server is a running PostgreSQL with an empty or a known database "provodka".
type Server struct {
	// DSN reaches the database provodka as its superuser.
	DSN string
	// Adopted says that the server was left behind by an earlier process.
	Adopted bool
	// Port is where it listens on 127.0.0.1.
	Port int
	// Data is the data directory's real path, Log the file with the server's words.
	Data, Log string

	pm    *postmaster
	child *child // nil when adopted
	done  chan struct{}
	halt  context.CancelFunc
	lock  *lock
}

// credentials is what DIR/postgres.json keeps.
type credentials struct {
	Port     int    `json:"port"`
	Password string `json:"password"`
}

// startTimeout covers a crash recovery of a large log on a slow disk.
const startTimeout = 2 * time.Minute

// Postgres answers a running server whose files lie under dir: the one left behind
// there if it lives, else a newly started one. ctx bounds the start only.
func Postgres(ctx context.Context, dir string, options Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	dir, err := prepare(dir)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	held, err := takeLock(filepath.Join(dir, "postgres.lock"))
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	server, err := bringUp(ctx, dir, options)
	if err != nil {
		held.release()
		return nil, fmt.Errorf("embedded PostgreSQL in %s: %w", dir, err)
	}
	server.lock = held
	return server, nil
}

// prepare makes the directory and answers its real, absolute path.
func prepare(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// plan is everything that is known before a server starts.
type plan struct {
	dir, home, data string
	acc             account
	bin             binaries
	state           credentials
	options         Options
}

func bringUp(ctx context.Context, dir string, options Options) (*Server, error) {
	if options.Guarded {
		if err := accountFor(dir).own(dir); err != nil {
			return nil, err
		}
	}
	home, acc, err := settle(dir, otherPlaces())
	if err != nil {
		return nil, err
	}
	p := &plan{dir: dir, home: home, data: filepath.Join(home, "data"), acc: acc, options: options}
	major, err := dataMajor(p.data)
	if err != nil {
		return nil, err
	}
	if err := p.readCredentials(major); err != nil {
		return nil, err
	}
	if major != 0 {
		server, err := p.adopt(ctx)
		if err != nil || server != nil {
			return server, err
		}
	}
	cache, err := cacheDir(acc)
	if err != nil {
		return nil, err
	}
	if p.bin, err = chooseBinaries(ctx, options, major, cache); err != nil {
		return nil, err
	}
	if major == 0 {
		if err := p.initialize(ctx); err != nil {
			return nil, err
		}
	}
	return p.start(ctx)
}

// readCredentials reads the port and the password, or makes a password for a data
// directory that is yet to be made.
func (p *plan) readCredentials(major int) error {
	path := filepath.Join(p.dir, "postgres.json")
	if err := readState(path, &p.state); err != nil {
		return err
	}
	switch {
	case p.state.Password != "":
		return nil
	case major != 0:
		return fmt.Errorf("%s with the database's password is gone; put it back, or choose another directory", path)
	}
	p.state.Password = rand.Text()
	return writeState(path, p.state)
}

// adopt takes over a live server of this data directory, or stops it when it does
// not answer. nil: there is none.
func (p *plan) adopt(ctx context.Context) (*Server, error) {
	pm, err := running(p.data)
	if pm == nil || err != nil {
		return nil, err
	}
	log := p.options.Logger.With("pid", pm.pid, "data", p.data)
	limited, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	answers := until(limited, func() bool {
		now, err := running(p.data)
		if err != nil || now == nil {
			return true // it was on its way down
		}
		pm = now
		return pm.port != 0 && probe(limited, p.dsn(pm.port, "postgres"), p.data) == nil
	})
	if !pm.isOurs() {
		return nil, ctx.Err()
	}
	if !answers || p.options.Port != 0 && p.options.Port != pm.port {
		log.Warn("the PostgreSQL left behind here cannot be used as it is: stopping it", "answers", answers, "port", pm.port)
		return nil, pm.stop(ctx)
	}
	log.Info("adopted the PostgreSQL that an earlier process left behind", "port", pm.port)
	server := p.server(pm, nil)
	server.Adopted = true
	if err := p.ensureDatabase(ctx, pm.port); err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	return server, p.remember(pm.port)
}

func (p *plan) server(pm *postmaster, c *child) *Server {
	watch, halt := context.WithCancel(context.Background())
	s := &Server{
		DSN: p.dsn(pm.port, "provodka"), Port: pm.port, Data: p.data, Log: p.logPath(),
		pm: pm, child: c, done: make(chan struct{}), halt: halt,
	}
	go func() {
		defer close(s.done)
		if c != nil {
			<-c.exited
			return
		}
		until(watch, func() bool { return !pm.isOurs() })
	}()
	return s
}

func (p *plan) logPath() string { return filepath.Join(p.home, "log") }

func (p *plan) dsn(port int, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("provodka", p.state.Password),
		Host:     "127.0.0.1:" + strconv.Itoa(port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func (p *plan) remember(port int) error {
	if p.state.Port == port {
		return nil
	}
	p.state.Port = port
	return writeState(filepath.Join(p.dir, "postgres.json"), p.state)
}

// ensureDatabase makes the database provodka when it is not there.
func (p *plan) ensureDatabase(ctx context.Context, port int) error {
	conn, err := pgx.Connect(ctx, p.dsn(port, "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var there bool
	// sql: the server's catalogue, before there are any books
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'provodka')").Scan(&there); err != nil {
		return err
	}
	if !there {
		_, err = conn.Exec(ctx, "CREATE DATABASE provodka")
	}
	return err
}

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the server (open transactions are rolled back) and gives the directory
// free. Stopping twice does nothing.
func (s *Server) Stop(ctx context.Context) error {
	err := s.pm.stop(ctx)
	s.halt()
	if err == nil {
		if s.child != nil {
			s.child.release()
		}
		<-s.done
	}
	s.lock.release()
	return err
}

// StopLeft stops the server that a killed process left behind in dir, if there is
// one, and says whether there was. It refuses (ErrInUse) while a process uses dir.
func StopLeft(ctx context.Context, dir string) (bool, error) {
	dir, err := prepare(dir)
	if err != nil {
		return false, err
	}
	held, err := takeLock(filepath.Join(dir, "postgres.lock"))
	if err != nil {
		return false, err
	}
	defer held.release()
	home, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	pm, err := running(filepath.Join(home, "data"))
	if pm == nil || err != nil {
		return false, err
	}
	return true, pm.stop(ctx)
}

// lastWords answers the end of the server's log, for an error message.
func lastWords(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], " | ")
}
