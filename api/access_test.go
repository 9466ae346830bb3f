package api_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// eachMethod walks the methods of all services of ours, but for streams, which JSON of
// one message does not reach.
func eachMethod(t *testing.T, each func(name string, in protoreflect.MessageDescriptor)) {
	t.Helper()
	n := 0
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(f.Package()), "provodka.") {
			return true
		}
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				m := s.Methods().Get(j)
				if m.IsStreamingServer() {
					continue
				}
				each(string(s.FullName())+"/"+string(m.Name()), m.Input())
				n++
			}
		}
		return true
	})
	if n < 50 {
		t.Errorf("only %d methods", n)
	}
}

// asksNobody says whether a method asks for no key, by its row in access.md. Registrations
// ask for a token of their own (registration_test.go), documents for a link.
func asksNobody(method string) bool {
	text, err := os.ReadFile("gate/access.md")
	return err == nil && strings.Contains(string(text), "| "+method+" | public |")
}

// forPeople are the methods that no key opens, beside those of an executor's application.
var forPeople = map[string]bool{
	"provodka.user.v1.UserService/Logout": true, "provodka.user.v1.UserService/GetMe": true, "provodka.user.v1.UserService/ListSessions": true,
	"provodka.user.v1.UserService/RevokeSession": true, "provodka.user.v1.UserService/ChangePassword": true,
}

// testAccess calls every method without a key, with a foreign key, with a foreign
// book and with a key that has no role for it.
func testAccess(t *testing.T, h *house) {
	c, other := h.caller(t), h.caller(t)
	poor := &caller{house: h, t: t, book: c.book, key: h.mint(t, c.book, gate.RolePersonal)}
	reader := &caller{house: h, t: t, book: c.book, key: h.mint(t, c.book, gate.RoleReader)}
	nobody := &caller{house: h, t: t, book: c.book, key: "pk_invented"}
	eachMethod(t, func(name string, in protoreflect.MessageDescriptor) {
		if asksNobody(name) {
			return
		}
		body := bodyOf(t, in, other.book)
		for what, key := range map[string]*caller{"no key": {house: h, t: t}, "an invented key": nobody} {
			status, answer := key.post(name, "application/json", body)
			wantWire(t, name+" with "+what, status, answer, fault.Unauthenticated, "authorization")
		}
		if in.Fields().ByName("book") != nil && !forPeople[name] && !strings.Contains(name, "ExecutorAppService/") {
			status, answer := c.post(name, "application/json", body)
			wantWire(t, name+" in a foreign book", status, answer, fault.PermissionDenied, "book")
		}
		status, answer := poor.post(name, "application/json", bodyOf(t, in, c.book))
		if name == "provodka.ledger.v1.LedgerService/GetPosition" || name == "provodka.ledger.v1.LedgerService/ListRefusals" {
			if status != http.StatusOK {
				t.Errorf("%s is for every key: %s", name, answer)
			}
			return
		}
		if name == "provodka.executor.v1.ExecutorService/EraseExecutor" { // the one that the role is for
			status, answer = reader.post(name, "application/json", bodyOf(t, in, c.book))
		}
		wantWire(t, name+" without the role", status, answer, fault.PermissionDenied, "")
	})
	testRevoked(t, h)
	revoked := gate.KeyRow("gone", c.book, "pk_revoked")
	if err := h.db.PutAPIKey(t.Context(), revoked); err != nil {
		t.Fatal(err)
	}
	gone := &caller{house: h, t: t, key: "pk_revoked"}
	status, answer := gone.post("provodka.ledger.v1.LedgerService/ListRefusals", "application/json", "{}")
	wantWire(t, "a revoked key", status, answer, fault.Unauthenticated, "authorization")
}

// testRevoked takes a key away that was let in a moment ago: it is believed no longer than
// the cache keeps it, which is a millisecond here.
func testRevoked(t *testing.T, h *house) {
	c := h.caller(t)
	text, row, err := gate.MintKey("taken-"+c.book, c.book, gate.RoleReader)
	if err != nil {
		t.Fatal(err)
	}
	row.Created = time.Now()
	if err := h.db.PutAPIKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	c.key = text
	ask := func() int {
		status, _ := c.post("provodka.ledger.v1.LedgerService/ListRefusals", "application/json", "{}")
		return status
	}
	if status := ask(); status != http.StatusOK {
		t.Fatalf("before: %d", status)
	}
	if there, err := h.db.RevokeAPIKey(t.Context(), row.ID); err != nil || !there {
		t.Fatal(there, err)
	}
	for until := time.Now().Add(patience); ask() != http.StatusUnauthorized; c.pause() {
		if time.Now().After(until) {
			t.Fatal("a revoked key is believed")
		}
	}
}

