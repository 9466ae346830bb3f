package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/trace"
)

// Config is what an engine is made of. New fills the zero values marked with a
// default and refuses what is missing.
type Config struct {
	Process  string // unique name of this process
	DB       *store.DB
	Commands port.CommandLog
	Events   port.EventLog
	Outcomes port.OutcomeLog
	Flows    *flow.Registry
	Ports    map[string]port.Port // by the name that the flows' Asks tables use
	Owner    bool                 // whether this process owns shards; else it only submits
	Zone     *time.Location       // whose days are the business dates
	Logger   *slog.Logger
	Metrics  prometheus.Registerer
	Tracer   trace.Tracer // the zero one keeps no traces
	Topics   string       // first word of the topics' names, for traces only; default "provodka"
	Seal     *Seal        // nil: the journal gets no signed checkpoints
	Auditor  bool         // whether this process audits all shards as they go

	LeaseTTL        time.Duration                      // default 3 s
	BatchOperations int                                // most operations of one commit; default 8,000
	MemoryRows      int                                // rows of each kind kept in memory, about, over all shards; default 48,000
	CommitTimeout   time.Duration                      // default 30 s
	MendAttempts    int                                // how often a failed batch is decided again; default 64
	QueueOperations int                                // operations that may wait in this process; default 64,000
	SubmitTimeout   time.Duration                      // patience of a caller without a deadline; default 10 s
	LookupEvery     time.Duration                      // how often a waiter looks its keys up; default 500 ms
	RelayRecords    int                                // most records of one transaction of the event log; default 1,500
	EffectsAtOnce   int                                // calls to one port at once; default 32
	RequestTimeout  time.Duration                      // of one call to the world; default 10 s
	ConfirmEvery    time.Duration                      // how often it is looked whether final answers are to be asked about again; default 1 min
	HintEvery       time.Duration                      // how often it is looked for hints of callbacks that other processes heard; default 1 s
	TimerEvery      time.Duration                      // how often due timers are looked for; default 1 s
	AuditEvery      time.Duration                      // how often the auditor looks for new events; default 1 s
	AuditStripes    int                                // stripes that it keeps in memory, a shard; default 20,000
	TickEvery       time.Duration                      // how long a shard's clock may stand still; default 3 s
	GiveUp          func(shard int, offset int64) bool // whether a person gave a record up; default never
}

func (c *Config) fill() error {
	for field, missing := range map[string]bool{
		"Process": c.Process == "", "DB": c.DB == nil, "Commands": c.Commands == nil, "Events": c.Events == nil,
		"Outcomes": c.Outcomes == nil, "Flows": c.Flows == nil, "Zone": c.Zone == nil, "Logger": c.Logger == nil,
		"Metrics": c.Metrics == nil,
	} {
		if missing {
			return fmt.Errorf("engine: Config.%s is not set", field)
		}
	}
	for _, p := range c.Flows.Ports() {
		if c.Owner && c.Ports[p] == nil {
			return fmt.Errorf("engine: the flows ask port %q and Config.Ports has none", p)
		}
	}
	orDuration := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	orInt := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	orDuration(&c.LeaseTTL, 3*time.Second)
	orDuration(&c.CommitTimeout, 30*time.Second)
	orDuration(&c.SubmitTimeout, 10*time.Second)
	orDuration(&c.LookupEvery, 500*time.Millisecond)
	orDuration(&c.RequestTimeout, 10*time.Second)
	orDuration(&c.ConfirmEvery, time.Minute)
	orDuration(&c.HintEvery, time.Second)
	orDuration(&c.TimerEvery, time.Second)
	orDuration(&c.TickEvery, 3*time.Second)
	orDuration(&c.AuditEvery, time.Second)
	orInt(&c.AuditStripes, 20_000)
	orInt(&c.BatchOperations, 8000)
	orInt(&c.MemoryRows, 48_000)
	orInt(&c.MendAttempts, 64)
	orInt(&c.QueueOperations, 64_000)
	orInt(&c.RelayRecords, 1500)
	orInt(&c.EffectsAtOnce, 32)
	if c.Seal != nil {
		if err := c.Seal.fill(); err != nil {
			return err
		}
	}
	c.Topics = cmp.Or(c.Topics, "provodka")
	if c.GiveUp == nil {
		c.GiveUp = func(int, int64) bool { return false }
	}
	return nil
}

// Engine runs the loop of the shards that this process owns and submits commands
// to all of them.
type Engine struct {
	cfg      Config
	instance string // tells this start of a program from another under its name
	hub      *hub
	clock    *dbClock
	metrics  *metrics
	lookUps  chan struct{} // tokens: look-ups at once

	mu     sync.Mutex
	owned  map[int]*shard
	loops  sync.WaitGroup // of the owned shards
	ready  chan struct{}  // closed when every shard of the installation has an owner
	readyO sync.Once
}

// New checks the configuration and makes an engine; Run starts it.
func New(cfg Config) (*Engine, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	m, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, err
	}
	return &Engine{
		cfg: cfg, instance: rand.Text(), hub: newHub(), clock: &dbClock{}, metrics: m,
		owned: map[int]*shard{}, ready: make(chan struct{}), lookUps: make(chan struct{}, lookUpsAtOnce),
	}, nil
}

// Run works until the context ends, then finishes the commits in flight and hands
// its shards over.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.readClock(ctx); err != nil {
		return fmt.Errorf("read the database clock: %w", err)
	}
	if err := e.enter(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := 2
	errs := make(chan error, 3)
	if e.cfg.Auditor {
		parts++
		go func() { errs <- e.auditAll(ctx) }()
	}
	go func() { errs <- e.cfg.Outcomes.Listen(ctx, e.cfg.Process, e.hub.told) }()
	go func() { errs <- e.keepLeases(ctx) }()
	var first error
	for range parts {
		err := <-errs
		if first == nil && err != nil && !errors.Is(err, context.Canceled) {
			first = err
		}
		cancel()
	}
	return first
}

// Ready is closed once every shard has a live owner, here or elsewhere.
func (e *Engine) Ready() <-chan struct{} { return e.ready }

// dbClock is the database's clock as this process reckons it: one reading and the
// time that has passed since by our own monotonic clock.
type dbClock struct {
	mu   sync.Mutex
	base time.Time // database clock at the reading
	at   time.Time // our monotonic clock at the reading
}

func (c *dbClock) set(db time.Time) {
	c.mu.Lock()
	c.base, c.at = db, time.Now() // clock: the anchor of the database clock
	c.mu.Unlock()
}

// now is the database clock, in microseconds since 1970 UTC.
func (c *dbClock) now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Since(c.at)).UnixMicro() // clock: time passed since the anchor
}

func (e *Engine) readClock(ctx context.Context) error {
	now, err := e.cfg.DB.Clock(ctx)
	if err != nil {
		return err
	}
	e.clock.set(now)
	return nil
}
