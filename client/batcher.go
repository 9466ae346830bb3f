package client

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// The limits of one request, those of the server (8,000 operations, 8 MiB) with room
// for what surrounds the operations.
const (
	MaxBatchOperations = 8000
	maxBatchBytes      = 7 << 20
)

// ErrBatcherClosed says that the batcher takes no more.
var ErrBatcherClosed = errors.New("client: the batcher is closed")

// Batcher makes batches of the operations of many callers. A batch leaves as soon as
// one of its lanes is free and takes whatever waits then: a lone operation does not
// wait for company, and under load batches fill by themselves. It is safe for
// concurrent use.
type Batcher struct {
	client  *Client
	book    string
	most    int
	timeout time.Duration
	lanes   chan struct{} // one token for each batch that may be on its way
	sending sync.WaitGroup

	mu      sync.Mutex
	waiting []*parcel
	closed  bool
}

// BatcherOptions change a batcher; the zero value is fit for most.
type BatcherOptions struct {
	Book       string        // book of the operations; the client's own when empty
	Operations int           // most operations of one batch, up to 8,000 (the default)
	Lanes      int           // batches on their way at a time; 2 by default
	Timeout    time.Duration // of one batch, all attempts together; a minute by default
}

// parcel is what one caller hands over: it stays in one piece.
type parcel struct {
	operations []*ledgerv1.Operation
	atomic     bool
	done       chan verdict
}

type verdict struct {
	results []*ledgerv1.OperationResult
	err     error
}

// Batcher makes a batcher; Close ends it.
func (c *Client) Batcher(o BatcherOptions) *Batcher {
	if o.Operations <= 0 || o.Operations > MaxBatchOperations {
		o.Operations = MaxBatchOperations
	}
	if o.Lanes <= 0 {
		o.Lanes = 2
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	return &Batcher{client: c, book: o.Book, most: o.Operations, timeout: o.Timeout, lanes: make(chan struct{}, o.Lanes)}
}

// Post posts one operation and waits for its result. A refusal is a *Refusal; any
// other error says that the outcome is unknown: ask again with the same key, which
// is in op.Key afterwards also when it was left empty. When ctx ends first the
// operation may still be done.
func (b *Batcher) Post(ctx context.Context, op *ledgerv1.Operation) (*ledgerv1.OperationResult, error) {
	results, err := b.post(ctx, &parcel{operations: []*ledgerv1.Operation{op}})
	if err != nil {
		return nil, err
	}
	return resultOf(results[0])
}

// PostAtomic posts operations that are done all or none, and gives a result for each.
// An error is the refusal of the first that was refused for itself, or says that the
// outcome is unknown.
func (b *Batcher) PostAtomic(ctx context.Context, ops ...*ledgerv1.Operation) ([]*ledgerv1.OperationResult, error) {
	if len(ops) == 0 || len(ops) > b.most {
		return nil, fmt.Errorf("client: %d operations in one piece, from 1 to %d fit", len(ops), b.most)
	}
	results, err := b.post(ctx, &parcel{operations: ops, atomic: true})
	if err != nil {
		return nil, err
	}
	var first *Refusal
	for _, result := range results {
		r := RefusalOf(result.GetRefusal())
		if r != nil && (first == nil || first.Code == groupFailed) {
			first = r
		}
	}
	if first != nil {
		return results, first
	}
	return results, nil
}

// groupFailed is the refusal of those that only stood beside the refused one.
const groupFailed = "group_failed"

// Close waits until everything handed over is answered.
func (b *Batcher) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.sending.Wait()
}

// post takes copies: a caller who left may write into his own while they are sent.
func (b *Batcher) post(ctx context.Context, p *parcel) ([]*ledgerv1.OperationResult, error) {
	ours := make([]*ledgerv1.Operation, len(p.operations))
	for i, op := range p.operations {
		if err := fillKey(op.ProtoReflect()); err != nil {
			return nil, err
		}
		ours[i] = proto.CloneOf(op)
	}
	p.operations = ours
	p.done = make(chan verdict, 1)
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil, ErrBatcherClosed
	}
	b.waiting = append(b.waiting, p)
	b.sending.Add(1)
	b.mu.Unlock()
	b.start()
	select {
	case v := <-p.done:
		return v.results, v.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// start opens a lane, if one is free; an open lane sends until nothing waits.
func (b *Batcher) start() {
	select {
	case b.lanes <- struct{}{}:
	default:
		return
	}
	go func() {
		for {
			batch := b.take()
			if len(batch) == 0 {
				return
			}
			b.send(batch)
		}
	}()
}

// take takes what waits, up to a batch. With nothing there it closes the lane, under
// the same lock under which parcels come: none is left behind.
func (b *Batcher) take() []*parcel {
	b.mu.Lock()
	defer b.mu.Unlock()
	operations, bytes, n := 0, 0, 0
	for ; n < len(b.waiting); n++ {
		p := b.waiting[n]
		size := 0
		for _, op := range p.operations {
			size += proto.Size(op) + 8
		}
		if n > 0 && (operations+len(p.operations) > b.most || bytes+size > maxBatchBytes) {
			break
		}
		operations, bytes = operations+len(p.operations), bytes+size
	}
	batch := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	if n == 0 {
		b.waiting = nil
		<-b.lanes
	}
	return batch
}

// send posts a batch and answers its callers. What the server refuses whole because
// of one operation is sent again without it: nobody pays for his neighbour.
func (b *Batcher) send(batch []*parcel) {
	ctx, cancel := context.WithTimeout(context.Background(), b.timeout)
	defer cancel()
	for len(batch) > 0 {
		req := &ledgerv1.PostRequest{Book: b.book}
		owners := make([]int, 0, len(batch)) // of each operation, its parcel
		for i, p := range batch {
			for _, op := range p.operations {
				op.Group = 0
				if p.atomic {
					op.Group = uint32(i) + 1
				}
				req.Operations = append(req.Operations, op)
				owners = append(owners, i)
			}
		}
		answer, err := b.client.Ledger.Post(ctx, req)
		if err == nil && len(answer.GetResults()) != len(req.GetOperations()) {
			err = fmt.Errorf("client: %d results for %d operations", len(answer.GetResults()), len(req.GetOperations()))
		}
		if err == nil {
			at := 0
			for _, p := range batch {
				b.answer(p, verdict{results: answer.GetResults()[at : at+len(p.operations)]})
				at += len(p.operations)
			}
			return
		}
		culprit := culprit(err, owners)
		if culprit < 0 || len(batch) == 1 {
			for _, p := range batch {
				b.answer(p, verdict{err: err})
			}
			return
		}
		b.answer(batch[culprit], verdict{err: err})
		batch = append(batch[:culprit:culprit], batch[culprit+1:]...)
	}
}

func (b *Batcher) answer(p *parcel, v verdict) {
	p.done <- v
	b.sending.Done()
}

// culprit finds whose operation the refusal of a whole request names; -1 when it
// names none.
func culprit(err error, owners []int) int {
	var r *Refusal
	if !errors.As(err, &r) || r.Retry == RetrySame {
		return -1
	}
	rest, ok := strings.CutPrefix(r.Field, "operations[")
	if !ok {
		return -1
	}
	number, _, ok := strings.Cut(rest, "]")
	n, bad := strconv.Atoi(number)
	if !ok || bad != nil || n < 0 || n >= len(owners) {
		return -1
	}
	return owners[n]
}
