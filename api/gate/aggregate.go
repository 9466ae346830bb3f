package gate

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Aggregate is an aggregate as it stands, from its row or from the move that it
// just made.
type Aggregate struct {
	ID, Owner, State string
	Version          uint64
	data             []byte
	UpdatedUS        int64
}

// FromRow is an aggregate as its row has it.
func FromRow(r store.AggregateRow) Aggregate {
	return Aggregate{r.Key.ID, r.Owner, r.State, r.Version, r.Data, r.UpdatedUS}
}

// FromRecord is an aggregate as a record left it.
func FromRecord(rec *journalv1.Record) Aggregate {
	m := rec.GetMove()
	return Aggregate{m.GetId(), m.GetOwner(), m.GetTo(), m.GetVersion(), m.GetData(), rec.GetClockUs()}
}

// Read decodes what the aggregate keeps.
func (a Aggregate) Read(into proto.Message) error {
	if err := proto.Unmarshal(a.data, into); err != nil {
		return fmt.Errorf("the data of %s cannot be decoded: %w", a.ID, err)
	}
	return nil
}

// Load reads those aggregates of a flow that exist, by id.
func (g *Gate) Load(ctx context.Context, book, flowName string, ids ...string) (map[string]Aggregate, []store.Seen, error) {
	keys := make([]store.AggregateKey, 0, len(ids))
	asked := map[string]bool{}
	for _, id := range ids {
		if id != "" && !asked[id] {
			asked[id] = true
			keys = append(keys, store.AggregateKey{Book: book, Flow: flowName, ID: id})
		}
	}
	rows, seen, err := g.DB.FindAggregates(ctx, keys)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", flowName, err)
	}
	out := make(map[string]Aggregate, len(rows))
	for _, r := range rows {
		out[r.Key.ID] = FromRow(r)
	}
	return out, seen, nil
}

// Must reads one aggregate that must exist; field is the request's name of its id.
func (g *Gate) Must(ctx context.Context, book, flowName, field, id string) (Aggregate, error) {
	found, _, err := g.Load(ctx, book, flowName, id)
	if err != nil {
		return Aggregate{}, err
	}
	a, ok := found[id]
	if owner := CallOf(ctx).Who.Owner; !ok || owner != "" && a.Owner != owner && flowName != executor.Name {
		return Aggregate{}, NotFound(field, flowName, id) // of another company as of nobody; people work for many
	}
	return a, nil
}

// NotFound refuses an id that nothing of the book has.
func NotFound(field, flowName, id string) *fault.Refusal {
	return fault.Refuse(fault.NotFound, field, "there is no %s %q in the book", flowName, id)
}

// Title is a state's name in Russian.
func (g *Gate) Title(flowName, state string) string {
	if f, ok := g.Flows.Lookup(flowName); ok {
		return f.Title(state).Russian
	}
	return state
}

// Content says in Russian what a record's entry is about; empty of one that no flow booked.
func (g *Gate) Content(rec *journalv1.Record) string {
	return g.Flows.Content(rec.GetMove().GetFlow(), rec.GetMove().GetRecipes())
}

// Today is the books' day.
func (g *Gate) Today() string {
	return g.Now().In(g.DB.Zone()).Format("2006-01-02")
}

// AggregateCursor is the last aggregate of a page.
type AggregateCursor struct {
	CreatedUS int64
	Shard     int
	ID        string
}

// CursorOf is the place behind a row.
func CursorOf(r store.AggregateRow) *AggregateCursor {
	return &AggregateCursor{CreatedUS: r.CreatedUS, Shard: r.Shard, ID: r.Key.ID}
}

// Before is the place as the store takes it.
func (c *AggregateCursor) Before() *store.AggregateCursor {
	return &store.AggregateCursor{CreatedUS: c.CreatedUS, Shard: c.Shard, ID: c.ID}
}

// List reads a page of a flow's aggregates; next is nil at the end.
func (g *Gate) List(ctx context.Context, page store.AggregatePage, after *AggregateCursor) ([]Aggregate, []store.Seen, *AggregateCursor, error) {
	if after != nil {
		page.Before = after.Before()
	}
	rows, seen, err := g.DB.Aggregates(ctx, page)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("list %s: %w", page.Flow, err)
	}
	out := make([]Aggregate, len(rows))
	for i, r := range rows {
		out[i] = FromRow(r)
	}
	if len(rows) < page.Limit {
		return out, seen, nil, nil
	}
	return out, seen, CursorOf(rows[len(rows)-1]), nil
}

