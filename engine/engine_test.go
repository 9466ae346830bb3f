package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// world is a database, a broker and the engines on them.
type world struct {
	t      *testing.T
	dsn    string
	broker string
	shards int
	bank   *fakeBank
}

func newWorld(t *testing.T, shards int) *world {
	t.Helper()
	return &world{
		t: t, dsn: embedtest.DSN(t, store.Migrate), broker: embedtest.Broker(t), shards: shards,
		bank: &fakeBank{sent: map[string]int{}, answers: map[string][]port.Answer{}},
	}
}

// process is one server process of a world.
type process struct {
	*engine.Engine
	world *world
	db    *store.DB
	log   *kafka.Log
	stop  func()
	over  chan error

	stopEngine func() // the shards are handed over; callers may still wait

	metrics *prometheus.Registry
}

func (w *world) log() *kafka.Log {
	w.t.Helper()
	log, err := kafka.Open(w.t.Context(), kafka.Config{Brokers: []string{w.broker}, Shards: w.shards, Logger: quiet})
	if err != nil {
		w.t.Fatal(err)
	}
	return log
}

func (w *world) db(dsn string) *store.DB {
	w.t.Helper()
	db, err := store.Open(w.t.Context(), dsn, store.Options{Logger: quiet})
	if err != nil {
		w.t.Fatal(err)
	}
	return db
}

