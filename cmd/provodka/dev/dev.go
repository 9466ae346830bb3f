package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/provodka/provodka/cmd/provodka/embed"
	"github.com/provodka/provodka/cmd/provodka/play"
	"github.com/provodka/provodka/cmd/provodka/server"
	"github.com/provodka/provodka/ledger/store"
)

// Book is the book of a development stack.
const Book = "main"

// Options say how to run the stack.
type Options struct {
	Dir      string
	Listen   string // of the API; port 0 means any free one
	Play     string // directory of a play; "" plays none
	Once     bool   // end when the play is over
	Shards   int
	Brokers  []string        // of a Kafka that runs elsewhere; empty starts the embedded broker
	Prefix   string          // of the topics there
	Bank     string          // URL of a bank sandbox that runs elsewhere; "" starts one
	Patience time.Duration   // how long the play waits for the world
	Key      string          // file of the key that signs checkpoints; "" makes one in Dir
	Auditor  bool            // follow the events and compare the database with them
	Confirm  []time.Duration // pauses after which final answers are asked about again; none leaves days
	Pull     int             // seconds between looks at the bank's statement of the first own account; below 0: only when somebody asks; 0: files tell it
	Traces   string          // address of an OTLP collector; "" keeps no traces
	Out      io.Writer       // what people and scripts read
	Log      *slog.Logger
}

// File is dev.json: where everything is.
type File struct {
	API       string            `json:"api"`
	Metrics   string            `json:"metrics"`
	Brokers   string            `json:"brokers"` // host:port,host:port
	Prefix    string            `json:"topic_prefix,omitempty"`
	DSN       string            `json:"dsn"`
	APIKey    string            `json:"api_key"`
	Book      string            `json:"book"`
	Sandboxes map[string]string `json:"sandboxes"` // by name: "bank", "tax", "sms", "mail"
	PID       int               `json:"pid"`
}

// FileName is the name of dev.json.
const FileName = "dev.json"

// ErrPlay says that the play did not come out as expected.
var ErrPlay = errors.New("the play failed")

// stack is everything that runs, in the order in which it was started.
type stack struct {
	Options
	file    File
	files   string // directory of the play's files as they are on its day
	closing []func()
}

// soon are the pauses of a play after which final answers are asked about again, in place of
// days. The last are for a play that was killed between an answer and its taking back.
var soon = []time.Duration{
	1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second,
	128 * time.Second, 256 * time.Second, 512 * time.Second,
}

// Run starts the stack, plays, and serves until the context ends, or until the
// play is over with Once.
func Run(ctx context.Context, o Options) error {
	if o.Play != "" && o.Confirm == nil {
		o.Confirm = soon
	}
	s := &stack{Options: o, file: File{Book: Book, Prefix: o.Prefix, Sandboxes: map[string]string{}}}
	defer s.close()
	began := time.Now()
	cfg, err := s.start(ctx)
	if err != nil {
		return err
	}
	m, err := server.Open(ctx, cfg, o.Log)
	if err != nil {
		return err
	}
	defer m.Close()
	serving, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan error, 1)
	go func() { over <- m.Run(serving) }()
	select {
	case <-m.Ready():
	case err := <-over:
		return fmt.Errorf("the server ended before it was ready: %w", err)
	case <-ctx.Done():
		stop()
		return <-over
	}
	if err := s.webhook(ctx, m.Addr()); err != nil {
		return fmt.Errorf("the bank's webhook: %w", err)
	}
	if err := s.announce(m, time.Since(began)); err != nil {
		return err
	}
	played := s.play(ctx)
	if !o.Once && ctx.Err() == nil {
		fmt.Fprintf(s.Out, "serving %s until Ctrl-C\n", s.file.API)
		select {
		case <-ctx.Done():
		case err := <-over:
			return err
		}
	}
	stop()
	if err := <-over; err != nil {
		return err
	}
	return played
}

