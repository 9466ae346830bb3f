package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/adapters/onec"
	"github.com/provodka/provodka/adapters/registercsv"
	"github.com/provodka/provodka/api"
	companies "github.com/provodka/provodka/api/company"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/monthly"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/press"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/store"
)

// serverConfig is what the server child is told.
type serverConfig struct {
	DSN     string
	Broker  string
	Process string
	Shards  int
	Relay   bool // off: the journal is not published
	API     bool // off: the engine alone
	Batch   int  // most operations of one commit; 0 is the engine's own
}

// memoryLimit is what the server's Go runtime keeps to, as GOMEMLIMIT=180MiB would say:
// it collects more often near it.
const memoryLimit = 180 << 20

// serve runs engine and API as `provodka serve` composes them.
func serve(ctx context.Context, config string, say func(string) error) error {
	var c serverConfig
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err
	}
	debug.SetMemoryLimit(memoryLimit)
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	registry := prometheus.NewRegistry()
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	db, err := store.Open(ctx, c.DSN, store.Options{Logger: log, Observe: observe, Shards: c.Shards})
	if err != nil {
		return err
	}
	defer db.Close()
	topics, err := kafka.Open(ctx, kafka.Config{Brokers: []string{c.Broker}, Shards: c.Shards, Logger: log, Metrics: registry})
	if err != nil {
		return err
	}
	defer topics.Close()
	var events port.EventLog = topics
	if !c.Relay {
		events = nowhere{topics}
	}
	flows := flow.NewRegistry(company.New(), executor.New(), limit.New(), task.New(), taxpayer.New())
	ports := map[string]port.Port{}
	for _, name := range flows.Ports() {
		ports[name] = nobody{}
	}
	e, err := engine.New(engine.Config{
		Process: cmp.Or(c.Process, "bench"), DB: db, Commands: topics, Events: events, Outcomes: topics, Flows: flows,
		Ports: ports, Owner: true, Zone: db.Zone(), Logger: log, Metrics: registry, BatchOperations: c.Batch,
	})
	if err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() { over <- e.Run(ctx) }()
	select {
	case <-e.Ready():
	case err := <-over:
		return fmt.Errorf("the engine ended: %w", err)
	}
	addr, stop := "", func() error { return nil }
	if c.API {
		if addr, stop, err = serveAPI(e, db, flows, log, registry); err != nil {
			return err
		}
	}
	if err := say(addr); err != nil {
		return err
	}
	err = <-over
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, stop())
}

// observe counts commits, and those that had to be tried again.
func observe(a store.Attempt) {
	if a.Name == "commit" {
		commits.Add(1)
		if a.Try > 1 {
			retried.Add(1)
		}
	}
}

func serveAPI(e *engine.Engine, db *store.DB, flows *flow.Registry, log *slog.Logger, registry *prometheus.Registry) (string, func() error, error) {
	vault, err := private.New(private.Config{DB: db, Secrets: [][]byte{[]byte("a secret of the bench, of 32 bytes")}, Keys: [][]byte{[]byte("a key of the bench, of 32 bytes.")}})
	if err != nil {
		return "", nil, err
	}
	drawer, err := monthly.NewDrawer(monthly.Drawer{DB: db, Vault: vault})
	if err != nil {
		return "", nil, err
	}
	handler, err := api.New(api.Config{
		Config:    gate.Config{Engine: e, DB: db, Vault: vault, Flows: flows, Now: time.Now, Logger: log, Metrics: registry},
		Registers: registercsv.Reader{}, Statements: onec.Reader{}, Drawer: drawer, Press: press.New(vault, db.Zone()), Own: []companies.OwnAccount{{Name: "settlement"}},
	})
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := gate.HTTPServer(handler)
	go func() { _ = server.Serve(listener) }() // ends by Close
	return listener.Addr().String(), server.Close, nil
}

// nowhere is an event log that keeps nothing more: the writer alone is measured with it.
// It begins where the log ends, so that nothing is read back for it.
type nowhere struct{ log port.EventLog }

func (n nowhere) Own(ctx context.Context, shard int) (port.EventWriter, *port.LogRecord, error) {
	w, last, err := n.log.Own(ctx, shard)
	if err == nil {
		w.Close()
	}
	return n, last, err
}

func (nowhere) Replay(context.Context, int, int64, func([]port.LogRecord) error) error { return nil }

func (nowhere) Publish(context.Context, []port.LogRecord) error { return nil }

func (nowhere) Close() {}
