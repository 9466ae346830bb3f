package api

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

// aggregate is an aggregate as it stands, from its row or from the move that it
// just made.
type aggregate struct {
	id, owner, state string
	version          uint64
	data             []byte
	updatedUS        int64
}

// fromRow is an aggregate as its row has it.
func fromRow(r store.AggregateRow) aggregate {
	return aggregate{r.Key.ID, r.Owner, r.State, r.Version, r.Data, r.UpdatedUS}
}

// fromRecord is an aggregate as a record left it.
func fromRecord(rec *journalv1.Record) aggregate {
	m := rec.GetMove()
	return aggregate{m.GetId(), m.GetOwner(), m.GetTo(), m.GetVersion(), m.GetData(), rec.GetClockUs()}
}

// read decodes what the aggregate keeps.
func (a aggregate) read(into proto.Message) error {
	if err := proto.Unmarshal(a.data, into); err != nil {
		return fmt.Errorf("the data of %s cannot be decoded: %w", a.id, err)
	}
	return nil
}

// load reads those aggregates of a flow that exist, by id.
func (s *Gate) load(ctx context.Context, book, flowName string, ids ...string) (map[string]aggregate, []store.Seen, error) {
	keys := make([]store.AggregateKey, 0, len(ids))
	asked := map[string]bool{}
	for _, id := range ids {
		if id != "" && !asked[id] {
			asked[id] = true
			keys = append(keys, store.AggregateKey{Book: book, Flow: flowName, ID: id})
		}
	}
	rows, seen, err := s.DB.FindAggregates(ctx, keys)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", flowName, err)
	}
	out := make(map[string]aggregate, len(rows))
	for _, r := range rows {
		out[r.Key.ID] = fromRow(r)
	}
	return out, seen, nil
}

// must reads one aggregate that must exist; field is the request's name of its id.
func (s *Gate) must(ctx context.Context, book, flowName, field, id string) (aggregate, error) {
	found, _, err := s.load(ctx, book, flowName, id)
	if err != nil {
		return aggregate{}, err
	}
	a, ok := found[id]
	if owner := callOf(ctx).who.owner; !ok || owner != "" && a.owner != owner && flowName != executor.Name {
		return aggregate{}, notFound(field, flowName, id) // of another company as of nobody; people work for many
	}
	return a, nil
}

// notFound refuses an id that nothing of the book has.
func notFound(field, flowName, id string) *fault.Refusal {
	return fault.Refuse(fault.NotFound, field, "there is no %s %q in the book", flowName, id)
}

// title is a state's name in Russian.
func (s *Gate) title(flowName, state string) string {
	if f, ok := s.Flows.Lookup(flowName); ok {
		return f.Title(state).Russian
	}
	return state
}

// today is the books' day.
func (s *Gate) today() string {
	return s.Now().In(s.DB.Zone()).Format("2006-01-02")
}

// aggregateCursor is the last aggregate of a page.
type aggregateCursor struct {
	CreatedUS int64
	Shard     int
	ID        string
}

// cursorOf is the place behind a row.
func cursorOf(r store.AggregateRow) *aggregateCursor {
	return &aggregateCursor{CreatedUS: r.CreatedUS, Shard: r.Shard, ID: r.Key.ID}
}

// before is the place as the store takes it.
func (c *aggregateCursor) before() *store.AggregateCursor {
	return &store.AggregateCursor{CreatedUS: c.CreatedUS, Shard: c.Shard, ID: c.ID}
}

// list reads a page of a flow's aggregates; next is nil at the end.
func (s *Gate) list(ctx context.Context, page store.AggregatePage, after *aggregateCursor) ([]aggregate, []store.Seen, *aggregateCursor, error) {
	if after != nil {
		page.Before = after.before()
	}
	rows, seen, err := s.DB.Aggregates(ctx, page)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("list %s: %w", page.Flow, err)
	}
	out := make([]aggregate, len(rows))
	for i, r := range rows {
		out[i] = fromRow(r)
	}
	if len(rows) < page.Limit {
		return out, seen, nil, nil
	}
	return out, seen, cursorOf(rows[len(rows)-1]), nil
}

// listing is a request of a page of aggregates.
type listing interface {
	paged
	GetMinPosition() string
}

// listPage reads the page that a request asks for.
func (s *Gate) listPage(ctx context.Context, req listing, page store.AggregatePage) ([]aggregate, []store.Seen, string, error) {
	var from aggregateCursor
	more, refusal := s.cursor(ctx, req, &from)
	if refusal != nil {
		return nil, nil, "", refusal
	}
	if err := s.waitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, nil, "", err
	}
	var after *aggregateCursor
	if more {
		after = &from
	}
	rows, seen, next, err := s.list(ctx, page, after)
	if err != nil || next == nil {
		return rows, seen, "", err
	}
	token, err := s.token(ctx, req, next)
	return rows, seen, token, err
}

// How long an answer waits for what another aggregate says, and how often it looks.
const (
	settlePatience = 5 * time.Second
	settleEvery    = 10 * time.Millisecond
)

// settle waits until no row waits for another aggregate any more. One of which nothing was
// heard in time is given as it stands.
func (s *Gate) settle(ctx context.Context, book, flowName string, rows []aggregate, waits func(aggregate) (bool, error)) ([]aggregate, error) {
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
				ids = append(ids, a.id)
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
		found, _, err := s.load(ctx, book, flowName, ids...)
		if err != nil {
			if ctx.Err() != nil {
				return rows, nil
			}
			return nil, err
		}
		for i, a := range rows {
			if now, ok := found[a.id]; ok && now.version > a.version {
				rows[i] = now
			}
		}
	}
}