// listing is a request of a page of aggregates.
type listing interface {
	paged
	GetMinPosition() string
}

// ListPage reads the page that a request asks for.
func (g *Gate) ListPage(ctx context.Context, req listing, page store.AggregatePage) ([]Aggregate, []store.Seen, string, error) {
	var from AggregateCursor
	more, refusal := g.Cursor(ctx, req, &from)
	if refusal != nil {
		return nil, nil, "", refusal
	}
	if err := g.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, nil, "", err
	}
	var after *AggregateCursor
	if more {
		after = &from
	}
	rows, seen, next, err := g.List(ctx, page, after)
	if err != nil || next == nil {
		return rows, seen, "", err
	}
	token, err := g.Token(ctx, req, next)
	return rows, seen, token, err
}

// AudiencePage reads the page that a request asks for of what names are told of.
func (g *Gate) AudiencePage(ctx context.Context, req paged, page store.AudiencePage) ([]Aggregate, []store.Seen, string, error) {
	var from AggregateCursor
	more, refusal := g.Cursor(ctx, req, &from)
	if refusal != nil {
		return nil, nil, "", refusal
	}
	if more {
		page.Before = from.Before()
	}
	rows, seen, err := g.DB.Audience(ctx, page)
	if err != nil {
		return nil, nil, "", fmt.Errorf("list %s: %w", page.Flow, err)
	}
	return g.pageOf(ctx, req, page.Limit, rows, seen)
}

// DatedPage reads the page that a request asks for by days, from the search tables.
func (g *Gate) DatedPage(ctx context.Context, req listing, page store.DatedPage) ([]Aggregate, []store.Seen, string, error) {
	var from AggregateCursor
	more, refusal := g.Cursor(ctx, req, &from)
	if refusal != nil {
		return nil, nil, "", refusal
	}
	if more {
		page.After = from.Before()
	}
	if err := g.WaitForSearch(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, nil, "", err
	}
	rows, seen, err := g.DB.Dated(ctx, page)
	if err != nil {
		return nil, nil, "", fmt.Errorf("list %s by day: %w", page.Flow, err)
	}
	return g.pageOf(ctx, req, page.Limit, rows, seen)
}

// pageOf gives the rows of a page, and the token of the next one when it is full.
func (g *Gate) pageOf(ctx context.Context, req paged, limit int, rows []store.AggregateRow, seen []store.Seen) ([]Aggregate, []store.Seen, string, error) {
	out := make([]Aggregate, len(rows))
	for i, r := range rows {
		out[i] = FromRow(r)
	}
	if len(rows) < limit {
		return out, seen, "", nil
	}
	token, err := g.Token(ctx, req, CursorOf(rows[len(rows)-1]))
	return out, seen, token, err
}

// How long an answer waits for what another aggregate says, and how often it looks.
const (
	settlePatience = 5 * time.Second
	settleEvery    = 10 * time.Millisecond
)

// Settle waits until no row waits for another aggregate any more. One of which nothing was
// heard in time is given as it stands.
func (g *Gate) Settle(ctx context.Context, book, flowName string, rows []Aggregate, waits func(Aggregate) (bool, error)) ([]Aggregate, error) {
	ctx, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	for {
		var ids []string
		for _, a := range rows {
			waiting, err := waits(a)
			if err != nil {
				return nil, err
			}
			if waiting {
				ids = append(ids, a.ID)
			}
		}
		if len(ids) == 0 {
			return rows, nil
		}
		select {
		case <-ctx.Done():
			return rows, nil
		case <-time.After(settleEvery):
		}
		found, _, err := g.Load(ctx, book, flowName, ids...)
		if err != nil {
			if ctx.Err() != nil {
				return rows, nil
			}
			return nil, err
		}
		for i, a := range rows {
			if now, ok := found[a.ID]; ok && now.Version > a.Version {
				rows[i] = now
			}
		}
	}
}
