package api_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/provodka/provodka/adapters/onec"
	"github.com/provodka/provodka/adapters/registercsv"
	"github.com/provodka/provodka/api"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/monthly"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/press"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// scripted is an engine that does what a test says.
type scripted func(context.Context, engine.Request) []engine.Outcome

func (s scripted) Submit(ctx context.Context, req engine.Request) []engine.Outcome {
	return s(ctx, req)
}

// door is the API in front of a scripted engine.
func door(t *testing.T, engine scripted) *caller {
	t.Helper()
	h := &house{log: &lockedBuffer{}, bank: &fakeBank{paid: map[string]port.Payment{}}}
	logger := slog.New(slog.NewJSONHandler(h.log, nil))
	var err error
	if h.db, err = store.Open(t.Context(), embedtest.DSN(t, store.Migrate), store.Options{Logger: logger}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.db.Close)
	if h.vault, err = private.New(private.Config{DB: h.db, Secrets: [][]byte{bytes.Repeat([]byte("s"), 32)}, Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}}); err != nil {
		t.Fatal(err)
	}
	if h.drawer, err = monthly.NewDrawer(monthly.Drawer{DB: h.db, Vault: h.vault}); err != nil {
		t.Fatal(err)
	}
	server, err := api.New(api.Config{
		Config: gate.Config{
			Engine: engine, DB: h.db, Vault: h.vault, Flows: flow.NewRegistry(), Now: time.Now, Logger: logger, Metrics: prometheus.NewRegistry(),
			Timeout: 300 * time.Millisecond,
		},
		Registers: registercsv.Reader{}, Statements: onec.Reader{}, Drawer: h.drawer, Press: press.New(h.vault, h.db.Zone()), Own: ownAccounts(),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.serve(t, server)
	c := h.caller(t)
	if c.Client, err = client.New(h.url, c.key, client.WithAttempts(1), client.WithBook(c.book)); err != nil {
		t.Fatal(err)
	}
	return c
}

func all(n int, r *fault.Refusal) []engine.Outcome {
	out := make([]engine.Outcome, n)
	for i := range out {
		out[i].Refusal = r
	}
	return out
}

func TestAFullHouseSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	c := door(t, func(_ context.Context, r engine.Request) []engine.Outcome {
		return all(len(r.Operations), fault.Refuse(fault.QueueFull, "", "64000 operations wait"))
	})
	_, err := c.Ledger.Post(t.Context(), &ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{entryOp("", "x", "bank:a", "bank:b", "1.00"), entryOp("", "x", "bank:a", "bank:b", "1.00")}})
	r := refused(t, err, fault.QueueFull, "")
	if connect.CodeOf(err) != connect.CodeResourceExhausted || r.Retry != client.RetrySame {
		t.Errorf("%v", err)
	}
	var ce *connect.Error
	if !errors.As(err, &ce) {
		t.Fatal(err)
	}
	for _, d := range ce.Details() {
		if v, _ := d.Value(); v != nil {
			if info, ok := v.(*errdetails.RetryInfo); ok && info.GetRetryDelay().AsDuration() > 0 {
				return
			}
		}
	}
	t.Error("no RetryInfo")
}

func TestAPanicIsAnsweredAndKeepsItsSecret(t *testing.T) {
	t.Parallel()
	c := door(t, func(context.Context, engine.Request) []engine.Outcome { panic("Иванов Иван, 770100000123") })
	post := func() error {
		_, err := c.Ledger.Post(t.Context(), &ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{entryOp("", "x", "bank:a", "bank:b", "1.00")}})
		return err
	}
	err := post()
	refused(t, err, fault.Internal, "")
	if connect.CodeOf(err) != connect.CodeInternal || strings.Contains(err.Error(), "Иванов") || strings.Contains(c.log.String(), "Иванов") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(c.log.String(), "a call panicked") || post() == nil {
		t.Error("nothing is in the log, or the server is gone")
	}
}

func TestADeadlineIsAnsweredUnavailable(t *testing.T) {
	t.Parallel()
	c := door(t, func(ctx context.Context, r engine.Request) []engine.Outcome {
		<-ctx.Done() // the default deadline of a call without one
		return all(len(r.Operations), fault.Refuse(fault.Unavailable, "", "no outcome was seen in time"))
	})
	_, err := c.Ledger.Post(t.Context(), &ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{entryOp("", "x", "bank:a", "bank:b", "1.00")}})
	if r := refused(t, err, fault.Unavailable, ""); r.Retry != client.RetrySame {
		t.Errorf("%+v", r)
	}
}

func TestABrokenDatabaseShowsNothingOfItself(t *testing.T) {
	t.Parallel()
	c := door(t, func(_ context.Context, r engine.Request) []engine.Outcome { return all(len(r.Operations), nil) })
	if _, err := c.Ledger.GetPosition(t.Context(), &ledgerv1.GetPositionRequest{}); err != nil {
		t.Fatal(err)
	}
	c.db.Close()
	_, err := c.Ledger.GetPosition(t.Context(), &ledgerv1.GetPositionRequest{})
	r := refusal(t, err)
	if strings.Contains(err.Error(), "pool") || r.Reason == "" || r.Retry != client.RetrySame {
		t.Errorf("%v", err)
	}
}

func TestConfigRefusesEarly(t *testing.T) {
	t.Parallel()
	if _, err := api.New(api.Config{}); err == nil || !strings.Contains(err.Error(), "Config.Engine") {
		t.Error(err)
	}
	if _, _, err := gate.MintKey("id", "main", "god"); err == nil {
		t.Error("an unknown role passed")
	}
}

// testRaces sends the same and different requests under one key at once.
func testRaces(t *testing.T, h *house) {
	c := h.caller(t)
	const callers = 8
	ids, refusals := map[string]bool{}, map[string]int{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() {
			req := c.openRequest(1)
			if i%2 == 1 {
				req.Details.Name = "ООО «Лютик»" // another request under the key
			}
			answer, err := c.Companies.OpenCompany(t.Context(), req)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ids[answer.GetCompany().GetCompanyId()+answer.GetCompany().GetDetails().GetName()] = true
				return
			}
			var r *client.Refusal
			if errors.As(err, &r) {
				refusals[r.Code]++
			} else {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if len(ids) != 1 || refusals["key_reused"] != callers/2 || len(refusals) != 1 {
		t.Errorf("%v %v", ids, refusals)
	}
	var company string
	list, err := c.Companies.ListCompanies(t.Context(), &companyv1.ListCompaniesRequest{Book: c.book})
	if err != nil || len(list.GetCompanies()) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	company = list.GetCompanies()[0].GetCompanyId()
	worker := c.executor(1, "entrepreneur", account(1))
	tasks := map[string]int{}
	for range callers {
		wait.Go(func() {
			answer, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "t", CompanyId: company, Task: draft("10.00", worker)})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			tasks[answer.GetTask().GetId()]++
		})
	}
	wait.Wait()
	if len(tasks) != 1 {
		t.Errorf("%v", tasks)
	}
}
