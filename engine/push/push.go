package push

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/trace"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Results of messages, as push.md explains them.
const (
	sent   = "sent"
	failed = "failed"
	dead   = "dead"
	late   = "late"
	again  = "again"
)

// Config is what a pusher is made of.
type Config struct {
	DB       *store.DB
	Process  string // unique among the living
	Notifier port.Notifier
	// Tokens opens the tokens of devices of a book, by id.
	Tokens func(ctx context.Context, book string, devices []store.Device) (map[string]string, error)
	Now    func() time.Time
	Every  time.Duration // between looks
	Logger *slog.Logger
	Tracer trace.Tracer // the zero one keeps no traces
	// Metrics takes provodka_pushes_total; nil counts for nobody.
	Metrics prometheus.Registerer
}

// Bounds of the work.
const (
	hold         = 2 * time.Minute
	atOnce       = 16               // messages side by side
	segmentsRead = 16               // at once
	mostLate     = time.Hour        // what is older is not told any more
	quiet        = 10 * time.Minute // before one person hears the same words again
	mostHeard    = 100_000          // people and words that are remembered
	tries        = 2
	timeout      = 10 * time.Second // of one try
	firstPause   = time.Second      // between the tries
)

// Pusher sends messages to devices.
type Pusher struct {
	cfg     Config
	letters []letter
	count   *prometheus.CounterVec

	mu    sync.Mutex
	heard map[[2]string]time.Time // person and title: when they were told last
}

// New makes a pusher. A table of messages that cannot be sent is a mistake of the program.
func New(cfg Config) (*Pusher, error) {
	letters, err := parseLetters(document)
	if err != nil {
		return nil, err
	}
	p := &Pusher{cfg: cfg, letters: letters, heard: map[[2]string]time.Time{}}
	p.count = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "provodka_pushes_total", Help: "Messages to devices."}, []string{"result"})
	if cfg.Metrics == nil {
		return p, nil
	}
	if err := cfg.Metrics.Register(p.count); err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	return p, nil
}