// start starts what the server stands on and says how to reach it.
func (s *stack) start(ctx context.Context) (server.Config, error) {
	cfg := server.Config{Shards: s.Shards, Prefix: s.Prefix, Listen: s.Listen, MetricsListen: "127.0.0.1:0", API: true, Engine: true, Auditor: s.Auditor, Traces: s.Traces, PostbackPrivate: true, ConfirmAfter: s.Confirm}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return cfg, err
	}
	if err := s.render(ctx); err != nil {
		return cfg, err
	}
	database, err := embed.Postgres(ctx, s.Dir, embed.Options{Logger: s.Log})
	if err != nil {
		return cfg, fmt.Errorf("PostgreSQL: %w", err)
	}
	s.after(func(ctx context.Context) error { return database.Stop(ctx) })
	cfg.DSN, cfg.Brokers = database.DSN, s.Brokers
	if len(cfg.Brokers) == 0 {
		broker, err := embed.Broker(ctx, s.Dir, embed.BrokerOptions{Logger: s.Log})
		if err != nil {
			return cfg, fmt.Errorf("broker: %w", err)
		}
		s.after(broker.Stop)
		cfg.Brokers = []string{broker.Addr}
	}
	if err := store.Migrate(ctx, cfg.DSN); err != nil {
		return cfg, fmt.Errorf("migrate: %w", err)
	}
	if err := s.sandboxes(&cfg); err != nil {
		return cfg, err
	}
	if cfg.InstallationKeys, err = s.secret("installation_key"); err != nil {
		return cfg, err
	}
	if cfg.Secrets, err = s.secret("secret"); err != nil {
		return cfg, err
	}
	if s.file.APIKey, err = s.apiKey(ctx, cfg.DSN); err != nil {
		return cfg, err
	}
	if cfg.CheckpointKey, err = s.checkpointKey(); err != nil {
		return cfg, err
	}
	cfg.CheckpointDir, cfg.CheckpointSeconds = filepath.Join(s.Dir, "checkpoints"), 2
	s.file.DSN, s.file.Brokers = cfg.DSN, strings.Join(cfg.Brokers, ",")
	cfg.Own, err = s.ownAccounts()
	if err == nil && s.Pull != 0 {
		cfg.Bank.StatementSeconds, cfg.Bank.StatementBook = max(s.Pull, 0), Book
		cfg.Own[0].Statement, cfg.Own[0].StatementSince = "bank", time.Now().AddDate(0, 0, -7).Format(time.DateOnly)
	}
	return cfg, err
}

// after notes what to stop at the end.
func (s *stack) after(stop func(context.Context) error) {
	s.closing = append(s.closing, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := stop(ctx); err != nil {
			s.Log.Error("stopping the embedded stack", "error", err)
		}
	})
}

func (s *stack) close() {
	for i := len(s.closing) - 1; i >= 0; i-- {
		s.closing[i]()
	}
}

// announce writes dev.json and prints where everything is.
func (s *stack) announce(m *server.Main, took time.Duration) error {
	s.file.API, s.file.Metrics = "http://"+m.Addr(), "http://"+m.MetricsAddr()+"/metrics"
	s.file.PID = os.Getpid()
	raw, err := json.MarshalIndent(s.file, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(s.Dir, FileName)
	if err := writeFile(path, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	s.after(func(context.Context) error { return os.Remove(path) })
	fmt.Fprintf(s.Out, "API      %s\nmetrics  %s\nbroker   %s\ndatabase %s\nbank     %s\ntax      %s\nsms      %s/sandbox/books\nmail     %s/sandbox/books\nkeys     %s\n",
		s.file.API, s.file.Metrics, s.file.Brokers, hidePassword(s.file.DSN), s.file.Sandboxes["bank"], s.file.Sandboxes["tax"],
		s.file.Sandboxes["sms"], s.file.Sandboxes["mail"], path)
	fmt.Fprintf(s.Out, "ready %s in %.1fs\n", s.file.API, took.Seconds())
	return nil
}

// play performs the play, if there is one, and prints the line that scripts wait for.
func (s *stack) play(ctx context.Context) error {
	if s.Play == "" {
		return nil
	}
	began := time.Now()
	p, err := play.New(play.Options{
		URL: s.file.API, Key: s.file.APIKey, Book: Book, Dir: s.files, Out: s.Out, Patience: s.Patience, Bank: s.file.Sandboxes["bank"], Tax: s.file.Sandboxes["tax"], SMS: s.file.Sandboxes["sms"],
	})
	if err == nil {
		err = p.Perform(ctx)
	}
	if err != nil {
		fmt.Fprintf(s.Out, "play failed %s: %v\n", s.Play, err)
		return fmt.Errorf("%w: %w", ErrPlay, err)
	}
	fmt.Fprintf(s.Out, "play done %s in %.1fs\n", s.Play, time.Since(began).Seconds())
	return nil
}
