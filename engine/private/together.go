package private

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// together makes sets of what is asked one by one: who asks waits a moment for company,
// and what came meanwhile is done at once. What fails as a set is done one by one, so
// that nobody answers for another's rows.
type together[Q, A any] struct {
	do   func(ctx context.Context, asked []Q) ([]A, error) // answers in the order of asked
	most int
	wait time.Duration

	mu   sync.Mutex
	next *party[Q, A]
}

// party is a set that gathers, and then is done.
type party[Q, A any] struct {
	asked   []Q
	full    chan struct{} // closed when nobody can join any more
	over    chan struct{} // closed when the rest is there
	answers []A
	errs    []error
}

// Bounds of a set: the time of one is as long as its callers have, and a moment is
// nothing to whom asks the world.
const (
	togetherMost    = 128
	togetherWait    = 3 * time.Millisecond
	togetherTimeout = 30 * time.Second
)

func newTogether[Q, A any](do func(context.Context, []Q) ([]A, error)) *together[Q, A] {
	return &together[Q, A]{do: do, most: togetherMost, wait: togetherWait}
}

// ask answers one question. The set goes on when a caller leaves.
func (t *together[Q, A]) ask(ctx context.Context, q Q) (a A, err error) {
	p, at, first := t.join(q)
	if first {
		go t.run(context.WithoutCancel(ctx), p)
	}
	select {
	case <-p.over:
		return p.answers[at], p.errs[at]
	case <-ctx.Done():
		return a, ctx.Err()
	}
}

// join joins the set that gathers; who is first has to run it.
func (t *together[Q, A]) join(q Q) (p *party[Q, A], at int, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if first = t.next == nil; first {
		t.next = &party[Q, A]{full: make(chan struct{}), over: make(chan struct{})}
	}
	p, at = t.next, len(t.next.asked)
	p.asked = append(p.asked, q)
	if len(p.asked) == t.most {
		t.next = nil
		close(p.full)
	}
	return p, at, first
}

func (t *together[Q, A]) run(ctx context.Context, p *party[Q, A]) {
	timer := time.NewTimer(t.wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.full:
	}
	t.mu.Lock()
	if t.next == p {
		t.next = nil
	}
	t.mu.Unlock()
	defer close(p.over)
	ctx, cancel := context.WithTimeout(ctx, togetherTimeout)
	defer cancel()
	p.errs = make([]error, len(p.asked))
	var err error
	if p.answers, err = t.try(ctx, p.asked); err == nil {
		return
	}
	p.answers = make([]A, len(p.asked))
	for i, q := range p.asked {
		if p.errs[i] = err; len(p.asked) > 1 && ctx.Err() == nil {
			var one []A
			if one, p.errs[i] = t.try(ctx, []Q{q}); p.errs[i] == nil {
				p.answers[i] = one[0]
			}
		}
	}
}

// try does a set; a panic is an error, without its text, which may hold whom it is about.
func (t *together[Q, A]) try(ctx context.Context, asked []Q) (answers []A, err error) {
	defer func() {
		if v := recover(); v != nil {
			answers, err = nil, fmt.Errorf("a set of private data panicked: %T", v)
		}
	}()
	answers, err = t.do(ctx, asked)
	if err == nil && len(answers) != len(asked) {
		err = fmt.Errorf("%d answers to %d questions", len(answers), len(asked))
	}
	return answers, err
}
