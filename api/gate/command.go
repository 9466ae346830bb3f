package gate

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

// Change is one command to an aggregate in the making.
type Change struct {
	Key                    string
	Digest                 []byte // of the caller's request
	Flow, ID, Owner, Event string
	Body                   []byte
	Stamped                bool           // the same request left the body: private data stands
	Refusal                *fault.Refusal // refused before any command
}

// Fresh says whether the change is still to be made.
func (c *Change) Fresh() bool { return !c.Stamped && c.Refusal == nil }

// Say sets the body.
func (c *Change) Say(m proto.Message) { c.Body = flow.Bytes(m) }

// NewChange begins a change whose body depends on more than the request.
func (g *Gate) NewChange(method, key string, request proto.Message) *Change {
	return &Change{Key: key, Digest: g.Vault.Digest(method, request)}
}

// Request is what the change's stamp is found by.
func (c *Change) Request() private.Request {
	return private.Request{Key: c.Key, Digest: string(c.Digest)}
}

// Recall finds the changes that were asked for before: they get the body that was made
// then. Another request under a key that the books have taken is refused; a key that
// only refused requests used, of which nothing is remembered, is free.
func (g *Gate) Recall(ctx context.Context, book string, changes ...*Change) error {
	unknown, err := g.restamp(ctx, book, changes)
	if err != nil || len(unknown) == 0 {
		return err
	}
	ids := make([][16]byte, len(unknown))
	for i, c := range unknown {
		ids[i] = store.KeyID(book, c.Key)
	}
	keys, err := g.DB.LookupKeys(ctx, ids)
	if err != nil || len(keys) == 0 {
		return err
	}
	taken := map[[16]byte]bool{}
	for _, k := range keys {
		taken[k.ID] = true
	}
	// The same request may have been faster: it stamps before it takes the key.
	if unknown, err = g.restamp(ctx, book, unknown); err != nil {
		return err
	}
	for _, c := range unknown {
		if taken[store.KeyID(book, c.Key)] {
			c.Refusal = fault.Refuse(fault.KeyReused, "key", "the key belongs to another request").With("key", c.Key)
		}
	}
	return nil
}

// restamp gives changes that were asked for before the body that was made then, and
// answers the others.
func (g *Gate) restamp(ctx context.Context, book string, changes []*Change) (unknown []*Change, err error) {
	requests := make([]private.Request, len(changes))
	for i, c := range changes {
		requests[i] = c.Request()
	}
	stamps, err := g.Vault.Stamps(ctx, book, requests...)
	for _, c := range changes {
		if stamp, ok := stamps[c.Request()]; ok {
			c.Body, c.Owner, c.Stamped = stamp.Content.GetBody(), stamp.Content.GetOwner(), true
		} else {
			unknown = append(unknown, c)
		}
	}
	return unknown, err
}

// Exists refuses a change whose aggregate is there already, unless it was made under
// this key meanwhile: by the same request, then it is asked for again, or by another.
func (g *Gate) Exists(ctx context.Context, book string, c *Change, refusal *fault.Refusal) error {
	if err := g.Recall(ctx, book, c); err != nil {
		return err
	}
	switch {
	case c.Stamped:
		return private.ErrTaken
	case c.Refusal != nil:
		return c.Refusal
	}
	return refusal
}

// Commit writes the draft and the stamps of fresh changes, then submits what is not
// refused. private.ErrTaken says that somebody was faster: read and decide again.
func (g *Gate) Commit(ctx context.Context, book string, draft *private.Draft, group bool, changes []*Change, more ...engine.Operation) ([]engine.Outcome, error) {
	for _, c := range changes {
		if c.Fresh() && c.Digest != nil {
			draft.Stamp(c.Key, &privatev1.Stamp{Digest: c.Digest, Body: c.Body, Owner: c.Owner})
		}
	}
	if err := draft.Put(ctx); err != nil {
		return nil, err
	}
	return g.SubmitChanges(ctx, book, group, changes, more...), nil
}

// SubmitChanges submits what is not refused; what more stands behind it.
func (g *Gate) SubmitChanges(ctx context.Context, book string, group bool, changes []*Change, more ...engine.Operation) []engine.Outcome {
	return g.RunChanges(ctx, book, group, false, changes, more...)
}

// RunChanges is submitChanges, or a dry run of it.
func (g *Gate) RunChanges(ctx context.Context, book string, group, dryRun bool, changes []*Change, more ...engine.Operation) []engine.Outcome {
	outcomes := make([]engine.Outcome, len(changes))
	var (
		ops []engine.Operation
		at  []int
	)
	for i, c := range changes {
		if c.Refusal != nil {
			outcomes[i].Refusal = c.Refusal
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
	for i, o := range g.Submit(ctx, book, ops, dryRun) {
		if i < len(at) {
			outcomes[at[i]] = o
		} else {
			outcomes = append(outcomes, o)
		}
	}
	return outcomes
}

// Submit hands operations to the engine and notes them for log and metrics.
func (g *Gate) Submit(ctx context.Context, bookName string, ops []engine.Operation, dryRun bool) []engine.Outcome {
	c := CallOf(ctx)
	g.metrics.operations.WithLabelValues(c.method).Add(float64(len(ops))) // float: a metric
	outcomes := g.cfg.Engine.Submit(ctx, engine.Request{Book: bookName, Actor: c.Who.ID, Operations: ops, DryRun: dryRun})
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

func flowOperation(c *Change) engine.Operation {
	return engine.Operation{Operation: &commandv1.Operation{
		Key: c.Key, What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
			Flow: c.Flow, Id: c.ID, Event: c.Event, Body: c.Body, Owner: c.Owner,
		}},
	}}
}

// tries is how often a request is decided anew when others write the same data.
const tries = 5

// Again decides anew while others were faster.
func Again(decide func() error) error {
	var err error
	for range tries {
		if err = decide(); !errors.Is(err, private.ErrTaken) {
			return err
		}
	}
	return fault.Refuse(fault.Unavailable, "", "others change the same data; ask again")
}

// IsTaken says that somebody was faster.
func IsTaken(err error) bool { return errors.Is(err, private.ErrTaken) }

// NextVersion is the number of a document's next version.
func NextVersion[D interface{ Number() uint32 }](docs map[string]D, err error) (uint32, error) {
	for _, d := range docs {
		return d.Number() + 1, err
	}
	return 1, err
}