// Run sends until the context ends.
func (p *Pusher) Run(ctx context.Context) error {
	tick := time.NewTicker(p.cfg.Every)
	defer tick.Stop()
	for {
		if err := p.Pass(ctx); err != nil && ctx.Err() == nil {
			p.cfg.Logger.WarnContext(ctx, "messages to devices have to wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Pass goes once through the journals of the shards that nobody else is at.
func (p *Pusher) Pass(ctx context.Context) error {
	shards, err := p.cfg.DB.Shards(ctx)
	if err != nil {
		return fmt.Errorf("read the shards: %w", err)
	}
	any, err := p.cfg.DB.AnyDevice(ctx)
	if err != nil {
		return err
	}
	for _, s := range shards {
		if err := p.guarded(ctx, s.Shard, s.Head.Seq, any); err != nil {
			return fmt.Errorf("shard %d: %w", s.Shard, err)
		}
	}
	return nil
}

// guarded is work that no record can end the process with.
func (p *Pusher) guarded(ctx context.Context, shard int, head uint64, any bool) (err error) {
	defer func() {
		if r := recover(); r != nil {
			// A panic's text may hold what a task holds: its kind and the stack alone are logged.
			err = fmt.Errorf("panicked with %T: %s", r, debug.Stack())
		}
	}()
	return p.shard(ctx, shard, head, any)
}

// shard tells what happened on a shard up to its head. While nobody has a device there is
// nothing to be read.
func (p *Pusher) shard(ctx context.Context, shard int, head uint64, any bool) error {
	now := p.cfg.Now()
	seq, ours, err := p.cfg.DB.HoldPushed(ctx, shard, head, p.cfg.Process, now, now.Add(hold))
	if err != nil || !ours {
		return err
	}
	if !any {
		seq = head
	}
	for {
		list, next, err := p.next(ctx, shard, seq)
		if err != nil {
			return err
		}
		p.portion(ctx, shard, seq, next, list)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		over := next == seq || next >= head
		until := p.cfg.Now().Add(hold)
		if over {
			until = p.cfg.Now()
		}
		if ours, err := p.cfg.DB.SavePushed(ctx, shard, next, p.cfg.Process, until); err != nil || !ours || over {
			return err
		}
		seq = next
	}
}

// letterOf is a message of a record.
type letterOf struct {
	message
	record string // shard and number: what attempts are named by
}

// next reads some records after one, and says how far it has read.
func (p *Pusher) next(ctx context.Context, shard int, after uint64) ([]letterOf, uint64, error) {
	segments, err := p.cfg.DB.Segments(ctx, shard, after+1, segmentsRead)
	if err != nil {
		return nil, after, err
	}
	var out []letterOf
	seq, oldest := after, p.cfg.Now().Add(-mostLate).UnixMicro()
	for _, segment := range segments {
		raws, err := segment.Split()
		if err != nil {
			return nil, after, err
		}
		for i, raw := range raws {
			at := segment.FirstSeq + uint64(i)
			if at <= after {
				continue
			}
			r := new(journalv1.Record)
			if err := proto.Unmarshal(raw, r); err != nil {
				return nil, after, fmt.Errorf("record %d.%d: %w", shard, at, err)
			}
			seq = at
			m, told, err := p.told(r)
			switch {
			case err != nil:
				return nil, after, err
			case told && r.GetClockUs() < oldest:
				p.count.WithLabelValues(late).Inc()
			case told:
				out = append(out, letterOf{m, fmt.Sprintf("%d.%d", shard, at)})
			}
		}
	}
	return out, seq, nil
}

// portion tells what some records after one say, under a span.
func (p *Pusher) portion(ctx context.Context, shard int, after, last uint64, list []letterOf) {
	if len(list) == 0 {
		return
	}
	ctx, span := p.cfg.Tracer.Start(ctx, "push", trace.Internal)
	defer span.End()
	span.Records(shard, after+1, last)
	span.Count("letters", len(list))
	failures := p.tell(ctx, list)
	span.Count("failures", failures)
	if failures > 0 {
		span.Refuse(failed)
	}
}

// tell sends messages, some at once, and tells how many failed. One that fails holds up
// nothing.
func (p *Pusher) tell(ctx context.Context, list []letterOf) int {
	var failures atomic.Int64
	busy := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for _, l := range list {
		devices, tokens, err := p.devices(ctx, l)
		if err != nil {
			p.cfg.Logger.WarnContext(ctx, "devices cannot be read", "record", l.record, "error", err)
			p.count.WithLabelValues(failed).Inc()
			failures.Add(1)
			continue
		}
		for _, d := range devices {
			token, ok := tokens[d.ID]
			if !ok {
				continue // its person was erased
			}
			busy <- struct{}{}
			wg.Add(1)
			go func() {
				defer func() { <-busy; wg.Done() }()
				result := p.send(ctx, l, d, token)
				p.count.WithLabelValues(result).Inc()
				if result == failed {
					failures.Add(1)
				}
			}()
		}
	}
	wg.Wait()
	return int(failures.Load())
}

// devices are the devices of those who have not heard the same just now.
func (p *Pusher) devices(ctx context.Context, l letterOf) ([]store.Device, map[string]string, error) {
	devices, err := p.cfg.DB.Devices(ctx, l.book, l.people...)
	if err != nil || len(devices) == 0 {
		return nil, nil, err
	}
	fresh := map[string]bool{}
	var out []store.Device
	for _, d := range devices {
		once, known := fresh[d.Member]
		if !known {
			once = p.hears(d.Member, l.title)
			fresh[d.Member] = once
		}
		if once {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return nil, nil, nil
	}
	tokens, err := p.cfg.Tokens(ctx, l.book, out)
	return out, tokens, err
}

// hears says whether a person may hear words now, and remembers it.
func (p *Pusher) hears(person, title string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, key := p.cfg.Now(), [2]string{person, title}
	if last, ok := p.heard[key]; ok && now.Before(last.Add(quiet)) {
		p.count.WithLabelValues(again).Inc()
		return false
	}
	if len(p.heard) >= mostHeard {
		clear(p.heard)
	}
	p.heard[key] = now
	return true
}

// send sends one message to one device, and says what became of it.
func (p *Pusher) send(ctx context.Context, l letterOf, d store.Device, token string) string {
	sum := sha256.Sum256([]byte("push/" + l.record + "/" + d.ID))
	n := port.Notice{Attempt: hex.EncodeToString(sum[:16]), To: token, Subject: l.title, Text: l.text}
	for try := 1; ; try++ {
		a := p.once(ctx, n)
		switch {
		case a.Result == port.Done:
			return sent
		case a.Result == port.Refused && a.Code == fault.NoticeRefused:
			if _, err := p.cfg.DB.DeleteDevice(ctx, d); err != nil {
				p.cfg.Logger.WarnContext(ctx, "a dead device cannot be forgotten", "device", d.ID, "error", err)
			}
			return dead
		case a.Result == port.Refused || try == tries || ctx.Err() != nil:
			return failed
		}
		select {
		case <-ctx.Done():
		case <-time.After(firstPause): // clock: a pause
		}
	}
}

func (p *Pusher) once(ctx context.Context, n port.Notice) port.Answer {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.cfg.Notifier.Notify(ctx, n)
}
