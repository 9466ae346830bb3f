package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/adapters/fns"
	taxservice "github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/adapters/onec"
	"github.com/provodka/provodka/adapters/registercsv"
	"github.com/provodka/provodka/api"
	companies "github.com/provodka/provodka/api/company"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/document"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/contact"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/feed"
	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/engine/flow/invitation"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/login"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/flow/template"
	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/engine/monthly"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/press"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/engine/private/password"
	"github.com/provodka/provodka/engine/world"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// house is a whole server: database, broker, engine, API over HTTP on loopback.
// Every test has a book and a key of its own in it.
type house struct {
	config api.Config // of api: another of the same may be made
	dsn    string
	db     *store.DB
	vault  *private.Vault
	drawer *monthly.Drawer
	press  *press.Press
	url    string
	api    *api.Server
	loop   gate.Submitter // the engine
	told   world.Told     // hands it a late word of the bank
	bank   *fakeBank
	fns    *fakeTax
	post   *fakePost
	tax    *taxservice.Server // whom the bindings are with
	ports  map[string]port.Port
	log    *lockedBuffer
	books  atomic.Int64
	people people
}

// people are the persons by number whom tests use: whom the tax service knows is one test's
// alone, because there is one tax service and every test's book is asked by it.
type people struct {
	mu    sync.Mutex
	known map[uint64]string          // the test that tells the tax service of him
	users map[uint64]map[string]bool // the tests that have him as an executor
}

// claim notes that a test uses a person.
func (p *people) claim(t *testing.T, n uint64, known bool) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known, p.users = map[uint64]string{}, map[uint64]map[string]bool{}
	}
	test := strings.Join(append(strings.Split(t.Name(), "/"), "")[:2], "/")
	if p.users[n] == nil {
		p.users[n] = map[string]bool{}
	}
	p.users[n][test] = true
	if known {
		p.known[n] = test
	}
	if p.known[n] != "" && len(p.users[n]) > 1 {
		t.Errorf("%v use person %d, and the tax service knows him: take another number", slices.Sorted(maps.Keys(p.users[n])), n)
	}
}

// lockedBuffer keeps the log, for the test that no personal data is in it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if os.Getenv("PROVODKA_TEST_LOG") != "" {
		_, _ = os.Stderr.Write(p)
	}
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const shards = 2

var ownBIC = requisite.ExampleBIC(900)

