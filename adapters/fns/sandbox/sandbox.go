package sandbox

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/provodka/provodka/engine/port/leanxml"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
)

// Options of the sandbox; all have defaults.
type Options struct {
	MasterToken string           // the master token that is let in; "" lets any in
	TokenLife   time.Duration    // of a temporary token; an hour by default
	Processing  int              // how many times a message answers PROCESSING first; below 0 never, 0 is 1
	Stranger    *Person          // who an INN that is not in the registry belongs to; nil: not on NPD
	Entities    []Entity         // companies of the register; an INN that is not here has none
	PeopleFile  string           // JSON list of Person, read at the start; "" for none
	Script      stage.Script     // played from the start, unless the books remember another
	Now         func() time.Time // time.Now by default
}

// Server is the service. It is an http.Handler; mount it at the root of a loopback port.
type Server struct {
	books       *stage.Books
	people      *people
	mux         *http.ServeMux
	masterToken string
	tokenLife   time.Duration
	processing  int
	now         func() time.Time
	entities    []Entity

	mu       sync.Mutex
	tokens   map[string]time.Time // temporary token → its end
	messages map[string]*message
	listed   map[string]int // registration → how often its receipt was listed
}

// played are the faults that make sense at this service.
var played = []stage.Fault{
	stage.Slow, stage.Silent, stage.SilentApplied, stage.Error, stage.ErrorApplied, stage.InProgress,
	stage.UnknownStatus, stage.Refuse, stage.Lost, stage.LostApplied, stage.TakenBack, stage.Duplicate, stage.Reordered,
}

// Faults are those that the service plays.
func Faults() []stage.Fault { return slices.Clone(played) }

// Operations are the words of scripts for what is asked of the service; "" registers income.
func Operations() []string {
	return []string{
		"", "auth", "status", "permissions", "account", "entity", "documents", "cancel", "receipts", "bind", "bind_status", "grant", "grant_status",
		"unbind", "leavers", "inn_changes", "period",
	}
}

// New opens the books in dir, or begins them.
func New(dir string, o Options) (*Server, error) {
	s := &Server{
		people:      &people{known: map[string]Person{}, stranger: o.Stranger, used: map[string]money.Amount{}, income: map[string][]stage.Payment{}, canceled: map[string]string{}, orders: map[string]order{}},
		mux:         http.NewServeMux(),
		masterToken: o.MasterToken, tokenLife: cmp.Or(o.TokenLife, time.Hour), processing: max(cmp.Or(o.Processing, 1), 0), now: o.Now,
		tokens: map[string]time.Time{}, messages: map[string]*message{}, listed: map[string]int{}, entities: o.Entities,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if o.PeopleFile != "" {
		if err := s.people.load(o.PeopleFile); err != nil {
			return nil, fmt.Errorf("fns sandbox: people: %w", err)
		}
	}
	var err error
	s.books, err = stage.Open(dir, stage.Options{
		Script: o.Script, Supported: played, Now: s.now, Make: s.receipt, Made: s.people.earned,
		OnNote: func(note json.RawMessage) error {
			switch {
			case bytes.HasPrefix(note, []byte(`{"order"`)):
				return s.people.ordered(note)
			case bytes.HasPrefix(note, []byte("{")):
				return s.people.annul(note)
			}
			var list []Person
			if err := json.Unmarshal(note, &list); err != nil {
				return err
			}
			s.people.set(list)
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("fns sandbox: %w", err)
	}
	for _, path := range []string{"POST /open-api/AuthService", "POST /open-api/AuthService/0.1"} {
		s.mux.HandleFunc(path, s.auth)
	}
	s.mux.HandleFunc("POST /ais3/smz/SmzIntegrationService", s.serve)
	s.books.Routes(s.mux)
	s.peopleRoutes()
	return s, nil
}

// Close ends silences and closes the books.
func (s *Server) Close() error { return s.books.Close() }

// Books are the service's own books: one line per OperationUniqueId, account = the
// person's INN, extra = receipt_id, link, tax_to_pay, bonus_used.
func (s *Server) Books() *stage.Books { return s.books }

// Person is a taxpayer as the service knows them; false when it does not.
func (s *Server) Person(inn string) (Person, bool) { return s.people.find(inn) }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// read reads an envelope.
func read(w http.ResponseWriter, r *http.Request) (*request, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var req *request
	if err == nil {
		req, err = leanxml.Unmarshal[request](body)
	}
	if err != nil {
		soapFault(w, "Сообщение не соответствует схеме: "+err.Error(), "")
		return nil, false
	}
	return req, true
}

// auth gives a temporary token for a master token.
func (s *Server) auth(w http.ResponseWriter, r *http.Request) {
	req, ok := read(w, r)
	if !ok {
		return
	}
	if rule := s.books.Behave(stage.Subject{Op: "auth"}); rule.Fault == stage.Error {
		soapFault(w, cmp.Or(rule.Message, "Сервис временно недоступен"), "")
		return
	}
	if req.Body.Auth == nil || req.Body.Auth.MasterToken == "" || s.masterToken != "" && req.Body.Auth.MasterToken != s.masterToken {
		soapFault(w, "Доступ к сервису для token запрещен", "AuthenticationFault")
		return
	}
	token, ends := newID(), s.now().Add(s.tokenLife)
	s.mu.Lock()
	s.tokens[token] = ends
	s.mu.Unlock()
	answer(w, http.StatusOK, fmt.Sprintf(
		`<GetMessageResponse xmlns=%q><Message><AuthResponse xmlns=%q xmlns:ns2=%q><ns2:Result><ns2:Token>%s</ns2:Token><ns2:ExpireTime>%s</ns2:ExpireTime></ns2:Result></AuthResponse></Message></GetMessageResponse>`,
		nsSync, nsAuth, nsAuth, token, ends.Format("2006-01-02T15:04:05.000Z07:00")))
}

// serve takes SendMessage and GetMessage.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	req, ok := read(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	ends, given := s.tokens[r.Header.Get("FNS-OpenApi-Token")]
	s.mu.Unlock()
	action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
	switch {
	case !given || !s.now().Before(ends) || r.Header.Get("FNS-OpenApi-UserToken") == "":
		soapFault(w, "Доступ к сервису для token запрещен", "AuthenticationFault")
	case req.Body.Send != nil && action == "urn:SendMessageRequest":
		s.send(w, r, req)
	case req.Body.Get != nil && action == "urn:GetMessageRequest":
		s.get(w, req.Body.Get.MessageID)
	default:
		soapFault(w, "Неизвестная операция", "")
	}
}

// RevokeTokens makes every temporary token bad, as the service does when it restarts.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// receipt is what the service makes of an income when it registers it.
func (s *Server) receipt(p stage.Payment) map[string]string {
	sum := sha256.Sum256([]byte(p.ID))
	id := "20" + hex.EncodeToString(sum[:4])
	amount, err := money.RUB.Parse(p.Amount)
	if err != nil {
		panic("fns sandbox: an income of no amount was let in: " + p.Amount)
	}
	tax, bonus := s.people.tax(p.INN, p.Detail["income_type"], amount)
	return map[string]string{
		"receipt_id": id, "link": "https://lknpd.nalog.ru/api/v1/receipt/" + p.INN + "/" + id + "/print",
		"tax_to_pay": money.RUB.Format(tax), "bonus_used": money.RUB.Format(bonus),
	}
}

func newID() string { return strings.ToLower(rand.Text()) }
