package client

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/provodka/provodka/proto/gen/provodka/company/v1/companyv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/document/v1/documentv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/executor/v1/executorv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/ledger/v1/ledgerv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/register/v1/registerv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/statement/v1/statementv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/subscription/v1/subscriptionv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/task/v1/taskv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/tax/v1/taxv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/user/v1/userv1connect"
)

// Client is the services of one server under one key. It is safe for concurrent use.
type Client struct {
	Ledger     ledgerv1connect.LedgerServiceClient
	Proofs     ledgerv1connect.ProofServiceClient
	Exports    ledgerv1connect.ExportServiceClient
	Companies  companyv1connect.CompanyServiceClient
	Executors  executorv1connect.ExecutorServiceClient
	Tasks      taskv1connect.TaskServiceClient
	Taxes      taxv1connect.TaxServiceClient
	Registers  registerv1connect.RegisterServiceClient
	Statements statementv1connect.StatementServiceClient
	// Subscriptions are to companies' own servers.
	Subscriptions subscriptionv1connect.SubscriptionServiceClient
	// Documents are agreements and acts of tasks.
	Documents documentv1connect.DocumentServiceClient
	// App is what an executor's application calls, with a session's token for a key.
	App executorv1connect.ExecutorAppServiceClient
	// Invitations make people a company's executors by a link.
	Invitations executorv1connect.InvitationServiceClient
	// Users are people who act for companies.
	Users userv1connect.UserServiceClient
}

// settings are what options change.
type settings struct {
	http     connect.HTTPClient
	book     string
	attempts int
	first    time.Duration
	longest  time.Duration
	connect  []connect.ClientOption
}

// Option changes a client.
type Option func(*settings)

// WithHTTPClient sets the HTTP client; gRPC without TLS needs one that speaks HTTP/2
// in the clear.
func WithHTTPClient(c connect.HTTPClient) Option { return func(s *settings) { s.http = c } }

// WithBook sets the book of requests that name none.
func WithBook(book string) Option { return func(s *settings) { s.book = book } }

// WithAttempts sets how often a request is sent at most, 1 to send it once; 8 by default.
func WithAttempts(n int) Option { return func(s *settings) { s.attempts = max(1, n) } }

// WithBackoff sets the first and the longest pause between two attempts, where the
// server does not say one; 100 ms and 5 s by default.
func WithBackoff(first, longest time.Duration) Option {
	return func(s *settings) { s.first, s.longest = first, longest }
}

// WithConnect adds options of connect: WithGRPC, WithProtoJSON, WithSendGzip.
func WithConnect(options ...connect.ClientOption) Option {
	return func(s *settings) { s.connect = append(s.connect, options...) }
}

// New makes a client; it makes no call.
func New(url, key string, options ...Option) (*Client, error) {
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return nil, errors.New("client: the address must begin with http:// or https://")
	}
	if key == "" {
		return nil, errors.New("client: the key is empty")
	}
	s := settings{http: http.DefaultClient, attempts: 8, first: 100 * time.Millisecond, longest: 5 * time.Second}
	for _, o := range options {
		o(&s)
	}
	o := append([]connect.ClientOption{connect.WithInterceptors(&caller{settings: s, authorization: "Bearer " + key})}, s.connect...)
	url = strings.TrimSuffix(url, "/")
	return &Client{
		Ledger:        ledgerv1connect.NewLedgerServiceClient(s.http, url, o...),
		Proofs:        ledgerv1connect.NewProofServiceClient(s.http, url, o...),
		Exports:       ledgerv1connect.NewExportServiceClient(s.http, url, o...),
		Companies:     companyv1connect.NewCompanyServiceClient(s.http, url, o...),
		Documents:     documentv1connect.NewDocumentServiceClient(s.http, url, o...),
		Executors:     executorv1connect.NewExecutorServiceClient(s.http, url, o...),
		Tasks:         taskv1connect.NewTaskServiceClient(s.http, url, o...),
		Taxes:         taxv1connect.NewTaxServiceClient(s.http, url, o...),
		Registers:     registerv1connect.NewRegisterServiceClient(s.http, url, o...),
		Statements:    statementv1connect.NewStatementServiceClient(s.http, url, o...),
		Subscriptions: subscriptionv1connect.NewSubscriptionServiceClient(s.http, url, o...),
		App:           executorv1connect.NewExecutorAppServiceClient(s.http, url, o...),
		Invitations:   executorv1connect.NewInvitationServiceClient(s.http, url, o...),
		Users:         userv1connect.NewUserServiceClient(s.http, url, o...),
	}, nil
}