// ownAccounts are our settlement accounts.
func ownAccounts() []companies.OwnAccount {
	return []companies.OwnAccount{
		{Name: "settlement", Account: requisite.ExampleAccount("40702", ownBIC, 900001), BIC: ownBIC, BankName: "АО Банк", CorrAccount: requisite.ExampleCorrAccount(ownBIC), Holder: "ООО Проводка", INN: requisite.ExampleINN(9)},
		{Name: "second", Account: requisite.ExampleAccount("40702", ownBIC, 900002), BIC: ownBIC, BankName: "АО Банк", CorrAccount: requisite.ExampleCorrAccount(ownBIC), Holder: "ООО Проводка", INN: requisite.ExampleINN(9)},
	}
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{dsn: embedtest.DSN(t, store.Migrate), bank: &fakeBank{paid: map[string]port.Payment{}, refuses: map[string]bool{}}, fns: &fakeTax{}, post: &fakePost{mute: map[string]bool{}}, log: &lockedBuffer{}}
	logger := slog.New(slog.NewJSONHandler(h.log, nil))
	var err error
	if h.db, err = store.Open(t.Context(), h.dsn, store.Options{Logger: logger, Shards: shards}); err != nil {
		t.Fatal(err)
	}
	broker, err := kafka.Open(t.Context(), kafka.Config{Brokers: []string{embedtest.Broker(t)}, Shards: shards, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if h.vault, err = private.New(private.Config{DB: h.db, Secrets: [][]byte{bytes.Repeat([]byte("s"), 32)}, Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}}); err != nil {
		t.Fatal(err)
	}
	flows := flow.NewRegistry(closing.New(), company.New(), contact.New(), executor.New(), feed.New(), incoming.New(), invitation.New(), limit.New(), login.New(), npd.New(), registration.New(), remittance.New(), sign.New(), task.New(), taxpayer.New(), template.New(), user.New())
	metrics := prometheus.NewRegistry()
	var e *engine.Engine
	submit := func(ctx context.Context, req engine.Request) []engine.Outcome { return e.Submit(ctx, req) }
	people := h.vault.Resolver()
	h.fns.bindings = h.taxService(t)
	h.drawer, err = monthly.NewDrawer(monthly.Drawer{
		DB: h.db, Vault: h.vault, Operator: document.Operator{Name: ownAccounts()[0].Holder, INN: ownAccounts()[0].INN}, VAT: monthly.VAT{Percent: "22"},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.press = press.New(h.vault, h.db.Zone())
	ports := map[string]port.Port{
		"payout":       world.FromPayout(h.bank, people, ownAccounts()[0].Account, h.db.Zone()),
		"income":       world.Watched(world.FromIncome(h.fns, people), h.fns.bindings, people, submit),
		"contact":      world.FromContact(submit, h.db),
		"npd":          world.Opening(world.FromNPD(h.fns.bindings, people), submit),
		"feed":         world.FromFeed(h.fns.bindings, people, submit, time.Now),
		"npdstatus":    world.FromNPDStatus(h.publicList(t), people, time.Now),
		"taxdoc":       world.FromTaxDocuments(h.fns.bindings, people),
		"private":      world.FromPrivate(h.vault, h.fns.bindings, people),
		"executor":     world.FromExecutor(submit, people),
		"company":      world.FromCompany(submit, people),
		"closing":      world.FromClosing(submit, h.drawer),
		"register":     world.FromRegister(h.fns, people),
		"registration": world.FromRegistration(submit),
		"user":         world.FromUser(submit),
		"taxpayer":     world.FromTaxpayer(submit),
		"limit":        world.FromLimit(submit),
		"remittance":   world.FromRemittance(submit),
		"task":         world.FromTask(submit, h.vault.Resolver(), func() time.Time { return time.Now().In(h.db.Zone()) }, houseLimits),
		"signed":       world.FromSigned(submit),
		"payment": world.FromPayment(func(ctx context.Context, attempt string, a *port.Answer) (*journalv1.Effect, bool, error) {
			return e.Told(ctx, attempt, a)
		}, people),
		"signing": world.FromSigning(submit, people),
		"paper":   world.FromPaper(h.press),
		"notify": world.FromNotify(world.NotifyOptions{
			Channels: map[string]port.Notifier{world.SMS: h.post, world.Mail: h.post}, Read: people, Secrets: h.vault, Site: "https://site.example", Now: time.Now,
		}),
	}
	h.ports = ports
	e, err = engine.New(engine.Config{
		Process: "test", DB: h.db, Commands: broker, Events: broker, Outcomes: broker, Flows: flows, Ports: ports, Owner: true,
		Zone: h.db.Zone(), Logger: logger, Metrics: metrics, TimerEvery: 50 * time.Millisecond, Seal: seal(t, broker),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.told = e.Told
	h.config = api.Config{
		Config: gate.Config{
			Engine: e, DB: h.db, Vault: h.vault, Flows: flows, Now: time.Now, Logger: logger, Metrics: metrics,
			KeyCache: time.Millisecond, ReadPatience: time.Second, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		},
		Registers: registercsv.Reader{}, Statements: onec.Reader{}, Drawer: h.drawer, Press: h.press, Own: ownAccounts(), PostbackPrivate: true,
		Passwords: password.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}, Registration: newcomers(),
	}
	server, err := api.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	h.api, h.loop = server, e
	h.serve(t, server)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the engine ended: %v", err)
		}
		broker.Close()
		h.db.Close()
	})
	select {
	case <-e.Ready():
	case <-time.After(time.Minute):
		t.Fatal("the shards have no owner")
	}
	return h
}

func (h *house) serve(t *testing.T, handler http.Handler) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := gate.HTTPServer(handler)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	h.url = "http://" + l.Addr().String()
}

// caller is a test's own book with a key to it.
type caller struct {
	*client.Client
	*house
	t    *testing.T
	book string
	key  string
}

