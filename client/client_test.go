package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	"github.com/provodka/provodka/proto/gen/provodka/ledger/v1/ledgerv1connect"
)

// server answers Post by a script and keeps what it was asked.
type server struct {
	ledgerv1connect.UnimplementedLedgerServiceHandler
	mu     sync.Mutex
	asked  []*ledgerv1.PostRequest
	keys   []string
	answer func(n int) (*ledgerv1.PostResponse, error)
}

func (s *server) Post(_ context.Context, req *ledgerv1.PostRequest) (*ledgerv1.PostResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, proto.CloneOf(req))
	return s.answer(len(s.asked))
}

func (s *server) GetEntry(_ context.Context, req *ledgerv1.GetEntryRequest) (*ledgerv1.GetEntryResponse, error) {
	if req.GetKey() != "" {
		return nil, errors.New("a key was invented")
	}
	return &ledgerv1.GetEntryResponse{}, nil
}

func (s *server) RequestApproval(_ context.Context, req *ledgerv1.RequestApprovalRequest) (*ledgerv1.RequestApprovalResponse, error) {
	if req.GetReopen().GetKey() == "" && req.GetAccount().GetKey() == "" {
		return nil, errors.New("what is asked for has no key")
	}
	return &ledgerv1.RequestApprovalResponse{}, nil
}

