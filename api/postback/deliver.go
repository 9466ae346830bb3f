package postback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/trace"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Results of deliveries, for metrics.
const (
	Delivered = "delivered"
	Failed    = "failed"
	Paused    = "paused"
)

// Config is what a deliverer is made of.
type Config struct {
	DB      *store.DB
	Process string // unique among the living
	// Body is what is said of the aggregate after a record; none when nobody is left to tell of.
	Body func(context.Context, *journalv1.Record) ([]byte, error)
	// Secret is the key of a subscription's signatures.
	Secret  func(id string) []byte
	Private bool // whether plain HTTP and addresses of our own networks are allowed
	Now     func() time.Time
	Every   time.Duration // between looks
	Logger  *slog.Logger
	Tracer  trace.Tracer // the zero one keeps no traces
	Count   func(result string)
}

// Bounds of the work on one subscription, and of what is read at once.
const (
	hold         = 3 * timeout // longer than any delivery
	atOnce       = 16          // subscriptions worked on side by side
	pageSize     = 500
	segmentsRead = 16
	answerRead   = 4 << 10 // of an answer's body, so that the connection can be used again
	flowTask     = "task"
)

// Events about people: how one stands at the tax service, where the contact flow's word for it
// is the product's document's, and that one has come by an invitation of the company. Whoever
// wants them names them; subscriptions to everything are to everything of tasks.
const (
	EventStatus = "executor.selfemployed_status"
	EventJoined = "executor.joined"

	saysStatus = "contact.selfemployed_status"
	saysJoined = "invitation.done"
)

// OfPeople says whether an event is about a person and not about a task.
func OfPeople(event string) bool { return event == EventStatus || event == EventJoined }

// eventOf is the event of a record; "" = there is none to tell.
func eventOf(r *journalv1.Record) string {
	switch m := r.GetMove(); {
	case r.GetRefusal() != nil:
		return ""
	case m.GetFlow() == flowTask:
		return m.GetSays()
	case m.GetSays() == saysStatus:
		return EventStatus
	case m.GetSays() == saysJoined:
		return EventJoined
	}
	return ""
}

// Deliverer sends postbacks.
type Deliverer struct {
	cfg    Config
	client *http.Client
	delays []time.Duration
	log    journal
}

// New makes a deliverer.
func New(cfg Config) (*Deliverer, error) {
	delays, err := parseDelays(document)
	if err != nil {
		return nil, err
	}
	return &Deliverer{cfg: cfg, client: newClient(cfg.Private), delays: delays}, nil
}

