package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/trace"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// auditor follows the events of one shard, re-derives its balances and compares them
// with the database, for ever. What it finds it keeps as evidence in the database,
// freezes the accounts, and says aloud. Several may follow one shard: they find the same.
type auditor struct {
	engine *Engine
	shard  int
	log    *slog.Logger
	f      *audit.Follower // nil: to be read back
	next   int64           // offset of the event log
}

// auditAll follows every shard until the context ends.
func (e *Engine) auditAll(ctx context.Context) error {
	for n := range e.cfg.Commands.Shards() {
		a := &auditor{engine: e, shard: n, log: e.cfg.Logger.With("auditor", n)}
		go a.run(ctx)
	}
	<-ctx.Done()
	return ctx.Err()
}

func (a *auditor) run(ctx context.Context) {
	for {
		if err := a.follow(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("auditing has to wait", "error", err)
			a.f = nil // from where it was noted last
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(a.engine.cfg.AuditEvery):
		}
	}
}

// follow audits what was published since the last time.
func (a *auditor) follow(ctx context.Context) error {
	if a.f == nil {
		if err := a.resume(ctx); err != nil {
			return err
		}
	}
	return a.engine.cfg.Events.Replay(ctx, a.shard, a.next, func(records []port.LogRecord) error {
		for len(records) > 0 {
			n := min(len(records), auditRecords)
			if err := a.portion(ctx, records[:n]); err != nil {
				return err
			}
			records = records[n:]
		}
		return nil
	})
}

// auditRecords bounds the records whose legs are compared at once.
const auditRecords = 500

func (a *auditor) resume(ctx context.Context) error {
	cfg := &a.engine.cfg
	at, err := cfg.DB.ReadAudited(ctx, a.shard)
	if err != nil {
		return fmt.Errorf("read how far shard %d was audited: %w", a.shard, err)
	}
	past := func(key store.StripeKey, seq uint64) (store.StripeRow, error) {
		return cfg.DB.StripeBefore(ctx, a.shard, key, seq)
	}
	records := func(seq uint64) ([]byte, error) {
		raw, _, err := cfg.DB.Record(ctx, a.shard, seq)
		return raw, err
	}
	a.f = audit.NewFollower(a.shard, at, cfg.AuditStripes, audit.Options{Zone: cfg.Zone}, past, records)
	a.next = at.NextOffset
	return nil
}

// errAhead says that the database does not have what was published: it was put back to
// an earlier state and its owner has not folded the events in yet.
var errAhead = errors.New("the events are ahead of the database")

// portion audits records under a span.
func (a *auditor) portion(ctx context.Context, records []port.LogRecord) error {
	ctx, span := a.engine.cfg.Tracer.Start(ctx, "audit", trace.Consumer)
	defer span.End()
	before := a.f.Audited().Head.Seq
	span.Topic(a.engine.cfg.Topics+topicEvents, "audit", a.shard, len(records))
	span.Offset(records[0].Offset)
	found, err := a.batch(ctx, records)
	span.Records(a.shard, before+1, a.f.Audited().Head.Seq)
	span.Count("findings", len(found))
	span.Fail(err)
	return err
}

// batch audits records, keeps what was found, freezes, and notes how far it came.
func (a *auditor) batch(ctx context.Context, records []port.LogRecord) (found []audit.Found, err error) {
	evidence := map[uint64][]byte{}
	for _, r := range records {
		seq := a.f.Audited().Head.Seq + 1
		evidence[seq] = r.Value
		one, err := a.f.Add(toEvent(r))
		if err != nil {
			return nil, err
		}
		if one != nil {
			found = append(found, *one)
		}
	}
	if err := a.reached(ctx); err != nil {
		return nil, err
	}
	stored, err := a.engine.cfg.DB.LegsOfRecords(ctx, a.shard, a.f.Expected())
	if err != nil {
		return nil, err
	}
	found = append(found, a.f.Compare(stored)...)
	rows := make([]store.Finding, len(found))
	for i, f := range found {
		rows[i] = store.Finding{
			Shard: a.shard, Seq: f.Seq, Place: f.Where, What: f.What, Expected: f.Expected, Found: f.Found,
			Book: f.Book, Accounts: append([]string{}, f.Accounts...), Event: evidence[f.Seq],
		}
		a.engine.metrics.found(a.shard)
		a.log.Error("the audit found a difference", "where", f.Where, "what", f.What, "expected", f.Expected, "found", f.Found,
			"book", f.Book, "accounts", f.Accounts)
		if rows[i].Event == nil {
			rows[i].Event = []byte{}
		}
	}
	if err := a.freeze(ctx, found); err != nil {
		return found, err
	}
	at := a.f.Audited()
	at.NextOffset = records[len(records)-1].Offset + 1
	if err := a.engine.cfg.DB.PutAudited(ctx, a.shard, at, rows); err != nil {
		return found, err
	}
	a.next = at.NextOffset
	a.engine.metrics.auditedUntil(a.shard, at.Head.Seq)
	return found, nil
}

// reached says whether the database has what the events say: it commits first.
func (a *auditor) reached(ctx context.Context) error {
	states, err := a.engine.cfg.DB.Shards(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.Shard == a.shard && s.Head.Seq >= a.f.Audited().Head.Seq {
			return nil
		}
	}
	return errAhead
}

// freeze freezes the accounts of what was found, each once a finding.
func (a *auditor) freeze(ctx context.Context, found []audit.Found) error {
	for _, f := range found {
		for _, account := range f.Accounts {
			if f.Book == "" || book.IsTransit(account) {
				continue // money between the stripes of an account that the finding names too
			}
			op := Operation{Operation: &commandv1.Operation{
				Key: fmt.Sprintf("%s%d.%d:%s", auditPrefix, a.shard, f.Seq, account),
				What: &commandv1.Operation_Change{Change: &commandv1.ChangeAccount{
					Account: account, What: commandv1.AccountChange_ACCOUNT_CHANGE_FREEZE, Debits: true, Credits: true,
					Reason: "audit: " + shorten(f.Error()),
				}},
			}}
			out := a.engine.Submit(ctx, Request{Book: f.Book, Actor: actorAuditor, Operations: []Operation{op}})[0]
			switch r := out.Refusal; {
			case r == nil:
				a.log.Warn("the account is frozen", "book", f.Book, "account", account)
			case r.Code.Lookup().Retry == fault.RetrySame:
				return fmt.Errorf("freeze %s of book %s: %w", account, f.Book, r)
			default: // frozen already, closed, or never opened
				a.log.Warn("the account is not frozen by this", "book", f.Book, "account", account, "refusal", r)
			}
		}
	}
	return nil
}

// shorten fits a text into the reason of a change.
func shorten(text string) string {
	if runes := []rune(text); len(runes) > 400 {
		return string(runes[:400]) + "…"
	}
	return text
}

func toEvent(r port.LogRecord) audit.Event {
	e := audit.Event{Key: r.Key, Value: r.Value, Headers: make([]audit.Header, len(r.Headers))}
	for i, h := range r.Headers {
		e.Headers[i] = audit.Header{Key: h.Key, Value: h.Value}
	}
	return e
}