func start(t *testing.T, s *server, options ...Option) *Client {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(ledgerv1connect.NewLedgerServiceHandler(s))
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.keys = append(s.keys, r.Header.Get("Authorization"))
		s.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	c, err := New(web.URL+"/", "pk_key", append([]Option{WithBackoff(time.Millisecond, 2*time.Millisecond), WithBook("main")}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refuse is an error as the server makes them.
func refuse(code connect.Code, reason, retry string, after time.Duration) error {
	err := connect.NewError(code, errors.New(reason))
	info, _ := connect.NewErrorDetail(&errdetails.ErrorInfo{Reason: reason, Domain: "provodka", Metadata: map[string]string{
		"field": "operations", "reason": "why", "russian": "почему", "retry": retry, "available": "1.00",
	}})
	err.AddDetail(info)
	if retry == "same" {
		d, _ := connect.NewErrorDetail(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
		err.AddDetail(d)
	}
	return err
}

func twoOperations() *ledgerv1.PostRequest {
	return &ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{{Key: "mine"}, {}}}
}

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	s := &server{answer: func(n int) (*ledgerv1.PostResponse, error) {
		if n < 4 {
			return nil, refuse(connect.CodeUnavailable, "unavailable", "same", time.Millisecond)
		}
		return &ledgerv1.PostResponse{Position: "0.1"}, nil
	}}
	c := start(t, s)
	req := twoOperations()
	answer, err := c.Ledger.Post(t.Context(), req)
	if err != nil || answer.GetPosition() != "0.1" || len(s.asked) != 4 {
		t.Fatalf("%v %v after %d attempts", answer, err, len(s.asked))
	}
	made := req.GetOperations()[1].GetKey()
	if id, err := uuid.Parse(made); err != nil || id.Version() != 7 {
		t.Errorf("the key %q is no UUIDv7", made)
	}
	for _, asked := range s.asked {
		if asked.GetOperations()[0].GetKey() != "mine" || asked.GetOperations()[1].GetKey() != made || asked.GetBook() != "main" {
			t.Errorf("an attempt was another request: %v", asked)
		}
	}
	if s.keys[0] != "Bearer pk_key" {
		t.Error(s.keys)
	}
	for _, ask := range []*ledgerv1.RequestApprovalRequest{
		{What: &ledgerv1.RequestApprovalRequest_Reopen{Reopen: &ledgerv1.ReopenPeriods{}}},
		{What: &ledgerv1.RequestApprovalRequest_Account{Account: &ledgerv1.AccountChange{}}},
	} {
		if _, err := c.Ledger.RequestApproval(t.Context(), ask); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.Ledger.GetEntry(t.Context(), &ledgerv1.GetEntryRequest{Which: &ledgerv1.GetEntryRequest_Id{Id: "0.1"}}); err != nil {
		t.Error(err)
	}
}

func TestRefusalsAreTypedAndNotTriedAgain(t *testing.T) {
	t.Parallel()
	s := &server{answer: func(int) (*ledgerv1.PostResponse, error) {
		return nil, refuse(connect.CodeFailedPrecondition, "insufficient_funds", "changed", 0)
	}}
	_, err := start(t, s).Ledger.Post(t.Context(), twoOperations())
	var r *Refusal
	var ce *connect.Error
	if !errors.As(err, &r) || !errors.As(err, &ce) || len(s.asked) != 1 {
		t.Fatalf("%v after %d attempts", err, len(s.asked))
	}
	if r.Code != "insufficient_funds" || r.Field != "operations" || r.Reason != "why" || r.Russian != "почему" || r.Retry != RetryChanged ||
		r.Facts["available"] != "1.00" || len(r.Facts) != 1 || connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("%+v", r)
	}
}

func TestTheServersPauseIsKept(t *testing.T) {
	t.Parallel()
	const pause = 150 * time.Millisecond
	s := &server{answer: func(n int) (*ledgerv1.PostResponse, error) {
		if n == 1 {
			return nil, refuse(connect.CodeResourceExhausted, "queue_full", "same", pause)
		}
		return &ledgerv1.PostResponse{}, nil
	}}
	began := time.Now()
	if _, err := start(t, s).Ledger.Post(t.Context(), twoOperations()); err != nil || time.Since(began) < pause {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestAnEndComes(t *testing.T) {
	t.Parallel()
	s := &server{answer: func(int) (*ledgerv1.PostResponse, error) {
		return nil, refuse(connect.CodeUnavailable, "unavailable", "same", time.Millisecond)
	}}
	_, err := start(t, s, WithAttempts(3)).Ledger.Post(t.Context(), twoOperations())
	var r *Refusal
	if !errors.As(err, &r) || r.Retry != RetrySame || len(s.asked) != 3 {
		t.Errorf("%v after %d attempts", err, len(s.asked))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := start(t, s).Ledger.Post(ctx, twoOperations()); err == nil {
		t.Error("a call that was given up was answered")
	}
}

func TestPartsOfABatchAreAskedAgain(t *testing.T) {
	t.Parallel()
	s := &server{answer: func(n int) (*ledgerv1.PostResponse, error) {
		first := &ledgerv1.OperationResult{Id: "0.1", Replayed: n > 1}
		second := &ledgerv1.OperationResult{Refusal: &ledgerv1.Refusal{Code: "unavailable", Retry: ledgerv1.Retry_RETRY_SAME}}
		if n == 3 {
			second = &ledgerv1.OperationResult{Id: "1.7"}
		}
		return &ledgerv1.PostResponse{Results: []*ledgerv1.OperationResult{first, second}}, nil
	}}
	answer, err := start(t, s).Ledger.Post(t.Context(), twoOperations())
	if err != nil || len(s.asked) != 3 || answer.GetResults()[0].GetReplayed() || answer.GetResults()[1].GetId() != "1.7" {
		t.Errorf("%v %v after %d attempts", answer, err, len(s.asked))
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range [][2]string{{"books.example", "pk_x"}, {"http://books.example", ""}} {
		if _, err := New(tc[0], tc[1]); err == nil {
			t.Errorf("%v passed", tc)
		}
	}
	if CodeOf(nil) != "" || CodeOf(errors.New("x")) != "" || CodeOf(fmt.Errorf("posting: %w", &Refusal{Code: "expired"})) != "expired" {
		t.Error("CodeOf")
	}
	if RefusalOf(nil) != nil || RefusalOf(&ledgerv1.Refusal{Code: "x", Retry: ledgerv1.Retry_RETRY_NEVER}).Retry != RetryNever {
		t.Error("RefusalOf")
	}
}
