package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// deafOutcomes is an outcome log whose messages are lost; first is called at the
// first of them.
type deafOutcomes struct {
	port.OutcomeLog
	once  sync.Once
	first func()
}

func (d *deafOutcomes) Tell(string, []byte) { d.once.Do(d.first) }

// lossyCommands is a command log that does not take the commands that lost names:
// nobody ever answers them.
type lossyCommands struct {
	port.CommandLog
	lost func(*commandv1.Command) bool
}

func (l *lossyCommands) Append(ctx context.Context, shard int, value []byte, headers []port.Header, done func(int64, error)) {
	c := new(commandv1.Command)
	if proto.Unmarshal(value, c) == nil && l.lost(c) {
		return
	}
	l.CommandLog.Append(ctx, shard, value, headers, done)
}

// fullCommands is a command log that takes nothing more.
type fullCommands struct{ port.CommandLog }

func (fullCommands) Append(_ context.Context, _ int, _ []byte, _ []port.Header, done func(int64, error)) {
	go done(0, fmt.Errorf("append: %w", port.ErrLogFull))
}

// unreadCommands is a command log that hands no record over.
type unreadCommands struct{ port.CommandLog }

func (u unreadCommands) Read(context.Context, int, port.LogPosition) (port.CommandReader, error) {
	return emptyReader{}, nil
}

// oneCommand is a command log that hands over one record and no more.
type oneCommand struct{ port.CommandLog }

func (o oneCommand) Read(ctx context.Context, shard int, from port.LogPosition) (port.CommandReader, error) {
	r, err := o.CommandLog.Read(ctx, shard, from)
	return &oneReader{CommandReader: r}, err
}

type oneReader struct {
	port.CommandReader
	over bool
}

func (r *oneReader) Poll(ctx context.Context, _ int) ([]port.LogRecord, error) {
	if r.over {
		return emptyReader{}.Poll(ctx, 0)
	}
	r.over = true
	return r.CommandReader.Poll(ctx, 1)
}

type emptyReader struct{}