// caller makes a book and a key with all roles, or with those given.
func (h *house) caller(t *testing.T, roles ...string) *caller {
	t.Helper()
	if len(roles) == 0 {
		roles = gate.Roles()
	}
	c := &caller{house: h, t: t, book: fmt.Sprintf("book-%d", h.books.Add(1))}
	c.key = h.mint(t, c.book, roles...)
	var err error
	if c.Client, err = client.New(h.url, c.key); err != nil {
		t.Fatal(err)
	}
	return c
}

// colleague is another key of the same book and roles.
func (c *caller) colleague() *caller {
	c.t.Helper()
	o := &caller{house: c.house, t: c.t, book: c.book, key: c.house.mint(c.t, c.book, gate.Roles()...)}
	var err error
	if o.Client, err = client.New(c.house.url, o.key); err != nil {
		c.t.Fatal(err)
	}
	return o
}

func (h *house) mint(t *testing.T, book string, roles ...string) string {
	t.Helper()
	text, row, err := gate.MintKey(fmt.Sprintf("key-%s-%d", book, h.books.Add(1)), book, roles...)
	if err != nil {
		t.Fatal(err)
	}
	row.Created = time.Now()
	if err := h.db.PutAPIKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	return text
}

// mintFor makes a key of a company with the roles of one.
func (h *house) mintFor(t *testing.T, book, company string) string {
	t.Helper()
	text, row, err := gate.MintKey(fmt.Sprintf("key-%s-%d", company, h.books.Add(1)), book, gate.RoleCompany, gate.RoleExecutor)
	if err != nil {
		t.Fatal(err)
	}
	row.Owner = company
	if err := h.db.PutAPIKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	return text
}

// once is a client that asks once.
func (c *caller) once() *client.Client {
	c.t.Helper()
	cl, err := client.New(c.url, c.key, client.WithAttempts(1))
	if err != nil {
		c.t.Fatal(err)
	}
	return cl
}

// post sends bytes to a method, as a client that knows no protobuf would.
func (c *caller) post(method, contentType, body string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url+"/"+method, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+c.key)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// refused wants a refusal of a whole call: code, field, words, and the same in the
// protocol's own details.
func refused(t *testing.T, err error, code fault.Code, field string) *client.Refusal {
	t.Helper()
	var r *client.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("not a refusal: %v", err)
	}
	if r.Code != string(code) || r.Field != field || r.Reason == "" || r.Russian == "" {
		t.Fatalf("refused by %+v, want %s of %q", r, code, field)
	}
	var ce *connect.Error
	if !errors.As(err, &ce) || !hasInfo(ce, string(code)) {
		t.Fatalf("no ErrorInfo with %s: %v", code, err)
	}
	return r
}

// refusal wants any refusal.
func refusal(t *testing.T, err error) *client.Refusal {
	t.Helper()
	var r *client.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("not a refusal: %v", err)
	}
	return r
}

// patience is how long a test waits for what must come: only what never comes takes it, on
// the busiest machine.
const patience = 2 * time.Minute

// pause waits a little for the world to answer.
func (c *caller) pause() {
	select {
	case <-c.t.Context().Done():
	case <-time.After(20 * time.Millisecond):
	}
}

func hasInfo(err *connect.Error, reason string) bool {
	for _, d := range err.Details() {
		v, failed := d.Value()
		if info, ok := v.(*errdetails.ErrorInfo); failed == nil && ok && info.GetReason() == reason && info.GetDomain() == gate.Domain {
			return true
		}
	}
	return false
}

// part wants a refusal of one part of an answer.
func part(t *testing.T, r *ledgerv1.Refusal, code fault.Code, field string) {
	t.Helper()
	if r.GetCode() != string(code) || r.GetField() != field || r.GetReason() == "" || r.GetRussian() == "" {
		t.Fatalf("refused by %v, want %s of %q", r, code, field)
	}
}

// fakeBank executes every payment at once, each attempt once; the first one of a sum in
// refuses is refused.
type fakeBank struct {
	mu      sync.Mutex
	paid    map[string]port.Payment
	refuses map[string]bool
}

