package gate

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// turns lets one run of a key go at a time in this process: beside another of the same request
// money on its way between shards looks like nothing to do.
type turns struct {
	mu    sync.Mutex
	taken map[[2]string]chan struct{} // by book and key; closed when the turn is given back
}

// take waits for the turn of a key.
func (t *turns) take(ctx context.Context, key [2]string) error {
	for {
		t.mu.Lock()
		before, taken := t.taken[key]
		if !taken {
			if t.taken == nil {
				t.taken = map[[2]string]chan struct{}{}
			}
			t.taken[key] = make(chan struct{})
			t.mu.Unlock()
			return nil
		}
		t.mu.Unlock()
		select {
		case <-before:
		case <-ctx.Done():
			return fault.Refuse(fault.Unavailable, "", "the same request is being run; ask again")
		}
	}
}

func (t *turns) giveBack(key [2]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.taken[key])
	delete(t.taken, key)
}

// Run is a request that takes many commands: one stamp under its key says what was asked before
// the first of them, another what was answered after the last. The commands of a run that broke
// off have keys made of its own (Step), so the same request goes on where it stopped.
type Run struct {
	gate         *Gate
	book, method string
	request      ChangeRequest
	stamp        private.Request // of what was answered
	begun, over  bool
	answer       []byte
}

// begins stands for the digest of a stamp that says what was asked: there is one for a key.
const begins = "run"

// NewRun waits for its turn and reads what became of a request; Close ends the turn. Another request under its key is refused, naming what differs.
func (g *Gate) NewRun(ctx context.Context, method string, request ChangeRequest) (*Run, error) {
	if request.GetKey() == "" {
		return nil, fault.Refuse(fault.Malformed, "key", "a key is to be named: the same key and request give the first answer again")
	}
	r := &Run{gate: g, book: request.GetBook(), method: method, request: request}
	r.stamp = private.Request{Key: request.GetKey(), Digest: string(g.Vault.Digest(method, request))}
	if err := g.runs.take(ctx, r.turn()); err != nil {
		return nil, err
	}
	if err := r.read(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close lets the next run of the key begin.
func (r *Run) Close() { r.gate.runs.giveBack(r.turn()) }

func (r *Run) turn() [2]string { return [2]string{r.book, r.stamp.Key} }

func (r *Run) read(ctx context.Context) error {
	asked := private.Request{Key: r.stamp.Key, Digest: begins}
	stamps, err := r.gate.Vault.Stamps(ctx, r.book, asked, r.stamp)
	if err != nil {
		return err
	}
	first, begun := stamps[asked]
	if !begun {
		return nil
	}
	r.begun = true
	if refusal := r.differs(first.Content); refusal != nil {
		return refusal
	}
	if last, ok := stamps[r.stamp]; ok {
		r.over, r.answer = true, last.Content.GetBody()
	}
	return nil
}

// differs refuses a request that is not the one that began under its key.
func (r *Run) differs(first *privatev1.Stamp) *fault.Refusal {
	if first.GetOwner() != r.method {
		return r.reused("method", first.GetOwner())
	}
	was := r.request.ProtoReflect().New()
	if err := proto.Unmarshal(first.GetBody(), was.Interface()); err != nil {
		return r.reused("request", "")
	}
	fields := was.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !was.Get(f).Equal(r.request.ProtoReflect().Get(f)) {
			return r.reused(string(f.Name()), was.Get(f).String())
		}
	}
	return nil
}

func (r *Run) reused(field, was string) *fault.Refusal {
	return fault.Refuse(fault.KeyReused, "key", "the key belongs to another request: there %s was %q", field, was).
		With("key", r.stamp.Key).With("differs", field)
}

// Answered gives the answer of a run that is over.
func (r *Run) Answered(into proto.Message) (bool, error) {
	if !r.over {
		return false, nil
	}
	proto.Reset(into)
	if err := proto.Unmarshal(r.answer, into); err != nil {
		return false, fmt.Errorf("the answer of %s cannot be decoded: %w", r.method, err)
	}
	return true, nil
}

// Begin binds the key to the request, before its first command.
func (r *Run) Begin(ctx context.Context) error {
	if r.begun {
		return nil
	}
	taken, err := r.gate.DB.LookupKeys(ctx, [][16]byte{store.KeyID(r.book, r.stamp.Key)})
	if err != nil {
		return fmt.Errorf("look the key up: %w", err)
	}
	if len(taken) > 0 {
		return r.reused("method", "another")
	}
	body, err := proto.Marshal(r.request)
	if err != nil {
		return fmt.Errorf("the request of %s: %w", r.method, err)
	}
	return r.put(ctx, &privatev1.Stamp{Digest: []byte(begins), Body: body, Owner: r.method})
}

// End keeps the answer. Of two that run the same request at once the first one's is of both: into
// is then that.
func (r *Run) End(ctx context.Context, answer proto.Message) error {
	body, err := proto.Marshal(answer)
	if err != nil {
		return fmt.Errorf("the answer of %s: %w", r.method, err)
	}
	if err := r.put(ctx, &privatev1.Stamp{Digest: []byte(r.stamp.Digest), Body: body}); err != nil {
		return err
	}
	_, err = r.Answered(answer)
	return err
}

// put writes a stamp, or reads what somebody was faster to write.
func (r *Run) put(ctx context.Context, s *privatev1.Stamp) error {
	draft := r.gate.Vault.Draft(r.book)
	draft.Stamp(r.stamp.Key, s)
	err := draft.Put(ctx)
	if IsTaken(err) {
		return r.read(ctx)
	}
	return err
}

// Step is the key of the nth try of a run's step, from 1.
func (r *Run) Step(name string, try int) string {
	key := r.stamp.Key + "/" + name
	if try > 1 {
		key += fmt.Sprintf("/%d", try)
	}
	return key
}

// Made is the record that a key of the book has; nil when it has none.
func (r *Run) Made(ctx context.Context, key string) (*journalv1.Record, error) {
	taken, err := r.gate.DB.LookupKeys(ctx, [][16]byte{store.KeyID(r.book, key)})
	if err != nil || len(taken) == 0 {
		return nil, err
	}
	id := store.RecordID{Shard: taken[0].Shard, Seq: taken[0].Seq}
	raw, ok, err := r.gate.DB.Record(ctx, id.Shard, id.Seq)
	if err == nil && !ok {
		err = fmt.Errorf("record %s has a key and is not there", RecordID(id.Shard, id.Seq))
	}
	if err != nil {
		return nil, err
	}
	return DecodeRecord(id, raw)
}
