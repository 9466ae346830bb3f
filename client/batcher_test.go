package client

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// echoed answers every operation with its key as its id.
func echoed(req *ledgerv1.PostRequest) *ledgerv1.PostResponse {
	out := &ledgerv1.PostResponse{}
	for _, op := range req.GetOperations() {
		out.Results = append(out.Results, &ledgerv1.OperationResult{Id: op.GetKey()})
	}
	return out
}

// Whatever waits while the lanes are busy leaves in one batch, and every caller gets
// the result of his own operation.
func TestBatchesFillByThemselves(t *testing.T) {
	t.Parallel()
	const callers = 500
	first, others := make(chan struct{}), make(chan struct{})
	s := &server{}
	s.answer = func(n int) (*ledgerv1.PostResponse, error) {
		if n == 1 {
			close(first)
			<-others
		}
		return echoed(s.asked[n-1]), nil
	}
	b := start(t, s).Batcher(BatcherOptions{Lanes: 1, Operations: 400})
	var wait sync.WaitGroup
	post := func(key string) {
		wait.Go(func() {
			if r, err := b.Post(t.Context(), &ledgerv1.Operation{Key: key}); err != nil || r.GetId() != key {
				t.Errorf("%s: %v %v", key, r, err)
			}
		})
	}
	post("lone")
	<-first
	for i := range callers {
		post(fmt.Sprint("k", i))
	}
	for {
		b.mu.Lock()
		n := len(b.waiting)
		b.mu.Unlock()
		if n == callers {
			break
		}
		runtime.Gosched()
	}
	close(others)
	wait.Wait()
	b.Close()
	if _, err := b.Post(t.Context(), &ledgerv1.Operation{}); !errors.Is(err, ErrBatcherClosed) {
		t.Errorf("a closed batcher takes: %v", err)
	}
	if len(s.asked) != 3 || len(s.asked[0].GetOperations()) != 1 || len(s.asked[1].GetOperations()) != 400 || len(s.asked[2].GetOperations()) != 100 {
		t.Errorf("%d batches", len(s.asked))
	}
}

// One operation that the whole request is refused for is answered; its neighbours
// are done.
func TestANeighbourPaysForNobody(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.answer = func(n int) (*ledgerv1.PostResponse, error) {
		for i, op := range s.asked[n-1].GetOperations() {
			if op.GetKey() == "bad" {
				return nil, malformed(fmt.Sprintf("operations[%d].entry.legs", i))
			}
		}
		return echoed(s.asked[n-1]), nil
	}
	b := start(t, s).Batcher(BatcherOptions{Lanes: 1})
	parcels := []*parcel{}
	for _, key := range []string{"a", "bad", "b", "bad", "c"} {
		parcels = append(parcels, &parcel{operations: []*ledgerv1.Operation{{Key: key}}, done: make(chan verdict, 1)})
		b.sending.Add(1)
	}
	b.send(parcels)
	for i, p := range parcels {
		v := <-p.done
		key := p.operations[0].GetKey()
		var refusal *Refusal
		if bad := errors.As(v.err, &refusal); bad != (key == "bad") || !bad && v.results[0].GetId() != key {
			t.Errorf("parcel %d (%s): %v", i, key, v)
		}
	}
}

func malformed(field string) error {
	err := connect.NewError(connect.CodeInvalidArgument, errors.New("malformed"))
	info, _ := connect.NewErrorDetail(&errdetails.ErrorInfo{Reason: "malformed", Domain: "provodka", Metadata: map[string]string{
		"field": field, "reason": "why", "retry": "never",
	}})
	err.AddDetail(info)
	return err
}

// Pieces of several operations stay whole: one group number each, none for the rest.
func TestGroupsOfCallersStayApart(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.answer = func(n int) (*ledgerv1.PostResponse, error) {
		out := echoed(s.asked[n-1])
		out.Results[0].Refusal = &ledgerv1.Refusal{Code: "group_failed", Retry: ledgerv1.Retry_RETRY_CHANGED}
		out.Results[1].Refusal = &ledgerv1.Refusal{Code: "insufficient_funds", Retry: ledgerv1.Retry_RETRY_CHANGED}
		return out, nil
	}
	b := start(t, s).Batcher(BatcherOptions{})
	results, err := b.PostAtomic(t.Context(), &ledgerv1.Operation{Key: "x", Group: 9}, &ledgerv1.Operation{})
	var r *Refusal
	if !errors.As(err, &r) || r.Code != "insufficient_funds" || len(results) != 2 {
		t.Errorf("%v %v", results, err)
	}
	ops := s.asked[0].GetOperations()
	if ops[0].GetGroup() == 0 || ops[0].GetGroup() != ops[1].GetGroup() || ops[1].GetKey() == "" {
		t.Errorf("%v", ops)
	}
	if _, err := b.PostAtomic(t.Context()); err == nil {
		t.Error("nothing was posted and done")
	}
	b.Close()
}

func TestACallerWhoLeavesTakesNothingWithHim(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := &server{}
	s.answer = func(n int) (*ledgerv1.PostResponse, error) {
		<-release
		return echoed(s.asked[n-1]), nil
	}
	b := start(t, s).Batcher(BatcherOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	op := &ledgerv1.Operation{}
	if _, err := b.Post(ctx, op); !errors.Is(err, context.Canceled) || op.GetKey() == "" {
		t.Errorf("%v, key %q", err, op.GetKey())
	}
	close(release)
	b.Close()
	if len(s.asked) != 1 || s.asked[0].GetOperations()[0].GetKey() != op.GetKey() {
		t.Errorf("the operation was not done: %v", s.asked)
	}
}

// What a caller does with his operation after he left is his own: neither is it sent,
// nor does the batcher write into it.
func TestACallerWhoLeftKeepsHisOperation(t *testing.T) {
	t.Parallel()
	first, release := make(chan struct{}), make(chan struct{})
	s := &server{}
	s.answer = func(n int) (*ledgerv1.PostResponse, error) {
		if n == 1 {
			close(first)
			<-release
		}
		return echoed(s.asked[n-1]), nil
	}
	b := start(t, s).Batcher(BatcherOptions{Lanes: 1})
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, _ = b.Post(gone, Entry("lone", "topup"))
	<-first // the only lane is busy: what comes now waits
	op := Entry("mine", "topup", Debit("a", "RUB", "1.00"))
	if _, err := b.Post(gone, op); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	op.Group, op.Key, op.GetEntry().Legs[0].Amount = 7, "reused", "2.00"
	close(release)
	for range 1000 { // under -race: beside what is being sent
		op.Group++
	}
	b.Close()
	sent := s.asked[1].GetOperations()[0]
	if sent.GetKey() != "mine" || sent.GetEntry().GetLegs()[0].GetAmount() != "1.00" || sent.GetGroup() != 0 || op.GetGroup() != 1007 {
		t.Errorf("sent %v, the caller has %v", sent, op)
	}
}
