package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/adapters/onec"
	"github.com/provodka/provodka/adapters/registercsv"
	"github.com/provodka/provodka/api"
	"github.com/provodka/provodka/api/company"
	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/api/postback"
	"github.com/provodka/provodka/api/registration"
	"github.com/provodka/provodka/api/statement"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/document"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/monthly"
	"github.com/provodka/provodka/engine/press"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/engine/push"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/trace"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Main is one server process.
type Main struct {
	cfg       Config
	log       *slog.Logger
	db        *store.DB
	broker    *kafka.Log
	flows     *flow.Registry
	house     limit.House
	vault     *private.Vault
	drawer    *monthly.Drawer
	press     *press.Press
	engine    *engine.Engine
	api       *api.Server
	postbacks *postback.Deliverer // of a process with the API
	pusher    *push.Pusher        // of a process with the engine, when messages to devices are configured
	pull      *statement.Pull     // of a process with the API, when the bank is asked for statements
	metrics   *prometheus.Registry
	tracer    trace.Tracer
	public    net.Listener
	admin     net.Listener
	closing   []func()
}

// Open connects to the database and the broker, checks the schema, and takes the
// listeners. Run does the work.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (_ *Main, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	m := &Main{cfg: cfg, log: log, metrics: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			m.Close()
		}
	}()
	m.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if m.cfg.Process == "" {
		host, _ := os.Hostname()
		m.cfg.Process = fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	for _, step := range []func(context.Context) error{m.openTraces, m.openDatabase, m.openBroker, m.openEngine, m.openAPI, m.listen} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Main) openDatabase(ctx context.Context) error {
	db, err := store.Open(ctx, m.cfg.DSN, store.Options{Name: "provodka", Logger: m.log, MaxConns: 24, Shards: m.cfg.Shards})
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	m.db = db
	m.closing = append(m.closing, db.Close)
	current, latest, err := db.MigrationStatus(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if current != latest {
		return fmt.Errorf("the schema has version %d and this program wants %d: run provodka migrate up", current, latest)
	}
	return nil
}

func (m *Main) openBroker(ctx context.Context) error {
	broker, err := kafka.Open(ctx, kafka.Config{Brokers: m.cfg.Brokers, Prefix: m.cfg.Prefix, Shards: m.cfg.Shards, Logger: m.log, Metrics: m.metrics})
	if err != nil {
		return fmt.Errorf("open the broker: %w", err)
	}
	m.broker = broker
	m.closing = append(m.closing, broker.Close)
	return nil
}

func (m *Main) openEngine(context.Context) (err error) {
	if m.flows, err = Flows(); err != nil {
		return err
	}
	if m.vault, err = private.New(private.Config{DB: m.db, Secrets: m.cfg.Secrets, Keys: m.cfg.InstallationKeys}); err != nil {
		return err
	}
	if m.house, err = m.cfg.Bank.House(); err != nil {
		return err
	}
	m.press = press.New(m.vault, m.db.Zone())
	m.drawer, err = monthly.NewDrawer(monthly.Drawer{
		DB: m.db, Vault: m.vault, VAT: monthly.VAT{Percent: m.cfg.Closing.VATPercent, Words: m.cfg.Closing.VATWords},
		Operator: document.Operator{Name: m.cfg.Own[0].Holder, INN: m.cfg.Own[0].INN, KPP: m.cfg.Own[0].KPP},
	})
	if err != nil {
		return err
	}
	ports, err := m.ports()
	if err != nil {
		return err
	}
	seal, err := m.seal()
	if err != nil {
		return err
	}
	m.engine, err = engine.New(engine.Config{
		Process: m.cfg.Process, DB: m.db, Commands: m.broker, Events: m.broker, Outcomes: m.broker, Flows: m.flows, Ports: ports,
		Owner: m.cfg.Engine, Auditor: m.cfg.Auditor, Zone: m.db.Zone(), Logger: m.log, Metrics: m.metrics, Tracer: m.tracer, Topics: m.cfg.Prefix, Seal: seal,
		LeaseTTL: m.cfg.LeaseTTL, RequestTimeout: m.cfg.RequestTimeout, ConfirmEvery: m.confirmEvery(),
	})
	return err
}

// confirmEvery is how often it is looked for answers to be confirmed; 0 is the default.
func (m *Main) confirmEvery() time.Duration {
	if len(m.cfg.ConfirmAfter) == 0 {
		return 0
	}
	return slices.Min(m.cfg.ConfirmAfter)
}

func (m *Main) openAPI(context.Context) (err error) {
	if !m.cfg.API {
		return nil
	}
	proxies, err := networks("trusted_proxies", m.cfg.Proxies)
	if err != nil {
		return err
	}
	callbacks, err := m.callbacks()
	if err != nil {
		return err
	}
	if m.pull, err = m.pulling(); err != nil {
		return err
	}
	m.api, err = api.New(api.Config{
		Config: gate.Config{
			Engine: m.engine, DB: m.db, Vault: m.vault, Flows: m.flows, Now: time.Now, Limits: m.house, Logger: m.log, Metrics: m.metrics, Tracer: m.tracer, Proxies: proxies,
			SessionIdle: time.Duration(m.cfg.SessionIdleMinutes) * time.Minute, SessionLife: time.Duration(m.cfg.SessionDays) * 24 * time.Hour,
		},
		Registers: registercsv.Reader{}, Statements: onec.Reader{}, Drawer: m.drawer, Press: m.press, Own: m.own(), Ready: m.isReady, Registration: m.registration(),
		Callbacks: callbacks, Hearer: m.engine, Pull: m.pull, PostbackPrivate: m.cfg.PostbackPrivate, Site: strings.TrimSuffix(m.cfg.Site, "/"),
	})
	if err == nil {
		m.postbacks, err = m.api.Postbacks(m.cfg.Process)
	}
	return err
}

// networks reads the networks of a field: addresses or prefixes.
func networks(field string, texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if at, failed := netip.ParseAddr(text); failed == nil {
			p, err = at.Prefix(at.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("configuration: %s: %q is no network", field, text)
		}
		out = append(out, p)
	}
	return out, nil
}

// registration is what strangers are offered; nil registers nobody.
func (m *Main) registration() *registration.Offer {
	r := m.cfg.Registration
	if r == nil {
		return nil
	}
	tariff := &flowv1.Tariff{Percent: cmp.Or(r.Percent, "0"), Minimum: r.Minimum}
	for _, k := range r.Kinds {
		tariff.Kinds = append(tariff.Kinds, &flowv1.KindCharge{Kind: executor.Kinds[k.Kind], Percent: cmp.Or(k.Percent, "0"), Minimum: k.Minimum})
	}
	return &registration.Offer{
		Book: r.Book, Tariff: tariff, Deposit: r.Deposit,
		PhoneStartsADay: r.PhoneStartsADay, AddressStartsAnHour: r.AddressStartsAnHour, AddressCallsAMinute: r.AddressCallsAMinute,
		OverallStartsAMinute: r.OverallStartsAMinute, OverallCallsASecond: r.OverallCallsASecond,
	}
}

func (m *Main) own() []company.OwnAccount {
	out := make([]company.OwnAccount, len(m.cfg.Own))
	for i, a := range m.cfg.Own {
		out[i] = company.OwnAccount{Name: a.Name, Account: a.Account, BIC: a.BIC, BankName: a.Bank, CorrAccount: a.Corr,
			Holder: a.Holder, INN: a.INN, KPP: a.KPP, Asked: a.Statement == byBank}
	}
	return out
}

func (m *Main) listen(context.Context) (err error) {
	if m.cfg.API {
		if m.public, err = net.Listen("tcp", m.cfg.Listen); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		m.closing = append(m.closing, func() { _ = m.public.Close() })
	}
	if m.cfg.MetricsListen != "" {
		if m.admin, err = net.Listen("tcp", m.cfg.MetricsListen); err != nil {
			return fmt.Errorf("metrics_listen: %w", err)
		}
		m.closing = append(m.closing, func() { _ = m.admin.Close() })
	}
	return nil
}

func (m *Main) isReady() bool {
	select {
	case <-m.engine.Ready():
		return true
	default:
		return false
	}
}

// Ready is closed once every shard has an owner.
func (m *Main) Ready() <-chan struct{} { return m.engine.Ready() }

// DB is the process's database.
func (m *Main) DB() *store.DB { return m.db }

// Addr is the address of the API, "" without that role.
func (m *Main) Addr() string { return addr(m.public) }

// MetricsAddr is the address of the metrics, "" when there is none.
func (m *Main) MetricsAddr() string { return addr(m.admin) }

func addr(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// upkeep brings the private data in order. A failure stops nothing: what is not sealed,
// or wrapped by an older key, is read as before, and the next start goes on.
func (m *Main) upkeep(ctx context.Context) {
	done, err := m.vault.Upkeep(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		m.log.Error("the private data could not be brought in order", "error", err)
	case err == nil:
		m.log.Info("the private data is in order", "sealed", done.Sealed, "wrapped", done.Wrapped, "worded", done.Worded)
	}
}

// begin begins the monthly documents of companies that have none, at the start and every night.
func (m *Main) begin(ctx context.Context) {
	select {
	case <-m.engine.Ready():
	case <-ctx.Done():
		return
	}
	(&monthly.Beginner{DB: m.db, Submit: m.engine.Submit, Logger: m.log}).Run(ctx, time.Now)
}

// Run serves until the context ends, then stops in order: no new calls, the calls
// that run finish, the shards are handed over.
func (m *Main) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	stopEngine, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	g.Go(func() error {
		err := m.engine.Run(stopEngine)
		if ctx.Err() == nil && err == nil {
			err = errors.New("the engine ended by itself")
		}
		return err
	})
	g.Go(func() error {
		m.upkeep(ctx)
		return nil
	})
	if m.cfg.Engine {
		g.Go(func() error {
			m.begin(ctx)
			return nil
		})
	}
	if m.postbacks != nil {
		g.Go(func() error {
			if err := m.postbacks.Run(ctx); ctx.Err() == nil {
				return err
			}
			return nil
		})
	}
	if m.pull != nil && m.pull.Every > 0 {
		g.Go(func() error {
			m.pullStatements(ctx)
			return nil
		})
	}
	if m.pusher != nil {
		g.Go(func() error {
			if err := m.pusher.Run(ctx); ctx.Err() == nil {
				return err
			}
			return nil
		})
	}
	var servers []*http.Server
	if m.public != nil {
		s := publicServer(m.api)
		servers = append(servers, s)
		g.Go(func() error { return m.serve(s, m.public) })
	}
	if m.admin != nil {
		s := metricsServer(m.metrics)
		servers = append(servers, s)
		g.Go(func() error { return m.serve(s, m.admin) })
	}
	g.Go(func() error {
		<-ctx.Done()
		defer cancel()
		return shutdown(servers)
	})
	return g.Wait()
}

// serve serves one listener, with TLS when it is configured.
func (m *Main) serve(s *http.Server, l net.Listener) error {
	s.ErrorLog = slog.NewLogLogger(m.log.Handler(), slog.LevelWarn)
	var err error
	if m.cfg.TLS.CertFile != "" {
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		err = s.ServeTLS(l, m.cfg.TLS.CertFile, m.cfg.TLS.KeyFile)
	} else {
		err = s.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// publicServer serves the API to the world, with the limits of its door.
func publicServer(h http.Handler) *http.Server { return gate.HTTPServer(h) }

// metricsServer serves the metrics to those who watch.
func metricsServer(metrics *prometheus.Registry) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return &http.Server{
		Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
}

func shutdown(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// Close gives everything back.
func (m *Main) Close() {
	for i := len(m.closing) - 1; i >= 0; i-- {
		m.closing[i]()
	}
	m.closing = nil
}
