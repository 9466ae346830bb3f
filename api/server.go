package api

import (
	"fmt"
	"net/http"
	"slices"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect"
	"connectrpc.com/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/provodka/provodka/api/consent"
	"github.com/provodka/provodka/api/rest"
	"github.com/provodka/provodka/engine/private/password"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	"github.com/provodka/provodka/proto/gen/provodka/company/v1/companyv1connect"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	"github.com/provodka/provodka/proto/gen/provodka/document/v1/documentv1connect"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	"github.com/provodka/provodka/proto/gen/provodka/executor/v1/executorv1connect"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	"github.com/provodka/provodka/proto/gen/provodka/ledger/v1/ledgerv1connect"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
	"github.com/provodka/provodka/proto/gen/provodka/register/v1/registerv1connect"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
	"github.com/provodka/provodka/proto/gen/provodka/registration/v1/registrationv1connect"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	"github.com/provodka/provodka/proto/gen/provodka/statement/v1/statementv1connect"
	subscriptionv1 "github.com/provodka/provodka/proto/gen/provodka/subscription/v1"
	"github.com/provodka/provodka/proto/gen/provodka/subscription/v1/subscriptionv1connect"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	"github.com/provodka/provodka/proto/gen/provodka/task/v1/taskv1connect"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
	"github.com/provodka/provodka/proto/gen/provodka/tax/v1/taxv1connect"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
	"github.com/provodka/provodka/proto/gen/provodka/user/v1/userv1connect"
)

// Server serves the API. It is an http.Handler, safe for concurrent use.
type Server struct {
	cfg      Config
	mux      *http.ServeMux
	metrics  *metrics
	access   map[string][]string // of keys, by method
	persons  map[string][]string // of people
	services []string
	uploads  map[string]bool // methods to which callers stream
	keys     *keyCache
	sessions *sessionCache
	hasher   *password.Hasher
	logins   limits
	signings limits
	renders  chan struct{} // PDFs that are being made
	open     *openCache
	pages    pages
	rules    connect.Interceptor
	consents consent.Texts // that people accept
}

// files are the descriptors of our services.
func files() []protoreflect.FileDescriptor {
	return []protoreflect.FileDescriptor{
		ledgerv1.File_provodka_ledger_v1_ledger_proto, ledgerv1.File_provodka_ledger_v1_proof_proto, ledgerv1.File_provodka_ledger_v1_export_proto, companyv1.File_provodka_company_v1_company_proto,
		executorv1.File_provodka_executor_v1_executor_proto, executorv1.File_provodka_executor_v1_app_proto, documentv1.File_provodka_document_v1_document_proto, taskv1.File_provodka_task_v1_service_proto,
		registerv1.File_provodka_register_v1_register_proto, statementv1.File_provodka_statement_v1_statement_proto,
		subscriptionv1.File_provodka_subscription_v1_subscription_proto, taxv1.File_provodka_tax_v1_tax_proto, userv1.File_provodka_user_v1_user_proto,
		registrationv1.File_provodka_registration_v1_registration_proto,
	}
}

// methods lists the methods of our services.
func methods() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	for _, f := range files() {
		for i := range f.Services().Len() {
			service := f.Services().Get(i)
			for j := range service.Methods().Len() {
				all = append(all, service.Methods().Get(j))
			}
		}
	}
	return all
}

// methodName is "provodka.ledger.v1.LedgerService/Post".
func methodName(m protoreflect.MethodDescriptor) string {
	return string(m.Parent().FullName()) + "/" + string(m.Name())
}

