package gate

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/validate"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/trace"
)

// Paths under which the calls have other addresses than Connect's.
const (
	RestPath    = "/v1/"  // where every path of google.api.http begins
	ProductPath = "/api/" // where every path of the product's own API begins
)

// Submitter takes every change: the engine.
type Submitter interface {
	// Submit hands operations over and waits for their outcomes, in order.
	Submit(ctx context.Context, req engine.Request) []engine.Outcome
}

// Config is what a gate is made of. New fills the zero values marked with a default
// and refuses what is missing.
type Config struct {
	Engine  Submitter
	DB      *store.DB
	Vault   *private.Vault
	Flows   *flow.Registry
	Now     func() time.Time
	Limits  limit.House // what the house's contract with its bank lets pass
	Logger  *slog.Logger
	Metrics prometheus.Registerer
	Tracer  trace.Tracer // the zero one keeps no traces

	MaxRequestBytes int64         // default 8 MiB: a Post of 8,000 operations fits, a larger request is refused
	Timeout         time.Duration // of a call without a deadline; default 10 s
	MaxTimeout      time.Duration // of any call; default 60 s
	StreamTimeout   time.Duration // of any call that streams; default 1 h
	ReadPatience    time.Duration // how long a read waits for a position; default 5 s
	KeyCache        time.Duration // how long an API key is believed without asking the database; default 5 s
	// SessionIdle and SessionLife are how long a person's session lives unused, and at all;
	// default 12 hours and 7 days.
	SessionIdle, SessionLife time.Duration
	Proxies                  []netip.Prefix // who may say, in X-Forwarded-For, where a call comes from
}

func (c *Config) fill() error {
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"Engine", c.Engine == nil}, {"DB", c.DB == nil}, {"Vault", c.Vault == nil}, {"Flows", c.Flows == nil},
		{"Now", c.Now == nil}, {"Logger", c.Logger == nil}, {"Metrics", c.Metrics == nil},
	} {
		if f.missing {
			return fmt.Errorf("api: Config.%s is not set", f.name)
		}
	}
	c.MaxRequestBytes = cmp.Or(c.MaxRequestBytes, 8<<20)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.MaxTimeout = cmp.Or(c.MaxTimeout, time.Minute)
	c.StreamTimeout = cmp.Or(c.StreamTimeout, time.Hour)
	c.ReadPatience = cmp.Or(c.ReadPatience, 5*time.Second)
	c.KeyCache = cmp.Or(c.KeyCache, 5*time.Second)
	c.SessionIdle = cmp.Or(c.SessionIdle, 12*time.Hour)
	c.SessionLife = cmp.Or(c.SessionLife, 7*24*time.Hour)
	return nil
}

// Gate is the door that every call goes through, and what every service uses behind it. It
// is safe for concurrent use.
type Gate struct {
	DB     *store.DB
	Vault  *private.Vault
	Flows  *flow.Registry
	Now    func() time.Time
	House  limit.House // limits of payments by the contract with the bank
	Logger *slog.Logger
	Tracer trace.Tracer
	Logins Limits // of whoever shows a password or a code

	cfg      Config
	metrics  *metrics
	access   map[string][]string // of keys, by method
	persons  map[string][]string // of people
	uploads  map[string]bool     // methods to which callers stream
	reads    map[string]bool     // methods that change nothing
	keys     *keyCache
	sessions *sessionCache
	pages    pages
	runs     turns
	rules    connect.Interceptor
}

// New makes the gate. A method without a row in the table of access is an error.
func New(cfg Config) (*Gate, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	s := &Gate{
		DB: cfg.DB, Vault: cfg.Vault, Flows: cfg.Flows, Now: cfg.Now, House: cfg.Limits, Logger: cfg.Logger, Tracer: cfg.Tracer, Logins: newLimits(cfg.Now),
		cfg: cfg, uploads: map[string]bool{}, reads: map[string]bool{},
		keys:     &keyCache{db: cfg.DB, now: cfg.Now, keep: cfg.KeyCache, rows: map[[32]byte]cachedKey{}},
		sessions: &sessionCache{rows: map[[32]byte]cachedSession{}},
	}
	var err error
	if s.access, err = parseAccess(accessDocument); err != nil {
		return nil, err
	}
	if s.persons, err = parsePeople(peopleDocument); err != nil {
		return nil, err
	}
	if err := checkAccess(s.access, s.persons); err != nil {
		return nil, err
	}
	for _, m := range Methods() {
		if m.IsStreamingClient() {
			s.uploads[methodName(m)] = true
		}
		if o, ok := m.Options().(*descriptorpb.MethodOptions); ok && o.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS {
			s.reads[methodName(m)] = true
		}
	}
	if s.metrics, err = newMetrics(cfg.Metrics); err != nil {
		return nil, err
	}
	if s.pages, err = newPages(cfg.Vault.Key("page tokens")); err != nil {
		return nil, err
	}
	validator, err := newValidator()
	if err != nil {
		return nil, err
	}
	s.rules = validate.NewInterceptor(validate.WithValidator(validator), validate.WithoutErrorDetails())
	return s, nil
}

// MaxTimeout bounds any call, and any part of a stream.
func (g *Gate) MaxTimeout() time.Duration { return g.cfg.MaxTimeout }
