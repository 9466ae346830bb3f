package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/provodka/provodka/api/app"
	"github.com/provodka/provodka/api/books"
	"github.com/provodka/provodka/api/callback"
	"github.com/provodka/provodka/api/company"
	"github.com/provodka/provodka/api/consent"
	"github.com/provodka/provodka/api/document"
	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/api/invitation"
	"github.com/provodka/provodka/api/postback"
	"github.com/provodka/provodka/api/product"
	"github.com/provodka/provodka/api/register"
	"github.com/provodka/provodka/api/registration"
	"github.com/provodka/provodka/api/rest"
	"github.com/provodka/provodka/api/statement"
	"github.com/provodka/provodka/api/subscription"
	"github.com/provodka/provodka/api/task"
	"github.com/provodka/provodka/api/tax"
	"github.com/provodka/provodka/api/user"
	"github.com/provodka/provodka/engine/private/password"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/proto/gen/provodka/company/v1/companyv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/document/v1/documentv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/executor/v1/executorv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/ledger/v1/ledgerv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/register/v1/registerv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/registration/v1/registrationv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/statement/v1/statementv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/subscription/v1/subscriptionv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/task/v1/taskv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/tax/v1/taxv1connect"
	"github.com/provodka/provodka/proto/gen/provodka/user/v1/userv1connect"
)

// How many passwords are hashed at once, each with 19 MiB, and how many wait for it.
const (
	passwordsAtOnce  = 2
	passwordsWaiting = 64
)

// Server serves the API. It is an http.Handler, safe for concurrent use.
type Server struct {
	cfg           Config
	gate          *gate.Gate
	mux           *http.ServeMux
	subscriptions *subscription.Service
	statements    *statement.Service
}

// New makes a server.
func New(cfg Config) (*Server, error) {
	g, err := gate.New(cfg.Config)
	if err != nil {
		return nil, err
	}
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	texts, err := consent.Load()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, gate: g, mux: http.NewServeMux()}
	if err := s.routes(texts); err != nil {
		return nil, err
	}
	plain, err := rest.New(gate.Methods(), s.mux)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s.mux.Handle(gate.RestPath, plain)
	own, err := productAPI(g, s.mux)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s.mux.Handle(gate.ProductPath, own)
	docs, err := rest.Docs()
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s.mux.Handle("/openapi.json", docs)
	s.mux.Handle("/docs", docs)
	return s, nil
}

// productAPI serves the API of the product's document.
func productAPI(g *gate.Gate, next http.Handler) (*product.Handler, error) {
	caller := func(req *http.Request) (product.Caller, *fault.Refusal) {
		who, refusal := g.Company(req)
		return product.Caller{Book: who.Book, Company: who.Owner, Personal: who.Has(gate.RolePersonal)}, refusal
	}
	return product.New(product.Config{Next: next, Caller: caller, Refused: g.Refused})
}

// routes makes the services, those first that others use, and says where each is served.
func (s *Server) routes(texts consent.Texts) error {
	hasher := password.New(s.cfg.Passwords, passwordsAtOnce, passwordsWaiting)
	ledger := books.New(s.gate, s.cfg.OpenAccounts)
	executors := executor.New(s.gate)
	companies := company.New(s.gate, ledger, s.cfg.Own[0])
	documents := document.New(s.gate, executors, s.cfg.Drawer, s.cfg.Press, s.cfg.Site)
	tasks := task.New(s.gate, executors, documents)
	s.subscriptions = subscription.New(s.gate, tasks, s.cfg.PostbackPrivate, s.cfg.PostbackEvery)

	invitations := invitation.New(s.gate, executors, texts, s.cfg.Site)
	registrations, err := registration.New(s.gate, companies, hasher, texts, s.cfg.Registration)
	if err != nil {
		return err
	}
	own, asked, bank := map[string]string{}, map[string]bool{}, ""
	for _, a := range s.cfg.Own {
		asked[a.Account] = a.Asked
		own[a.Account] = a.Name
		if a.BankINN != "" {
			bank = a.BankINN
		}
	}
	s.statements = statement.New(s.gate, s.cfg.Statements, own, asked, bank, s.cfg.Pull)
	o := s.gate.Options()
	s.mux.Handle(ledgerv1connect.NewLedgerServiceHandler(ledger, o...))
	s.mux.Handle(ledgerv1connect.NewProofServiceHandler(books.NewProofs(s.gate), o...))
	s.mux.Handle(ledgerv1connect.NewExportServiceHandler(books.NewExports(s.gate), o...))
	s.mux.Handle(companyv1connect.NewCompanyServiceHandler(companies, o...))
	s.mux.Handle(executorv1connect.NewExecutorServiceHandler(executors, o...))
	s.mux.Handle(documentv1connect.NewDocumentServiceHandler(documents, o...))
	s.mux.HandleFunc("GET "+document.SignPath, document.SignPage)
	s.mux.HandleFunc("GET "+invitation.JoinPath, invitation.JoinPage)
	s.mux.Handle(executorv1connect.NewExecutorAppServiceHandler(app.New(s.gate, executors, tasks), o...))
	s.mux.Handle(executorv1connect.NewInvitationServiceHandler(invitations, o...))
	s.mux.Handle(taskv1connect.NewTaskServiceHandler(tasks, o...))
	s.mux.Handle(taxv1connect.NewTaxServiceHandler(tax.New(s.gate, executors), o...))
	s.mux.Handle(registerv1connect.NewRegisterServiceHandler(register.New(s.gate, tasks, s.cfg.Registers), o...))
	s.mux.Handle(statementv1connect.NewStatementServiceHandler(s.statements, o...))
	s.mux.Handle(subscriptionv1connect.NewSubscriptionServiceHandler(s.subscriptions, o...))
	s.mux.Handle(userv1connect.NewUserServiceHandler(user.New(s.gate, hasher), o...))
	s.mux.Handle(registrationv1connect.NewRegistrationServiceHandler(registrations, o...))
	if len(s.cfg.Callbacks) > 0 {
		s.mux.Handle("POST "+callback.Path+"{provider}", callback.New(s.gate, s.cfg.Hearer, s.cfg.Callbacks))
	}
	health(s.mux, s.cfg.Ready)
	reflection(s.mux)
	return nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.gate.Serve(w, r, s.mux) }

// Postbacks makes what delivers to subscriptions. Every process with an API may run
// it: a subscription is worked on by one at a time.
func (s *Server) Postbacks(process string) (*postback.Deliverer, error) {
	return s.subscriptions.Postbacks(process)
}

// Pull reads statements from the bank, as Config.Pull says, until the context ends. Every process
// with an API may.
func (s *Server) Pull(ctx context.Context) { s.statements.Run(ctx) }