// New makes a server.
func New(cfg Config) (*Server, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, mux: http.NewServeMux(), uploads: map[string]bool{}, open: newOpenCache(cfg.DB, cfg.OpenAccounts),
		keys:     &keyCache{db: cfg.DB, now: cfg.Now, keep: cfg.KeyCache, rows: map[[32]byte]cachedKey{}},
		sessions: &sessionCache{rows: map[[32]byte]cachedSession{}},
		hasher:   password.New(cfg.Passwords, passwordsAtOnce, passwordsWaiting),
		logins:   newLimits(cfg.Now),
		signings: signingLimits(cfg.Now), renders: make(chan struct{}, rendersAtOnce),
	}
	var err error
	if s.access, err = parseAccess(accessDocument); err != nil {
		return nil, err
	}
	if s.persons, err = parsePeople(peopleDocument); err != nil {
		return nil, err
	}
	if err := checkAccess(s.access, s.persons); err != nil {
		return nil, err
	}
	if s.metrics, err = newMetrics(cfg.Metrics); err != nil {
		return nil, err
	}
	if s.pages, err = newPages(cfg.Vault.Key("page tokens")); err != nil {
		return nil, err
	}
	validator, err := newValidator()
	if err != nil {
		return nil, err
	}
	s.rules = validate.NewInterceptor(validate.WithValidator(validator), validate.WithoutErrorDetails())
	if s.consents, err = consent.Load(); err != nil {
		return nil, err
	}
	s.routes()
	plain, err := rest.New(methods(), s.mux)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s.mux.Handle(restPath, plain)
	own, err := s.productAPI()
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s.mux.Handle(productPath, own)
	docs, err := rest.Docs()
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s.mux.Handle("/openapi.json", docs)
	s.mux.Handle("/docs", docs)
	return s, nil
}

// restPath is where every path of google.api.http begins.
const restPath = "/v1/"

// productPath is where every path of the product's own API begins.
const productPath = "/api/"

func (s *Server) routes() {
	o := s.options()
	s.mux.Handle(ledgerv1connect.NewLedgerServiceHandler(ledgerService{s}, o...))
	s.mux.Handle(ledgerv1connect.NewProofServiceHandler(proofService{s}, o...))
	s.mux.Handle(ledgerv1connect.NewExportServiceHandler(exportService{s, make(chan struct{}, exportsAtOnce)}, o...))
	s.mux.Handle(companyv1connect.NewCompanyServiceHandler(companyService{s}, o...))
	s.mux.Handle(executorv1connect.NewExecutorServiceHandler(executorService{s}, o...))
	s.mux.Handle(documentv1connect.NewDocumentServiceHandler(documentService{s}, o...))
	s.mux.HandleFunc("GET "+signPath, s.signPage)
	s.mux.Handle(executorv1connect.NewExecutorAppServiceHandler(appService{s}, o...))
	s.mux.Handle(taskv1connect.NewTaskServiceHandler(taskService{s}, o...))
	s.mux.Handle(taxv1connect.NewTaxServiceHandler(taxService{s}, o...))
	s.mux.Handle(registerv1connect.NewRegisterServiceHandler(registerService{s, make(chan struct{}, uploadsAtOnce)}, o...))
	s.mux.Handle(statementv1connect.NewStatementServiceHandler(statementService{s}, o...))
	s.mux.Handle(subscriptionv1connect.NewSubscriptionServiceHandler(subscriptionService{s}, o...))
	s.mux.Handle(userv1connect.NewUserServiceHandler(userService{s}, o...))
	s.mux.Handle(registrationv1connect.NewRegistrationServiceHandler(newRegistrationService(s), o...))
	for _, m := range methods() {
		if m.IsStreamingClient() {
			s.uploads[methodName(m)] = true
		}
		if name := string(m.Parent().FullName()); !slices.Contains(s.services, name) {
			s.services = append(s.services, name)
		}
	}
	s.health(s.mux)
	s.reflection(s.mux)
}

// newValidator compiles the rules of every request at start.
func newValidator() (protovalidate.Validator, error) {
	var requests []proto.Message
	for _, m := range methods() {
		t, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
		if err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
		requests = append(requests, t.New().Interface())
	}
	v, err := protovalidate.New(protovalidate.WithMessages(requests...))
	if err != nil {
		return nil, fmt.Errorf("api: the rules of the requests: %w", err)
	}
	return quick{v}, nil
}
