package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/rule"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/stripe"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// loadGathers brings the gathering of the shard back from its rows.
func (w *writer) loadGathers(ctx context.Context) error {
	rows, err := w.db.LoadGathers(ctx, int(w.shard))
	if err != nil {
		return fmt.Errorf("load gathering: %w", err)
	}
	var st stripe.State
	w.parked, w.waiting = map[stripe.CommandID]*parked{}, map[[16]byte]string{}
	var changes []rule.Change
	for _, r := range rows {
		if strings.HasPrefix(r.Gather.GetKey(), rowChange) && r.Gather.GetState() == journalv1.GatherState_GATHER_STATE_ACCOUNT {
			changes = append(changes, rule.Change{})
			err = json.Unmarshal(r.Gather.GetBody(), &changes[len(changes)-1])
		} else {
			err = w.restore(&st, r.Gather)
		}
		if err != nil {
			return fmt.Errorf("gathering row %s %q of record %d: %w", r.Gather.GetState(), r.Gather.GetKey(), r.Seq, err)
		}
	}
	if w.gather, err = stripe.Open(stripe.ShardID(w.shard), st); err != nil {
		return err
	}
	if w.changes, err = rule.Open(w.shard, w.shards, changes); err != nil {
		return err
	}
	if w.ruled, err = w.db.AnyRule(ctx, int(w.shard)); err != nil {
		return fmt.Errorf("look for rules: %w", err)
	}
	return nil
}

func (w *writer) restore(st *stripe.State, g *journalv1.Gather) error {
	switch {
	case g.GetState() == journalv1.GatherState_GATHER_STATE_PARKED:
		var row parkedRow
		if err := json.Unmarshal(g.GetBody(), &row); err != nil {
			return err
		}
		for _, raw := range row.Parked.Operations {
			op := new(commandv1.Operation)
			if err := proto.Unmarshal(raw, op); err != nil {
				return err
			}
			row.Parked.list = append(row.Parked.list, op)
			w.waiting[store.KeyID(row.Parked.Book, op.GetKey())] = string(op.GetRequestHash())
		}
		w.parked[row.Parked.id()] = row.Parked
		if row.Wait.ID != "" { // else it waits for a rule, not for money
			st.Waits = append(st.Waits, row.Wait)
		}
		return nil
	case g.GetState() == journalv1.GatherState_GATHER_STATE_APPLIED:
		st.Links = append(st.Links, stripe.Link{})
		return json.Unmarshal(g.GetBody(), &st.Links[len(st.Links)-1])
	case g.GetState() == journalv1.GatherState_GATHER_STATE_SENT:
		return nil // the link sends it again
	case g.GetKey() == rowMark:
		st.Marks = append(st.Marks, stripe.Mark{})
		return json.Unmarshal(g.GetBody(), &st.Marks[len(st.Marks)-1])
	case g.GetKey() == rowHome:
		st.Homes = append(st.Homes, stripe.Home{})
		return json.Unmarshal(g.GetBody(), &st.Homes[len(st.Homes)-1])
	case g.GetKey() == rowCounters:
		var c counters
		err := json.Unmarshal(g.GetBody(), &c)
		st.Number, st.Round = c.Number, c.Round
		return err
	}
	return fmt.Errorf("unknown key")
}

// linked decides a message of another shard.
func (d *decider) linked(a *arrival, link *commandv1.Link) []*result {
	e, ok := d.envelope(link)
	if !ok {
		return []*result{d.external(a, 0, journalv1.ExternalKind_EXTERNAL_KIND_REJECTED, "the message of another shard cannot be read")}
	}
	h := d.happen(a, nil)
	d.gather.Receive(h, e)
	return h.end()
}

// envelope reads a message of another shard; false when it is none.
func (d *decider) envelope(link *commandv1.Link) (e stripe.Envelope, ok bool) {
	err := json.Unmarshal(link.GetBody(), &e)
	return e, err == nil && e.To == stripe.ShardID(d.shard) && e.From != e.To && e.Number > 0
}

// passOver lets the messages behind one that was put aside be applied.
func (d *decider) passOver(a *arrival) []*result {
	link := a.command.GetLink()
	if link == nil {
		return nil
	}
	e, ok := d.envelope(link)
	if !ok {
		return nil
	}
	h := d.happen(a, nil)
	d.gather.PutAside(e)
	return h.end()
}

// found decides the answer of a look-up.
func (d *decider) found(a *arrival, f *commandv1.Found) []*result {
	shards := make([]stripe.ShardID, len(f.GetShards()))
	for i, s := range f.GetShards() {
		shards[i] = stripe.ShardID(s)
	}
	h := d.happen(a, nil)
	d.gather.Found(h, stripe.Account(f.GetAccount()), f.GetRound(), shards)
	return h.end()
}

// delivered drops messages that are in their peer's log for good.
func (d *decider) delivered(a *arrival, m *commandv1.Delivered) []*result {
	h := d.happen(a, nil)
	for _, n := range m.GetNumbers() {
		h.sent = append(h.sent, &journalv1.Gather{
			State: journalv1.GatherState_GATHER_STATE_SENT, Key: sentKey(stripe.ShardID(m.GetPeer()), n), Peer: m.GetPeer(), Number: n,
		})
	}
	return h.end()
}