func (b *fakeBank) Pay(_ context.Context, p port.Payment) port.Answer {
	if refusal := p.Check(); refusal != nil {
		return port.Unsent(refusal)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if sum := money.RUB.Format(p.Amount); b.refuses[sum] {
		delete(b.refuses, sum)
		return port.Answer{Result: port.Refused, Status: "NOT_ENOUGH_MONEY", Code: fault.PayoutRefused, Reason: "Недостаточно средств на счёте"}
	}
	b.paid[p.Attempt] = p
	return port.Answer{Result: port.Done, Status: "EXECUTED", Event: p.Attempt}
}

func (b *fakeBank) Payment(_ context.Context, attempt string) port.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.paid[attempt]; ok {
		return port.Answer{Result: port.Done, Status: "EXECUTED", Event: attempt}
	}
	return port.Answer{Result: port.NotFound}
}

func (b *fakeBank) Memory() time.Duration { return time.Hour }

func (b *fakeBank) payments() []port.Payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []port.Payment
	for _, p := range b.paid {
		all = append(all, p)
	}
	return all
}

// fakeTax registers every income. Whom the service of the bindings knows is checked there.
type fakeTax struct {
	registered atomic.Int64
	under      sync.Map // INN that have receipts
	held       sync.Map // INN to what its checks wait for
	bindings   *fns.Adapter
}

// receipted says whether a receipt was registered under an INN.
func (f *fakeTax) receipted(inn string) bool {
	_, ok := f.under.Load(inn)
	return ok
}

func (f *fakeTax) Check(ctx context.Context, inn string) port.Answer {
	if until, ok := f.held.Load(inn); ok {
		select {
		case <-until.(chan struct{}):
		case <-ctx.Done():
		}
	}
	if a := f.bindings.Check(ctx, inn); a.Status != "TAXPAYER_UNREGISTERED" {
		return a
	}
	return port.Answer{Result: port.Done, Status: "OK"}
}

func (f *fakeTax) Register(_ context.Context, r port.IncomeReceipt) port.Answer {
	if refusal := r.Check(); refusal != nil {
		return port.Unsent(refusal)
	}
	f.registered.Add(1)
	f.under.Store(r.INN, true)
	return port.Answer{Result: port.Done, Status: "OK", Event: r.Attempt, ReceiptID: "r-" + r.Attempt[:8], ReceiptLink: "https://lknpd.example/" + r.Attempt[:8]}
}

func (*fakeTax) Annul(context.Context, string, string) port.Answer {
	return port.Answer{Result: port.Done, Status: "COMPLETED"}
}

func (*fakeTax) Memory() time.Duration { return time.Hour }

// Entity knows every company but one that has ended and one that nobody has.
func (*fakeTax) Entity(_ context.Context, inn string) (port.Entity, port.Answer) {
	switch inn {
	case endedINN:
		return port.Entity{}, port.Answer{Result: port.Refused, Status: "ended", Code: fault.CompanyTerminated, Reason: "ended"}
	case nobodysINN:
		return port.Entity{}, port.Answer{Result: port.Refused, Status: "none", Code: fault.NotFound, Reason: "none"}
	}
	return port.Entity{INN: inn, OGRN: requisite.ExampleOGRN(1), Name: "ООО «Василёк»", Address: "г. Москва, ул. Полевая, д. 1"}, port.Answer{Result: port.Done, Status: "OK"}
}

var endedINN, nobodysINN = requisite.ExampleINN(9001), requisite.ExampleINN(9002)

// fakePost keeps what people were sent. It takes the first message to a mute address and
// says nothing.
type fakePost struct {
	mu   sync.Mutex
	sent []port.Notice
	mute map[string]bool
}

func (p *fakePost) Notify(_ context.Context, n port.Notice) port.Answer {
	if refusal := n.Check(); refusal != nil {
		return port.Unsent(refusal)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, n)
	if p.mute[n.To] {
		delete(p.mute, n.To)
		return port.Unclear("no answer")
	}
	return port.Answer{Result: port.Done, Status: "taken"}
}

// port is what the flows ask by a name.
func (h *house) port(name string) port.Port { return h.ports[name] }

func bytesOf(m proto.Message) []byte { return flow.Bytes(m) }

func read(t *testing.T, data []byte, into proto.Message) {
	t.Helper()
	if err := proto.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}
