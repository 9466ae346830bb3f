package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	"github.com/provodka/provodka/proto/gen/provodka/ledger/v1/ledgerv1connect"
)

// rpc is a client of ours: Connect over HTTP/1.1, protobuf, no compression.
type rpc struct {
	ledgerv1connect.LedgerServiceClient
	transport *http.Transport
}

func newRPC(addr, key string, connections int) *rpc {
	transport := &http.Transport{
		MaxIdleConns: connections, MaxIdleConnsPerHost: connections, DisableCompression: true,
		WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10,
	}
	authorize := connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set("Authorization", "Bearer "+key)
			return next(ctx, req)
		}
	})
	return &rpc{ledgerv1connect.NewLedgerServiceClient(&http.Client{Transport: transport}, "http://"+addr,
		connect.WithInterceptors(authorize), connect.WithAcceptCompression("gzip", nil, nil)), transport}
}

func (r *rpc) close() { r.transport.CloseIdleConnections() }

// batch is a request that is filled again and again.
type batch struct {
	request *ledgerv1.PostRequest
	list    []transfer
	names   *names
	source  *source
	chance  *rand.Rand
}

func newBatch(n int, names *names, s *source) *batch {
	b := &batch{
		request: &ledgerv1.PostRequest{Book: bookName, Operations: make([]*ledgerv1.Operation, n)},
		list:    make([]transfer, n), names: names, source: s, chance: s.chance,
	}
	for i := range b.request.Operations {
		b.request.Operations[i] = &ledgerv1.Operation{What: &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{
			Kind: "transfer",
			Legs: []*ledgerv1.NewLeg{
				{Asset: "RUB", Side: ledgerv1.Side_SIDE_DEBIT}, {Asset: "RUB", Side: ledgerv1.Side_SIDE_CREDIT},
			},
		}}}
	}
	return b
}

// fill draws new transfers with new keys.
func (b *batch) fill() {
	for i, key := range keys(b.chance, len(b.list)) {
		t := b.source.next()
		b.list[i] = t
		b.set(i, key, b.names.wallets[t.from], b.names.wallets[t.to], b.names.amounts[t.minor])
	}
}

func (b *batch) set(i int, key, from, to, amount string) {
	op := b.request.Operations[i]
	op.Key = key
	legs := op.GetEntry().GetLegs()
	legs[0].Account, legs[0].Amount = from, amount
	legs[1].Account, legs[1].Amount = to, amount
}

// post sends the batch; every operation must have been done.
func (b *batch) post(ctx context.Context, c *rpc) error {
	answer, err := c.Post(ctx, b.request)
	if err != nil {
		return err
	}
	if len(answer.GetResults()) != len(b.list) {
		return fmt.Errorf("%d results for %d operations", len(answer.GetResults()), len(b.list))
	}
	for i, r := range answer.GetResults() {
		if r.GetRefusal() != nil || r.GetId() == "" || r.GetReplayed() {
			return fmt.Errorf("operation %d: %v", i, r)
		}
	}
	return nil
}

// loadSpec is one way to post.
type loadSpec struct {
	clients, size int
	hot           bool
	every         time.Duration // of all clients together; 0: as fast as it goes
}

// loadResult is what came of it.
type loadResult struct {
	acknowledged int
	took         time.Duration
	waits        []time.Duration
}

// drive posts for the duration and waits for every answer.
func (h *house) drive(ctx context.Context, names *names, spec loadSpec, d time.Duration) (loadResult, error) {
	c := newRPC(h.server.Addr, h.key, spec.clients)
	defer c.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wait  sync.WaitGroup
		mu    sync.Mutex
		total loadResult
	)
	began := time.Now()
	for i := range spec.clients {
		wait.Go(func() {
			b := newBatch(spec.size, names, newSource(len(names.wallets), spec.hot, rand.Uint64()))
			var waits []time.Duration
			done := 0
			for n := 0; time.Since(began) < d && ctx.Err() == nil; n++ {
				sent := time.Now()
				if spec.every > 0 {
					sent = began.Add(time.Duration(n*spec.clients+i) * spec.every)
					time.Sleep(time.Until(sent)) // sleep: the pace that is measured
				}
				b.fill()
				if err := b.post(ctx, c); err != nil {
					cancel(err)
					return
				}
				waits = append(waits, time.Since(sent))
				h.expected.add(b.list)
				done += spec.size
			}
			mu.Lock()
			total.acknowledged += done
			total.waits = append(total.waits, waits...)
			mu.Unlock()
		})
	}
	wait.Wait()
	total.took = time.Since(began)
	return total, context.Cause(ctx)
}

// fund opens the wallets, of which the first has a number, and gives each of them money.
func (h *house) fund(ctx context.Context, names *names, number int) error {
	const size, minor = 1000, 100_000_000
	c := newRPC(h.server.Addr, h.key, 1)
	defer c.close()
	chance := rand.New(rand.NewPCG(rand.Uint64(), 2))
	for first := 0; first < len(names.wallets); first += size {
		some := names.wallets[first:min(first+size, len(names.wallets))]
		open := &ledgerv1.OpenAccountsRequest{Book: bookName}
		for i, key := range keys(chance, len(some)) {
			open.Accounts = append(open.Accounts, &ledgerv1.OpenAccount{Name: some[i], Key: key})
		}
		opened, err := c.OpenAccounts(ctx, open)
		if err != nil {
			return fmt.Errorf("open accounts: %w", err)
		}
		for _, r := range opened.GetResults() {
			if r.GetRefusal() != nil {
				return fmt.Errorf("open %s: %v", r.GetName(), r.GetRefusal())
			}
		}
		b := newBatch(len(some), names, newSource(max(2, len(names.wallets)), false, 0))
		for i, key := range keys(chance, len(some)) {
			b.set(i, key, "bank:settlement", some[i], amountText(minor))
			e := b.request.Operations[i].GetEntry()
			e.Kind = "topup"
			slices.Reverse(e.Legs) // the wallet first: its home shard books it
			h.expected.credit[number+first+i] += minor
			h.expected.bank += minor
		}
		if err := b.post(ctx, c); err != nil {
			return fmt.Errorf("fund: %w", err)
		}
		h.expected.operations += 2 * len(some)
		h.expected.entries += len(some)
	}
	return nil
}