// links carries what the gathering of a shard sends, after the commit: messages
// to the logs of other shards, look-ups to the database, and the answers back to
// the shard's own log.
type links struct {
	shard *shard
	wake  chan struct{}

	mu      sync.Mutex
	outbox  []*journalv1.Gather // messages to send, in order
	lookUps map[string]uint64   // account -> round
}

func newLinks(s *shard) *links {
	return &links{shard: s, wake: make(chan struct{}, 1), lookUps: map[string]uint64{}}
}

// load takes up what an earlier owner left: messages that may not have been sent,
// rounds whose look-up may not have been answered.
func (l *links) load(ctx context.Context) error {
	rows, err := l.shard.engine.cfg.DB.LoadGathers(ctx, l.shard.number)
	if err != nil {
		return fmt.Errorf("load links: %w", err)
	}
	for _, r := range rows {
		l.take(r.Gather)
	}
	l.poke()
	return nil
}

// offer takes what committed records sent.
func (l *links) offer(records []journal.Sealed) {
	found := false
	for _, s := range records {
		for _, g := range s.Record.GetGathers() {
			l.take(g)
			found = true
		}
	}
	if found {
		l.poke()
	}
}

func (l *links) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *links) take(g *journalv1.Gather) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case g.GetState() == journalv1.GatherState_GATHER_STATE_SENT && len(g.GetBody()) > 0:
		l.outbox = append(l.outbox, g)
	case g.GetState() == journalv1.GatherState_GATHER_STATE_ACCOUNT && g.GetKey() == rowHome && len(g.GetBody()) > 0:
		var h stripe.Home
		if json.Unmarshal(g.GetBody(), &h) == nil && h.Phase != stripe.Idle && !h.Found {
			l.lookUps[g.GetAccount()] = h.Round
		}
	}
}

// run sends and looks up until the context ends.
func (l *links) run(ctx context.Context) error {
	for {
		l.mu.Lock()
		outbox, lookUps := l.outbox, l.lookUps
		l.outbox, l.lookUps = nil, map[string]uint64{}
		l.mu.Unlock()
		if err := l.send(ctx, outbox); err != nil {
			return err
		}
		for account, round := range lookUps {
			if err := l.lookUp(ctx, account, round); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.wake:
		}
	}
}

// send appends messages to their shards' logs, in order, and then says so in the
// shard's own. An error ends the shard's loop: the next owner sends them again.
func (l *links) send(ctx context.Context, messages []*journalv1.Gather) error {
	if len(messages) == 0 {
		return nil
	}
	errs := make(chan error, len(messages))
	byPeer := map[uint32][]uint64{}
	for _, m := range messages {
		byPeer[m.GetPeer()] = append(byPeer[m.GetPeer()], m.GetNumber())
		l.shard.append(ctx, int(m.GetPeer()), &commandv1.Command{
			Id: fmt.Sprintf("link-%d-%s", l.shard.number, m.GetKey()), Actor: "gather",
			What: &commandv1.Command_Link{Link: &commandv1.Link{From: uint32(l.shard.number), Number: m.GetNumber(), Body: m.GetBody()}},
		}, errs)
	}
	if err := collectErrors(ctx, errs, len(messages)); err != nil {
		return fmt.Errorf("send messages to other shards: %w", err)
	}
	for peer, numbers := range byPeer {
		l.shard.append(ctx, l.shard.number, &commandv1.Command{
			Id: fmt.Sprintf("delivered-%d-%d-%d", l.shard.number, peer, numbers[0]), Actor: "gather",
			What: &commandv1.Command_Delivered{Delivered: &commandv1.Delivered{Peer: peer, Numbers: numbers}},
		}, errs)
	}
	return collectErrors(ctx, errs, len(byPeer))
}

// lookUp reads which shards have a stripe of the account, after the commit of the
// record that asked, and sends the answer as a command.
func (l *links) lookUp(ctx context.Context, account string, round uint64) error {
	bookName, name, asset := splitAccount(stripe.Account(account))
	refs, err := l.shard.engine.cfg.DB.StripesOf(ctx, []book.AccountID{book.ID(bookName, name)})
	if err != nil {
		return fmt.Errorf("look stripes of %s up: %w", name, err)
	}
	found := &commandv1.Found{Account: account, Round: round}
	for _, r := range refs {
		if r.Asset != asset.Code {
			continue
		}
		for _, s := range r.Shards {
			found.Shards = append(found.Shards, uint32(s))
		}
	}
	errs := make(chan error, 1)
	l.shard.append(ctx, l.shard.number, &commandv1.Command{
		Id: fmt.Sprintf("found-%d-%d", l.shard.number, round), Actor: "gather", What: &commandv1.Command_Found{Found: found},
	}, errs)
	return collectErrors(ctx, errs, 1)
}

// append adds a command to a shard's log; its error, or nil, goes to errs.
func (s *shard) append(ctx context.Context, to int, c *commandv1.Command, errs chan<- error) {
	raw, err := proto.Marshal(c)
	if err != nil {
		panic("engine: marshal a command: " + err.Error())
	}
	s.engine.cfg.Commands.Append(ctx, to, raw, nil, func(_ int64, err error) { errs <- err })
}

func collectErrors(ctx context.Context, errs <-chan error, n int) error {
	for range n {
		select {
		case err := <-errs:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
