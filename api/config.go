package api

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/engine/private/password"
	"github.com/provodka/provodka/ledger/store"
)

// Submitter takes every change: the engine.
type Submitter interface {
	// Submit hands operations over and waits for their outcomes, in order.
	Submit(ctx context.Context, req engine.Request) []engine.Outcome
}

// OwnAccount is a settlement account of ours.
type OwnAccount struct {
	Name        string // in the books: "settlement" of bank:settlement
	Account     string // 20 digits
	BIC         string
	BankName    string
	CorrAccount string
	Holder      string // our name, as companies write it on payments
	INN, KPP    string
	BankINN     string // of the bank: its charges are known by it; "" when not known
}

// Config is what a server is made of. New fills the zero values marked with a default
// and refuses what is missing.
type Config struct {
	Engine     Submitter
	DB         *store.DB
	Vault      *private.Vault
	Flows      *flow.Registry
	Registers  port.RegisterReader
	Statements port.StatementReader
	Own        []OwnAccount // the first one is where companies send money
	Now        func() time.Time
	Logger     *slog.Logger
	Metrics    prometheus.Registerer
	Tracer     trace.Tracer // default keeps no traces

	Registration *Registration // what strangers are offered; nil registers nobody

	Ready           func() bool   // whether health answers serving; default always
	MaxRequestBytes int64         // default 8 MiB: a Post of 8,000 operations fits, a larger request is refused
	Timeout         time.Duration // of a call without a deadline; default 10 s
	MaxTimeout      time.Duration // of any call; default 60 s
	StreamTimeout   time.Duration // of any call that streams; default 1 h
	ReadPatience    time.Duration // how long a read waits for a position; default 5 s
	KeyCache        time.Duration // how long an API key is believed without asking the database; default 5 s
	PostbackPrivate bool          // postbacks may go over plain HTTP and to addresses of our own networks
	PostbackEvery   time.Duration // between looks for something to tell; default 1 s
	OpenAccounts    int           // names of open accounts kept in memory; default 400,000
	// SessionIdle and SessionLife are how long a person's session lives unused, and at all;
	// default 12 hours and 7 days.
	SessionIdle, SessionLife time.Duration
	Passwords                password.Params // of new passwords; default password.Recommended
	Site                     string          // address of our pages without a slash at the end; links begin with it
	Proxies                  []netip.Prefix  // who may say, in X-Forwarded-For, where a call comes from
}

func (c *Config) fill() error {
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"Engine", c.Engine == nil}, {"DB", c.DB == nil}, {"Vault", c.Vault == nil}, {"Flows", c.Flows == nil},
		{"Registers", c.Registers == nil}, {"Statements", c.Statements == nil}, {"Own", len(c.Own) == 0},
		{"Now", c.Now == nil}, {"Logger", c.Logger == nil}, {"Metrics", c.Metrics == nil},
	} {
		if f.missing {
			return fmt.Errorf("api: Config.%s is not set", f.name)
		}
	}
	if c.Tracer == nil {
		c.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if c.Ready == nil {
		c.Ready = func() bool { return true }
	}
	if c.Registration != nil {
		if err := c.Registration.fill(); err != nil {
			return err
		}
	}
	c.MaxRequestBytes = cmp.Or(c.MaxRequestBytes, 8<<20)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.MaxTimeout = cmp.Or(c.MaxTimeout, time.Minute)
	c.StreamTimeout = cmp.Or(c.StreamTimeout, time.Hour)
	c.ReadPatience = cmp.Or(c.ReadPatience, 5*time.Second)
	c.KeyCache = cmp.Or(c.KeyCache, 5*time.Second)
	c.PostbackEvery = cmp.Or(c.PostbackEvery, time.Second)
	c.SessionIdle = cmp.Or(c.SessionIdle, 12*time.Hour)
	c.SessionLife = cmp.Or(c.SessionLife, 7*24*time.Hour)
	c.Passwords = cmp.Or(c.Passwords, password.Recommended)
	c.OpenAccounts = cmp.Or(c.OpenAccounts, 400_000)
	return nil
}