// quiet is silent unless somebody looks for a fault.
var quiet = func() *slog.Logger {
	if os.Getenv("PROVODKA_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}()

// start runs a process and waits until every shard has an owner.
func (w *world) start(name string, change ...func(*engine.Config)) *process {
	w.t.Helper()
	return w.startOn(w.dsn, name, change...).ready()
}

// startOn runs a process that sees the database under an address of its own.
func (w *world) startOn(dsn, name string, change ...func(*engine.Config)) *process {
	w.t.Helper()
	p := &process{world: w, db: w.db(dsn), log: w.log(), over: make(chan error, 1), metrics: prometheus.NewRegistry()}
	cfg := engine.Config{
		Process: name, DB: p.db, Commands: p.log, Events: p.log, Outcomes: p.log, Flows: flow.NewRegistry(parcel(w.t)),
		Ports: map[string]port.Port{"payout": w.bank}, Owner: true, Zone: p.db.Zone(), Logger: quiet,
		Metrics: p.metrics, TimerEvery: 20 * time.Millisecond, TickEvery: time.Hour,
	}
	for _, c := range change {
		c(&cfg)
	}
	e, err := engine.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Engine = e
	ctx, cancel := context.WithCancel(context.Background())
	go func() { p.over <- e.Run(ctx) }()
	p.stopEngine = sync.OnceFunc(func() { cancel(); <-p.over })
	p.stop = sync.OnceFunc(func() {
		p.stopEngine()
		p.log.Close()
		p.db.Close()
	})
	w.t.Cleanup(p.stop)
	return p
}

// ready waits until every shard has an owner.
func (p *process) ready() *process {
	p.world.t.Helper()
	select {
	case <-p.Ready():
	case err := <-p.over:
		p.world.t.Fatalf("the engine ended: %v", err)
	case <-time.After(30 * time.Second):
		p.world.t.Fatalf("the shards have no owner after 30 s: %v", p.Stopped())
	}
	return p
}

func open(account string) engine.Operation {
	return op("open "+account, &commandv1.Operation_Open{Open: &commandv1.Open{Account: account}})
}

func op(key string, what any) engine.Operation {
	o := &commandv1.Operation{Key: key}
	switch what := what.(type) {
	case *commandv1.Operation_Open:
		o.What = what
	case *commandv1.Operation_Post:
		o.What = what
	case *commandv1.Operation_Place:
		o.What = what
	case *commandv1.Operation_Settle:
		o.What = what
	case *commandv1.Operation_Void:
		o.What = what
	case *commandv1.Operation_Resize:
		o.What = what
	case *commandv1.Operation_SettleLate:
		o.What = what
	case *commandv1.Operation_Reverse:
		o.What = what
	case *commandv1.Operation_Correct:
		o.What = what
	case *commandv1.Operation_Exchange:
		o.What = what
	case *commandv1.Operation_Flow:
		o.What = what
	default:
		panic(fmt.Sprintf("%T", what))
	}
	return engine.Operation{Operation: o}
}

func leg(account string, debit bool, amount string) *commandv1.Leg {
	return &commandv1.Leg{Account: account, Asset: "RUB", Debit: debit, Amount: amount, Open: true}
}

func pay(key, from, to, amount string) engine.Operation {
	return op(key, &commandv1.Operation_Post{Post: &commandv1.Post{
		Kind: "transfer", Legs: []*commandv1.Leg{leg(from, true, amount), leg(to, false, amount)},
	}})
}

func (p *process) submit(ops ...engine.Operation) []engine.Outcome {
	p.world.t.Helper()
	ctx, cancel := context.WithTimeout(p.world.t.Context(), 20*time.Second)
	defer cancel()
	return p.Submit(ctx, engine.Request{Book: "main", Actor: "test", Operations: ops})
}

// must submits operations that may not be refused.
func (p *process) must(ops ...engine.Operation) []engine.Outcome {
	p.world.t.Helper()
	out := p.submit(ops...)
	for i, o := range out {
		if o.Refusal != nil {
			p.world.t.Fatalf("operation %d was refused: %v", i, o.Refusal)
		}
	}
	return out
}

// refused submits one operation that must be refused with the code.
func (p *process) refused(code fault.Code, o engine.Operation) engine.Outcome {
	p.world.t.Helper()
	out := p.submit(o)[0]
	if out.Refusal == nil || out.Refusal.Code != code {
		p.world.t.Fatalf("got %v, want %s", out.Refusal, code)
	}
	return out
}

// balance is what is available on an account over all its stripes.
func (p *process) balance(account string) string {
	p.world.t.Helper()
	name, refusal := book.ParseName("account", account)
	if refusal != nil {
		p.world.t.Fatal(refusal)
	}
	typ, _ := book.LookupType(name.Type)
	sum := money.Zero
	for s := range p.world.shards {
		rows, err := p.db.LoadStripes(p.world.t.Context(), s, []store.StripeKey{{Account: book.ID("main", account), Asset: "RUB"}})
		if err != nil {
			p.world.t.Fatal(err)
		}
		for _, r := range rows {
			sum = sum.Add(book.Stripe{Debit: r.Debit, Credit: r.Credit, HeldDebit: r.HeldDebit, HeldCredit: r.HeldCredit}.Available(typ.Class))
		}
	}
	return money.RUB.Format(sum)
}

func (p *process) wants(account, want string) {
	p.world.t.Helper()
	if got := p.balance(account); got != want {
		p.world.t.Errorf("%s has %s available, want %s", account, got, want)
	}
}

// parcel is a small product flow: money is set aside, the bank is asked, the
// money leaves or comes back.
func parcel(t testing.TB) *flow.Flow {
	t.Helper()
	f, err := flow.Parse("parcel", "parcel.md", parcelDoc, func(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
		data := v.Data
		if c.Event == "send" {
			data = c.Body
		}
		customer, amount, _ := strings.Cut(string(data), " ")
		return flow.Decision{
			Data: data, Owners: map[string]string{"customer": customer, "parcel": v.ID},
			Amounts: map[string]money.Amount{"price": money.MustParse(amount)}, Asks: map[string][]byte{"pay": data},
		}, nil
	}, flow.Words{
		States: []string{"sending", "sent", "failed", "late"},
		Events: []string{"send", "paid", "paid_unknown", "paid_refused", "slow"}, Recipes: []string{"reserve", "settle", "release"},
		Asks: []string{"pay", "ask_pay"}, Amounts: []string{"price"}, Owners: []string{"customer", "parcel"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const parcelDoc = `# Parcel

## States

| From | On | To | Books | Asks | Says | Meaning |
|---|---|---|---|---|---|---|
| new | send | sending | reserve | pay | parcel.sending | the price is set aside |
| sending | paid | sent | settle | — | parcel.sent | the bank paid |
| sending | paid_unknown | sending | — | ask_pay | — | ask, never guess |
| sending | paid_refused | failed | release | — | parcel.failed | the money goes back |
| sending | slow | late | — | — | parcel.late | it takes long |
| late | paid | sent | settle | — | parcel.sent | the bank paid at last |
| late | paid_unknown | late | — | ask_pay | — | ask, never guess |
| late | paid_refused | failed | release | — | parcel.failed | the money goes back |

## Entries

| Recipe | Debit | Credit | Amount | When | Meaning |
|---|---|---|---|---|---|
| reserve | wallet:{customer} | suspense:{parcel} | price | — | set aside |
| settle | suspense:{parcel} | bank:settlement | price | — | paid |
| release | suspense:{parcel} | wallet:{customer} | price | — | back |

## Recipes

| Recipe | Russian |
|---|---|
| reserve | Отложено |
| settle | Уплачено |
| release | Возвращено |

## Asks

| Ask | Port | Verb | Repeats | Done | Refused | Unknown | Meaning |
|---|---|---|---|---|---|---|---|
| pay | payout | pay | — | paid | paid_refused | paid_unknown | pay |
| ask_pay | payout | pay | pay | paid | paid_refused | paid_unknown | what became of it? |

## Timers

| State | After | Event | Meaning |
|---|---|---|---|
| sending | 1s | slow | somebody should look |
`

func send(id, customer, amount string) engine.Operation {
	return op("send "+id, &commandv1.Operation_Flow{Flow: &commandv1.Flow{
		Flow: "parcel", Id: id, Event: "send", Body: []byte(customer + " " + amount), Owner: customer,
	}})
}

// state reads an aggregate's state from the database.
func (p *process) state(id, owner string) string {
	p.world.t.Helper()
	rows, err := p.db.LoadAggregates(p.world.t.Context(), book.Home("main", owner, p.world.shards),
		[]store.AggregateKey{{Book: "main", Flow: "parcel", ID: id}})
	if err != nil {
		p.world.t.Fatal(err)
	}
	if len(rows) == 0 {
		return ""
	}
	return rows[0].State
}

// until waits, looking often, until the condition holds.
func (p *process) until(what string, holds func() bool) {
	p.world.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			p.world.t.Fatalf("30 s passed and still not: %s", what)
		case <-tick.C:
		}
	}
}

// fakeBank is a port that keeps its own books: what it did, by attempt.
type fakeBank struct {
	mu      sync.Mutex
	sent    map[string]int           // how often an attempt was executed
	answers map[string][]port.Answer // scripted answers by the ask's body, used up from the front
	asked   int
}

func (b *fakeBank) Send(_ context.Context, ask port.Ask) port.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sent[ask.Attempt] == 0 {
		if script := b.answers[string(ask.Body)]; len(script) > 0 && script[0].Result == port.Refused {
			return script[0]
		}
		b.sent[ask.Attempt]++
	}
	return b.answer(ask)
}

func (b *fakeBank) Find(_ context.Context, ask port.Ask) port.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.sent[ask.Attempt] == 0 {
		return port.Answer{Result: port.NotFound}
	}
	return b.answer(ask)
}

func (b *fakeBank) answer(ask port.Ask) port.Answer {
	if script := b.answers[string(ask.Body)]; len(script) > 0 {
		b.answers[string(ask.Body)] = script[1:]
		return script[0]
	}
	return port.Answer{Result: port.Done, Status: "EXECUTED"}
}

// executed is how many payments were made, counting a second time of one attempt.
func (b *fakeBank) executed() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, times := range b.sent {
		n += times
	}
	return n
}

func (b *fakeBank) attempts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.sent))
}

func (b *fakeBank) Memory() time.Duration { return time.Hour }
