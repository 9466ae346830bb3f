package api

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// change is one command to an aggregate in the making.
type change struct {
	key                    string
	digest                 []byte // of the caller's request
	flow, id, owner, event string
	body                   []byte
	stamped                bool           // the same request left the body: private data stands
	refusal                *fault.Refusal // refused before any command
}

// fresh says whether the change is still to be made.
func (c *change) fresh() bool { return !c.stamped && c.refusal == nil }

// say sets the body.
func (c *change) say(m proto.Message) { c.body = flow.Bytes(m) }

// change begins a change whose body depends on more than the request.
func (s *Gate) change(method, key string, request proto.Message) *change {
	return &change{key: key, digest: s.Vault.Digest(method, request)}
}

// request is what the change's stamp is found by.
func (c *change) request() private.Request {
	return private.Request{Key: c.key, Digest: string(c.digest)}
}

// recall finds the changes that were asked for before: they get the body that was made
// then. Another request under a key that the books have taken is refused; a key that
// only refused requests used, of which nothing is remembered, is free.
func (s *Gate) recall(ctx context.Context, book string, changes ...*change) error {
	unknown, err := s.restamp(ctx, book, changes)
	if err != nil || len(unknown) == 0 {
		return err
	}
	ids := make([][16]byte, len(unknown))
	for i, c := range unknown {
		ids[i] = store.KeyID(book, c.key)
	}
	keys, err := s.DB.LookupKeys(ctx, ids)
	if err != nil || len(keys) == 0 {
		return err
	}
	taken := map[[16]byte]bool{}
	for _, k := range keys {
		taken[k.ID] = true
	}
	// The same request may have been faster: it stamps before it takes the key.
	if unknown, err = s.restamp(ctx, book, unknown); err != nil {
		return err
	}
	for _, c := range unknown {
		if taken[store.KeyID(book, c.key)] {
			c.refusal = fault.Refuse(fault.KeyReused, "key", "the key belongs to another request").With("key", c.key)
		}
	}
	return nil
}

// restamp gives changes that were asked for before the body that was made then, and
// answers the others.
func (s *Gate) restamp(ctx context.Context, book string, changes []*change) (unknown []*change, err error) {
	requests := make([]private.Request, len(changes))
	for i, c := range changes {
		requests[i] = c.request()
	}
	stamps, err := s.Vault.Stamps(ctx, book, requests...)
	for _, c := range changes {
		if stamp, ok := stamps[c.request()]; ok {
			c.body, c.owner, c.stamped = stamp.Content.GetBody(), stamp.Content.GetOwner(), true
		} else {
			unknown = append(unknown, c)
		}
	}
	return unknown, err
}

// exists refuses a change whose aggregate is there already, unless it was made under
// this key meanwhile: by the same request, then it is asked for again, or by another.
func (s *Gate) exists(ctx context.Context, book string, c *change, refusal *fault.Refusal) error {
	if err := s.recall(ctx, book, c); err != nil {
		return err
	}
	switch {
	case c.stamped:
		return private.ErrTaken
	case c.refusal != nil:
		return c.refusal
	}
	return refusal
}

// commit writes the draft and the stamps of fresh changes, then submits what is not
// refused. private.ErrTaken says that somebody was faster: read and decide again.
func (s *Gate) commit(ctx context.Context, book string, draft *private.Draft, group bool, changes []*change, more ...engine.Operation) ([]engine.Outcome, error) {
	for _, c := range changes {
		if c.fresh() && c.digest != nil {
			draft.Stamp(c.key, &privatev1.Stamp{Digest: c.digest, Body: c.body, Owner: c.owner})
		}
	}
	if err := draft.Put(ctx); err != nil {
		return nil, err
	}
	return s.submitChanges(ctx, book, group, changes, more...), nil
}

// submitChanges submits what is not refused; what more stands behind it.
func (s *Gate) submitChanges(ctx context.Context, book string, group bool, changes []*change, more ...engine.Operation) []engine.Outcome {
	return s.runChanges(ctx, book, group, false, changes, more...)
}

// runChanges is submitChanges, or a dry run of it.
func (s *Gate) runChanges(ctx context.Context, book string, group, dryRun bool, changes []*change, more ...engine.Operation) []engine.Outcome {
	outcomes := make([]engine.Outcome, len(changes))
	var (
		ops []engine.Operation
		at  []int
	)
	for i, c := range changes {
		if c.refusal != nil {
			outcomes[i].Refusal = c.refusal
			continue
		}
		ops, at = append(ops, flowOperation(c)), append(at, i)
	}
	if len(ops) == 0 {
		return outcomes
	}
	ops = append(ops, more...)
	if group {
		for _, op := range ops {
			op.Group = 1
		}
	}
	for i, o := range s.submit(ctx, book, ops, dryRun) {
		if i < len(at) {
			outcomes[at[i]] = o
		} else {
			outcomes = append(outcomes, o)
		}
	}
	return outcomes
}

// submit hands operations to the engine and notes them for log and metrics.
func (s *Gate) submit(ctx context.Context, bookName string, ops []engine.Operation, dryRun bool) []engine.Outcome {
	c := callOf(ctx)
	s.metrics.operations.WithLabelValues(c.method).Add(float64(len(ops))) // float: a metric
	outcomes := s.cfg.Engine.Submit(ctx, engine.Request{Book: bookName, Actor: c.who.id, Operations: ops, DryRun: dryRun})
	for _, o := range outcomes {
		if o.Record != nil {
			c.ran(o.Record.GetCommand())
		}
		if o.Refusal != nil {
			c.refused(o.Refusal)
		}
	}
	return outcomes
}

func flowOperation(c *change) engine.Operation {
	return engine.Operation{Operation: &commandv1.Operation{
		Key: c.key, What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
			Flow: c.flow, Id: c.id, Event: c.event, Body: c.body, Owner: c.owner,
		}},
	}}
}

// tries is how often a request is decided anew when others write the same data.
const tries = 5

// again decides anew while others were faster.
func again(decide func() error) error {
	var err error
	for range tries {
		if err = decide(); !errors.Is(err, private.ErrTaken) {
			return err
		}
	}
	return fault.Refuse(fault.Unavailable, "", "others change the same data; ask again")
}

// isTaken says that somebody was faster.
func isTaken(err error) bool { return errors.Is(err, private.ErrTaken) }

// nextVersion is the number of a document's next version.
func nextVersion[D interface{ Number() uint32 }](docs map[string]D, err error) (uint32, error) {
	for _, d := range docs {
		return d.Number() + 1, err
	}
	return 1, err
}