// testCompanyKey calls every method with a company's key, which opens none of them.
func testCompanyKey(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	c.key = h.mintFor(t, c.book, company)
	eachMethod(t, func(name string, in protoreflect.MessageDescriptor) {
		if asksNobody(name) {
			return
		}
		status, answer := c.post(name, "application/json", bodyOf(t, in, c.book))
		wantWire(t, name+" with a company's key", status, answer, fault.PermissionDenied, "")
	})
	cl, err := client.New(h.url, c.key)
	if err != nil {
		t.Fatal(err)
	}
	_, err = cl.Export(t.Context(), &ledgerv1.ExportRequest{Book: c.book, Format: ledgerv1.ExportFormat_EXPORT_FORMAT_HLEDGER}, io.Discard, nil)
	refused(t, err, fault.PermissionDenied, "")
	c.problem("GET", "/v1/books/"+c.book+"/companies/"+company, "", http.StatusForbidden, "permission_denied", "")
}

// testForeignCompany names another company, or none, with a company's key and every role:
// each method that knows companies refuses it before it does anything.
func testForeignCompany(t *testing.T, h *house) {
	c := h.caller(t)
	own, foreign := c.company(1, ""), c.company(2, "")
	text, row, err := gate.MintKey("key-owner-"+own, c.book, gate.Roles()...)
	if err != nil {
		t.Fatal(err)
	}
	row.Owner, row.Created = own, time.Now()
	if err := h.db.PutAPIKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	ask := func(name string, in protoreflect.MessageDescriptor, company string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/"+name, strings.NewReader(bodyOf(t, in, c.book, "company_id", company)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+text)
		w := httptest.NewRecorder()
		h.api.ServeProduct(w, r)
		return w.Code, w.Body.String()
	}
	methods := 0
	eachMethod(t, func(name string, in protoreflect.MessageDescriptor) {
		if in.Fields().ByName("company_id") == nil {
			return
		}
		methods++
		for _, company := range []string{foreign, ""} {
			status, answer := ask(name, in, company)
			wantWire(t, name+" for company "+company, status, answer, fault.PermissionDenied, "company_id")
		}
		if status, answer := ask(name, in, own); status == http.StatusForbidden {
			t.Errorf("%s refuses the key's own company: %s", name, answer)
		}
	})
	if methods < 10 {
		t.Errorf("only %d methods name a company", methods)
	}
}

// testStrangers sends a large body with no key, and with one that has no role: nobody
// reads it.
func testStrangers(t *testing.T, h *house) {
	c := h.caller(t)
	f := h.firm(t)
	for path, keys := range map[string]map[string]int{
		"/v1/books/" + c.book + "/operations": {
			"": http.StatusUnauthorized, "pk_invented": http.StatusUnauthorized, h.mint(t, c.book, gate.RoleReader): http.StatusForbidden, f.key: http.StatusForbidden,
		},
		"/api/tasks": {"": http.StatusUnauthorized, "pk_invented": http.StatusUnauthorized, c.key: http.StatusForbidden},
		"/provodka.ledger.v1.LedgerService/Post": {
			"": http.StatusUnauthorized, "pk_invented": http.StatusUnauthorized, h.mint(t, c.book, gate.RoleReader): http.StatusForbidden, f.key: http.StatusForbidden,
		},
	} {
		for key, want := range keys {
			body := &countedReader{Reader: io.LimitReader(zeros{}, 7<<20)}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, body)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+key)
			w := httptest.NewRecorder()
			h.api.ServeHTTP(w, r)
			if w.Code != want || body.n > 0 {
				t.Errorf("%s with the key %q: %d, want %d; %d bytes were read", path, key, w.Code, want, body.n)
			}
		}
	}
}

// patient is a caller whose connection can be given up.
type patient struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (p *patient) SetWriteDeadline(at time.Time) error {
	p.until = at
	return nil
}