// Run delivers until the context ends.
func (d *Deliverer) Run(ctx context.Context) error {
	defer d.client.CloseIdleConnections()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		d.keepLog(ctx)
	}()
	defer func() { <-kept }()
	tick := time.NewTicker(d.cfg.Every)
	defer tick.Stop()
	for {
		if err := d.Pass(ctx); err != nil && ctx.Err() == nil {
			d.cfg.Logger.WarnContext(ctx, "postbacks have to wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Pass works once on every subscription that is due and has records before it.
func (d *Deliverer) Pass(ctx context.Context) error {
	shards, err := d.cfg.DB.Shards(ctx)
	if err != nil {
		return fmt.Errorf("read the shards: %w", err)
	}
	heads := map[int]uint64{}
	for _, s := range shards {
		heads[s.Shard] = s.Head.Seq
	}
	busy := make(chan struct{}, atOnce)
	defer func() {
		for range atOnce {
			busy <- struct{}{} // everybody is done
		}
	}()
	for after := (store.Subscription{}); ; {
		page, err := d.cfg.DB.Subscriptions(ctx, after, pageSize)
		if err != nil {
			return err
		}
		for _, s := range page {
			after = s
			if now := d.cfg.Now(); s.Paused || s.Due.After(now) || s.Held.After(now) || s.Seq >= heads[s.Shard] {
				continue
			}
			busy <- struct{}{}
			go func() {
				defer func() { <-busy }()
				if err := d.guarded(ctx, s, heads[s.Shard]); err != nil && ctx.Err() == nil {
					d.cfg.Logger.WarnContext(ctx, "a subscription has to wait", "subscription", s.ID, "error", err)
				}
			}()
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// guarded is work that no subscription can end the process with.
func (d *Deliverer) guarded(ctx context.Context, s store.Subscription, head uint64) (err error) {
	defer func() {
		if p := recover(); p != nil {
			// A panic's text may hold what a task holds: its kind and the stack alone are logged.
			err = fmt.Errorf("panicked with %T: %s", p, debug.Stack())
		}
	}()
	return d.work(ctx, s, head)
}

// work holds one subscription and delivers what its company did up to a head of the
// journal, until a delivery fails or somebody else has it. Far between two events its
// position is saved no oftener than the hold asks for.
func (d *Deliverer) work(ctx context.Context, s store.Subscription, head uint64) error {
	ours, err := d.cfg.DB.HoldSubscription(ctx, s, d.cfg.Process, d.cfg.Now(), d.cfg.Now().Add(hold))
	if err != nil || !ours {
		return err
	}
	renew := d.cfg.Now().Add(hold / 3)
	for {
		r, seq, err := d.next(ctx, s)
		if err != nil {
			return err
		}
		switch {
		case r != nil:
			if err := d.deliver(ctx, &s, r); err != nil {
				return err
			}
		case seq == s.Seq:
			head = seq // there is no more, whatever the head said
		default:
			s.Seq = seq
		}
		now := d.cfg.Now()
		if s.Failures > 0 || s.Seq >= head {
			s.Held = now
			_, err := d.cfg.DB.SaveSubscription(ctx, s, d.cfg.Process)
			return err
		}
		if r == nil && now.Before(renew) {
			continue
		}
		s.Held, renew = now.Add(hold), now.Add(hold/3)
		if ours, err := d.cfg.DB.SaveSubscription(ctx, s, d.cfg.Process); err != nil || !ours {
			return err
		}
	}
}

// next finds the first record behind the subscription's position that is to be told;
// without one it says how far it has looked.
func (d *Deliverer) next(ctx context.Context, s store.Subscription) (*journalv1.Record, uint64, error) {
	segments, err := d.cfg.DB.Segments(ctx, s.Shard, s.Seq+1, segmentsRead)
	if err != nil {
		return nil, 0, err
	}
	seq := s.Seq
	for _, segment := range segments {
		raws, err := segment.Split()
		if err != nil {
			return nil, 0, err
		}
		for i, raw := range raws {
			at := segment.FirstSeq + uint64(i)
			if at <= s.Seq {
				continue
			}
			if at != seq+1 {
				return nil, 0, fmt.Errorf("the journal of shard %d has no record %d", s.Shard, seq+1)
			}
			r := new(journalv1.Record)
			if err := proto.Unmarshal(raw, r); err != nil {
				return nil, 0, fmt.Errorf("record %d.%d: %w", s.Shard, at, err)
			}
			if seq = at; wants(s, r) {
				return r, seq, nil
			}
		}
	}
	return nil, seq, nil
}

// wants says whether the subscription is told of the record.
func wants(s store.Subscription, r *journalv1.Record) bool {
	event := eventOf(r)
	return event != "" && r.GetBook() == s.Book && r.GetMove().GetOwner() == s.Owner &&
		(len(s.Events) == 0 && !OfPeople(event) || slices.Contains(s.Events, event))
}

// deliver sends one event and notes in the subscription what became of it.
func (d *Deliverer) deliver(ctx context.Context, s *store.Subscription, r *journalv1.Record) error {
	body, err := d.cfg.Body(ctx, r)
	if err != nil {
		return fmt.Errorf("record %d.%d: %w", r.GetShard(), r.GetSeq(), err)
	}
	if body == nil {
		s.Seq, s.Failures, s.Error, s.Due = r.GetSeq(), 0, "", d.cfg.Now()
		return nil
	}
	id := fmt.Sprintf("%s.%d.%d", s.ID, r.GetShard(), r.GetSeq())
	began := d.cfg.Now()
	status, err := d.traced(ctx, *s, r, func(ctx context.Context) (int, error) { return d.send(ctx, *s, id, eventOf(r), body) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := d.cfg.Now()
	row := store.Delivery{
		Book: s.Book, Owner: s.Owner, Subscription: s.ID, At: began, Seq: r.GetSeq(), Shard: int(r.GetShard()), Event: eventOf(r),
		Attempt: s.Failures + 1, Status: status, Latency: now.Sub(began),
	}
	defer func() { d.log.note(row) }()
	if err == nil {
		s.Seq, s.Failures, s.Error, s.Due = r.GetSeq(), 0, "", now
		d.cfg.Count(Delivered)
		return nil
	}
	if s.Failures == 0 {
		s.Failing = now
	}
	s.Failures++
	s.Error, s.Due = err.Error(), now.Add(delay(d.delays, id, s.Failures))
	row.Error, row.Next = s.Error, s.Due
	d.cfg.Count(Failed)
	if status == http.StatusGone || now.Sub(s.Failing) >= giveUp {
		s.Paused, row.Next = true, time.Time{}
		d.cfg.Count(Paused)
		d.cfg.Logger.WarnContext(ctx, "a subscription is paused", "subscription", s.ID, "failures", s.Failures)
	}
	return nil
}

// traced sends under a span. The subscriber is not told of it: the trace is ours.
func (d *Deliverer) traced(ctx context.Context, s store.Subscription, r *journalv1.Record, send func(context.Context) (int, error)) (int, error) {
	ctx, span := d.cfg.Tracer.Start(ctx, "postback", trace.Client)
	defer span.End()
	span.Records(int(r.GetShard()), r.GetSeq(), r.GetSeq())
	span.Text("subscription", s.ID)
	span.Text("event", eventOf(r))
	status, err := send(ctx)
	span.Request(s.Method, s.Failures, status)
	span.Fail(err)
	return status, err
}

// send sends one signed request. An error is short and has nothing of the address:
// whoever subscribed reads it.
func (d *Deliverer) send(ctx context.Context, s store.Subscription, id, event string, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, s.Method, s.URI, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the address cannot be read")
	}
	at := d.cfg.Now()
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "provodka-postback")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("webhook-signature", sign(d.cfg.Secret(s.ID), id, at, body))
	req.Header.Set("webhook-event", event)
	answer, err := d.client.Do(req)
	switch {
	case errors.Is(err, ErrForbidden):
		return 0, errors.New("the address is not in the public Internet")
	case errors.Is(err, context.DeadlineExceeded):
		return 0, errors.New("no answer in time")
	case err != nil:
		return 0, errors.New("the server cannot be reached")
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, answerRead) // what it says changes nothing
	if answer.StatusCode/100 != 2 {
		return answer.StatusCode, fmt.Errorf("the server answered %d", answer.StatusCode)
	}
	return answer.StatusCode, nil
}