func (emptyReader) Poll(ctx context.Context, _ int) ([]port.LogRecord, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (emptyReader) Lag() int64 { return 0 }

func (emptyReader) Close() {}

// gatedEvents is an event log that publishes only while its gate is open.
type gatedEvents struct {
	port.EventLog
	mu   sync.Mutex
	shut bool
}

func (g *gatedEvents) shutGate() {
	g.mu.Lock()
	g.shut = true
	g.mu.Unlock()
}

func (g *gatedEvents) Own(ctx context.Context, shard int) (port.EventWriter, *port.LogRecord, error) {
	w, tail, err := g.EventLog.Own(ctx, shard)
	return &gatedWriter{EventWriter: w, gate: g}, tail, err
}

type gatedWriter struct {
	port.EventWriter
	gate *gatedEvents
}

func (w *gatedWriter) Publish(ctx context.Context, records []port.LogRecord) error {
	w.gate.mu.Lock()
	shut := w.gate.shut
	w.gate.mu.Unlock()
	if shut {
		<-ctx.Done()
		return ctx.Err()
	}
	return w.EventWriter.Publish(ctx, records)
}

// command makes a record of the command log as another process would.
func command(id, process string, ops ...engine.Operation) *commandv1.Command {
	list := &commandv1.Operations{}
	for _, o := range ops {
		o.RequestHash = ledger.RequestHash(o.Operation)
		list.List = append(list.List, o.Operation)
	}
	return &commandv1.Command{Id: id, Process: process, Actor: "test", Book: "main", What: &commandv1.Command_Operations{Operations: list}}
}

// append puts raw bytes on the log of a shard and waits for the broker.
func (p *process) append(shard int, raw []byte) {
	p.world.t.Helper()
	done := make(chan error, 1)
	p.log.Append(p.world.t.Context(), shard, raw, nil, func(_ int64, err error) { done <- err })
	if err := <-done; err != nil {
		p.world.t.Fatal(err)
	}
}

func marshal(t *testing.T, c *commandv1.Command) []byte {
	t.Helper()
	raw, err := proto.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// produce writes a record with a client of its own, stamp and all.
func (w *world) produce(r *kgo.Record) {
	w.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.broker), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(w.t.Context(), r).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
}

// copyDB copies a database that nobody uses, and gives the copy's address.
func (w *world) copyDB() string {
	w.t.Helper()
	config, err := pgx.ParseConfig(w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	from := config.Database
	name := from + "_copy"
	config.Database = "postgres"
	admin := func(statement string) {
		w.t.Helper()
		conn, err := pgx.ConnectConfig(context.Background(), config)
		if err != nil {
			w.t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			w.t.Fatal(err)
		}
	}
	admin("CREATE DATABASE " + name + " TEMPLATE " + from)
	w.t.Cleanup(func() { admin("DROP DATABASE " + name + " WITH (FORCE)") })
	u, err := url.Parse(w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// exec changes the database behind everybody's back.
func (w *world) exec(statement string) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(w.t.Context())
	if _, err := conn.Exec(w.t.Context(), statement); err != nil {
		w.t.Fatal(err)
	}
}

// owner names an owner whose home is the shard.
func (w *world) owner(prefix string, shard int) string {
	for i := 0; ; i++ {
		if name := fmt.Sprintf("%s%d", prefix, i); book.Home("main", name, w.shards) == shard {
			return name
		}
	}
}

// value reads one metric of the process, summed over the labels that are not named.
func (p *process) value(name string, labels ...string) float64 { // float: a metric
	p.world.t.Helper()
	families, err := p.metrics.Gather()
	if err != nil {
		p.world.t.Fatal(err)
	}
	sum := 0.0 // float: a metric
	for _, f := range families {
		for _, m := range f.GetMetric() {
			fits := f.GetName() == name
			for i := 0; i < len(labels); i += 2 {
				has := false
				for _, l := range m.GetLabel() {
					has = has || l.GetName() == labels[i] && l.GetValue() == labels[i+1]
				}
				fits = fits && has
			}
			if fits {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// stoppedFor says whether the shard stands still for the reason.
func (p *process) stoppedFor(shard int, reason error) bool {
	return errors.Is(p.Stopped()[shard], reason)
}

// keyed lists the records of all shards that took the key.
func keyed(all []*journalv1.Record, key string) (found []*journalv1.Record) {
	for _, r := range all {
		if r.GetKey() == key && r.GetExternal() == nil {
			found = append(found, r)
		}
	}
	return found
}

// externals lists the records of a kind.
func externals(all []*journalv1.Record, kind journalv1.ExternalKind) (found []*journalv1.Record) {
	for _, r := range all {
		if r.GetExternal().GetKind() == kind {
			found = append(found, r)
		}
	}
	return found
}

func (w *world) shardRow(dsn string, shard int) store.ShardState {
	w.t.Helper()
	db := w.db(dsn)
	defer db.Close()
	states, err := db.Shards(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range states {
		if s.Shard == shard {
			return s
		}
	}
	w.t.Fatalf("shard %d has no row", shard)
	return store.ShardState{}
}

// logged is how many records the command log of a shard has.
func (p *process) logged(shard int) int {
	p.world.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(p.world.broker))
	if err != nil {
		p.world.t.Fatal(err)
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(p.world.t.Context(), "provodka.commands")
	if err != nil {
		p.world.t.Fatal(err)
	}
	end, _ := ends.Lookup("provodka.commands", int32(shard))
	return int(end.Offset)
}

// allEvents reads the events of all shards.
func (p *process) allEvents() (all []*journalv1.Record) {
	p.world.t.Helper()
	for s := range p.world.shards {
		all = append(all, p.events(s)...)
	}
	return all
}

// replaceTopic deletes a topic and makes it again.
func (w *world) replaceTopic(name string) {
	w.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.broker))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	if _, err := admin.DeleteTopic(w.t.Context(), name); err != nil {
		w.t.Fatal(err)
	}
	for {
		if _, err = admin.CreateTopic(w.t.Context(), int32(w.shards), 1, nil, name); !errors.Is(err, kerr.TopicAlreadyExists) {
			break // it lingers for a moment
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func place(account, amount string, expiresMS int64) *commandv1.Operation_Place {
	return &commandv1.Operation_Place{Place: &commandv1.Place{Account: account, Asset: "RUB", Amount: amount, ExpiresMs: expiresMS, Open: true}}
}

func settle(placed uint64, amount, to string) *commandv1.Operation_Settle {
	return &commandv1.Operation_Settle{Settle: &commandv1.Settle{
		PlacedSeq: placed, Amount: amount, Kind: "transfer", Credits: []*commandv1.Leg{leg(to, false, amount)},
	}}
}

// topUp pays into a wallet, at the wallet's home.
func topUp(key, wallet, amount string) engine.Operation {
	return op(key, &commandv1.Operation_Post{Post: &commandv1.Post{
		Kind: "transfer", Legs: []*commandv1.Leg{leg(wallet, false, amount), leg("bank:settlement", true, amount)},
	}})
}