// testSlowReaders: whoever does not read his answer is given up; a stream has longer.
func testSlowReaders(t *testing.T, h *house) {
	c := h.caller(t)
	for path, most := range map[string]time.Duration{
		"/provodka.ledger.v1.LedgerService/ListRefusals": 2 * time.Minute, "/provodka.ledger.v1.ExportService/Export": 2 * time.Hour,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		if strings.HasSuffix(path, "Export") {
			r.Header.Set("Content-Type", "application/connect+json")
		}
		r.Header.Set("Authorization", "Bearer "+c.key)
		w := &patient{ResponseRecorder: httptest.NewRecorder()}
		h.api.ServeHTTP(w, r)
		if left := time.Until(w.until); left < most/4 || left > most {
			t.Errorf("%s is given up after %v, want at most %v; answered %d", path, left, most, w.Code)
		}
	}
}

// brittle panics when it is written to.
type brittle struct{ *httptest.ResponseRecorder }

func (brittle) Write([]byte) (int, error) { panic("Иванов Иван, 770100000123") }

// testPanicOutside: a panic outside of a call ends its connection and keeps its secret.
func testPanicOutside(t *testing.T, h *house) {
	c := h.caller(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/books/"+c.book+"/position", nil)
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Header.Set("X-Request-Id", "panic-"+c.book)
	defer func() {
		log := h.log.String()
		at := strings.Index(log, "a call panicked")
		if p := recover(); p != http.ErrAbortHandler || at < 0 || strings.Contains(log, "Иванов Иван") || !strings.Contains(log[at:], "panic-"+c.book) {
			t.Errorf("ended with %v", p)
		}
	}()
	h.api.ServeHTTP(brittle{httptest.NewRecorder()}, r)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// countedReader counts what is read of it.
type countedReader struct {
	io.Reader
	n int
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += n
	return n, err
}

// bodyOf is the JSON of a request in a book; pairs are texts of other fields.
func bodyOf(t *testing.T, in protoreflect.MessageDescriptor, book string, pairs ...string) string {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(in.FullName())
	if err != nil {
		t.Fatal(err)
	}
	m := kind.New()
	for i := 0; i < len(pairs); i += 2 {
		m.Set(in.Fields().ByName(protoreflect.Name(pairs[i])), protoreflect.ValueOfString(pairs[i+1]))
	}
	if f := in.Fields().ByName("book"); f != nil {
		m.Set(f, protoreflect.ValueOfString(book))
	}
	raw, err := protojson.Marshal(m.Interface())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// testProtocols calls the same method over Connect, JSON, gRPC and GET.
func testProtocols(t *testing.T, h *house) {
	c := h.caller(t)
	c.open("5.00", "customer:a")
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	h2 := &http.Client{Transport: &http.Transport{Protocols: p}}
	for name, options := range map[string][]client.Option{
		"connect": nil,
		"json":    {client.WithConnect(connect.WithProtoJSON())},
		"get":     {client.WithConnect(connect.WithHTTPGet())},
		"grpc":    {client.WithConnect(connect.WithGRPC()), client.WithHTTPClient(h2)},
		"grpcweb": {client.WithConnect(connect.WithGRPCWeb())},
		"gzip":    {client.WithConnect(connect.WithSendGzip())},
	} {
		cl, err := client.New(h.url, c.key, append(options, client.WithBook(c.book))...)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := cl.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{Accounts: []string{"customer:a"}})
		if err != nil || answer.GetBalances()[0].GetBalance() != "5.00" {
			t.Errorf("%s: %v %v", name, answer, err)
		}
		_, err = cl.Ledger.ListBalances(t.Context(), &ledgerv1.ListBalancesRequest{Type: "nothing"})
		refused(t, err, fault.AccountInvalid, "type")
		_, err = cl.Ledger.Post(t.Context(), &ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{{Key: "k"}}})
		refused(t, err, fault.Malformed, "operations[0].what")
	}
	// The names of the proto files, which are those of the product's documents.
	_, body := c.post("provodka.ledger.v1.LedgerService/TrialBalance", "application/json", `{"book":"`+c.book+`"}`)
	if !strings.Contains(body, `"debit_balance"`) {
		t.Error(body)
	}
	check := connect.NewClient[grpc_health_v1.HealthCheckRequest, grpc_health_v1.HealthCheckResponse](h2, h.url+"/grpc.health.v1.Health/Check", connect.WithGRPC())
	healthy, err := check.CallUnary(context.Background(), connect.NewRequest(&grpc_health_v1.HealthCheckRequest{Service: "provodka.ledger.v1.LedgerService"}))
	if err != nil || healthy.Msg.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("%v %v", healthy, err)
	}
	status, _ := c.post("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "application/json", "{}")
	if status == http.StatusNotFound {
		t.Error("no reflection")
	}
}
