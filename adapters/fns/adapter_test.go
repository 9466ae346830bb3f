package fns

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

// service starts a sandbox on loopback and an adapter that asks four times without waiting.
func service(t *testing.T, o sandbox.Options, change func(*Options)) (*Adapter, *sandbox.Server, string) {
	t.Helper()
	s, err := sandbox.New(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	options := Options{BaseURL: server.URL, MasterToken: "master-secret", UserToken: "user", Polls: make([]time.Duration, 4)}
	if change != nil {
		change(&options)
	}
	adapter, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	t.Cleanup(adapter.Close)
	t.Cleanup(func() { // before the server closes: it waits for silent handlers
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return adapter, s, server.URL
}

// incomeFake is the sandbox as the suites see it.
func incomeFake(s *sandbox.Server, url string) porttest.IncomeFake {
	return porttest.IncomeFake{Fake: porttest.Fake{URL: url}, Person: func(t *testing.T, inn string, standing porttest.Standing) {
		t.Helper()
		p := sandbox.Willing()
		p.INN = inn
		switch standing {
		case porttest.Willing:
		case porttest.Stranger:
			p.Registered = false
		case porttest.Unbound:
			p.Bound = false
		case porttest.NoPermission:
			p.Permissions = []string{"INCOME_LIST"}
		case porttest.Left:
			p.UnregisteredAt, p.Reason = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), "Отказ от применения"
		}
		note(t, s, *p)
	}}
}

func note(t *testing.T, s *sandbox.Server, p sandbox.Person) {
	t.Helper()
	if err := s.Books().Note([]sandbox.Person{p}); err != nil {
		t.Fatal(err)
	}
}

func TestIncome(t *testing.T) {
	t.Parallel()
	porttest.ExerciseIncome(t, func(t *testing.T) (port.Income, porttest.IncomeFake) {
		adapter, s, url := service(t, sandbox.Options{MasterToken: "master-secret"}, nil)
		return adapter, incomeFake(s, url)
	})
}

func TestNPD(t *testing.T) {
	t.Parallel()
	porttest.ExerciseNPD(t, func(t *testing.T) (port.NPD, porttest.NPDFake) {
		adapter, s, url := service(t, sandbox.Options{}, nil)
		return adapter, porttest.NPDFake{
			IncomeFake: incomeFake(s, url),
			Answers: func(t *testing.T, inn, answer string, refuses ...string) {
				t.Helper()
				p, _ := s.Person(inn)
				p.Answers, p.Refuses = answer, refuses
				note(t, s, p)
			},
			Left: func(t *testing.T, inn string, at time.Time) {
				t.Helper()
				note(t, s, sandbox.Person{INN: inn, Registered: true, UnboundAt: at})
			},
			Renamed: func(t *testing.T, previous, inn string) {
				t.Helper()
				note(t, s, sandbox.Person{INN: inn, Registered: true, Previous: previous})
			},
		}
	})
}

// A bound person's phone is told as the service has it.
func TestPhoneOfAPerson(t *testing.T) {
	t.Parallel()
	adapter, s, _ := service(t, sandbox.Options{}, nil)
	p := sandbox.Willing()
	p.INN, p.Phone = requisite.ExamplePersonINN(5), requisite.ExamplePhone(5)
	note(t, s, *p)
	if got, a := adapter.Standing(t.Context(), p.INN); a.Result != port.Done || got.Phone != p.Phone {
		t.Errorf("%+v %+v", got, a)
	}
}

// Every exchange of testdata: what the service answered and what it means.
func TestErrorsOfThePlatform(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/errors.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Asked, XML, Result, Status, Code, Reason, ReceiptID, ReceiptLink string
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		var m platformError
		if err := xml.Unmarshal([]byte(e.XML), &m); err != nil {
			t.Fatal(err)
		}
		got := understand(question(e.Asked), &m)
		expect := port.Answer{
			Result: port.Result(e.Result), Status: e.Status, Code: fault.Code(e.Code), Reason: e.Reason, ReceiptID: e.ReceiptID, ReceiptLink: e.ReceiptLink,
		}
		if got != expect {
			t.Errorf("%s %s: %+v, want %+v", e.Asked, e.XML, got, expect)
		}
	}
}

func TestEnvelopesAsTheServiceReadsThem(t *testing.T) {
	t.Parallel()
	r := porttest.Income(3)
	for name, element := range map[string]any{
		"auth": authMessage{Message: content{authRequest{MasterToken: "master"}}}, "status": sendMessage{Message: content{statusRequest{INN: r.INN}}},
		"permissions": sendMessage{Message: content{permissionsRequest{INN: r.INN}}}, "income": sendMessage{Message: content{newIncomeRequest(r)}},
		"get":      getMessage{MessageID: "m1"},
		"receipts": sendMessage{Message: content{receiptsRequest{INN: r.INN, From: r.PaidAt.Format(timeLayout), To: r.PaidAt.Format(timeLayout), Limit: 100}}},
	} {
		got, err := xml.MarshalIndent(wrap(element), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".golden.xml")
		if *rewrite {
			if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(file) //nolint:gosec // our own testdata
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(string(golden)) != string(got) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, golden)
		}
	}
}

// counting counts the AuthRequests that pass.
type counting struct {
	next http.RoundTripper
	auth atomic.Int32
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "AuthService") {
		c.auth.Add(1)
	}
	return c.next.RoundTrip(r)
}

func TestTokenIsKeptRenewedBeforeItEndsAndAskedAnewWhenRefused(t *testing.T) {
	t.Parallel()
	var offset atomic.Int64
	clock := func() time.Time {
		return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC).Add(time.Duration(offset.Load()))
	}
	count := &counting{next: http.DefaultTransport.(*http.Transport).Clone()}
	adapter, s, _ := service(t, sandbox.Options{Stranger: sandbox.Willing(), TokenLife: time.Hour, Now: clock}, func(o *Options) { o.Transport, o.Now = count, clock })
	step := func(what string, asked int32) {
		t.Helper()
		if a := adapter.Check(t.Context(), porttest.Income(1).INN); a.Result != port.Done {
			t.Fatalf("%s: %+v", what, a)
		}
		if n := count.auth.Load(); n != asked {
			t.Fatalf("%s: %d tokens asked for, want %d", what, n, asked)
		}
	}
	step("first", 1)
	step("kept", 1)
	offset.Store(int64(53 * time.Minute))
	step("still kept", 1)
	offset.Store(int64(55 * time.Minute))
	step("renewed before its end", 2)
	s.RevokeTokens()
	step("asked anew when refused", 3)
}

func TestWrongMasterTokenIsNotThePersonsFault(t *testing.T) {
	t.Parallel()
	adapter, _, _ := service(t, sandbox.Options{MasterToken: "another", Stranger: sandbox.Willing()}, nil)
	for what, a := range map[string]port.Answer{"Check": adapter.Check(t.Context(), porttest.Income(1).INN), "Register": adapter.Register(t.Context(), porttest.Income(1))} {
		if a.Result != port.Unknown || a.Status != "no token" || a.Reason == "" || strings.Contains(a.Status+a.Reason, "secret") {
			t.Errorf("%s: %+v", what, a)
		}
	}
}

func TestTaxAfterBonus(t *testing.T) {
	t.Parallel()
	person := sandbox.Willing()
	person.Bonus = "3.00"
	adapter, _, _ := service(t, sandbox.Options{Stranger: person}, nil)
	for i, want := range []string{"4.00", "5.00", "6.00"} { // bonus used: 2.00, the last 1.00, none
		r := porttest.Income(1)
		r.Attempt = strings.Repeat("a", i+1)
		if a := adapter.Register(t.Context(), r); a.Result != port.Done || a.Tax != want {
			t.Errorf("receipt %d: %+v, want the tax %s", i, a, want)
		}
	}
}

func TestIncomeIsDoneWithoutItsTax(t *testing.T) {
	t.Parallel()
	person := sandbox.Willing()
	person.Permissions = []string{"INCOME_REGISTRATION"}
	adapter, _, _ := service(t, sandbox.Options{Stranger: person}, nil)
	if a := adapter.Register(t.Context(), porttest.Income(1)); a.Result != port.Done || a.ReceiptID == "" || a.Tax != "" {
		t.Errorf("%+v", a)
	}
}

func TestAnswersOfNoSense(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"html": "<html><body>502</body></html>", "nothing": "", "empty envelope": `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body/></Envelope>`,
		"cut": `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><GetMessageResponse>`, "deep": strings.Repeat("<a>", 20000),
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		adapter, err := New(Options{BaseURL: server.URL, MasterToken: "m", UserToken: "u", Polls: make([]time.Duration, 2)})
		if err != nil {
			t.Fatal(err)
		}
		if a := adapter.Register(t.Context(), porttest.Income(1)); a.Result != port.Unknown || a.Status == "" {
			t.Errorf("%s: %+v", name, a)
		}
		adapter.Close()
		server.Close()
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	good := Options{BaseURL: "https://fns.invalid:8090", MasterToken: "m", UserToken: "u"}
	for _, change := range []func(*Options){
		func(o *Options) { o.BaseURL = "fns" }, func(o *Options) { o.MasterToken = "" }, func(o *Options) { o.UserToken = "" },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%+v passed", o)
		}
	}
	a, err := New(good)
	if err != nil || a.client.serviceURL != "https://fns.invalid:8090/ais3/smz/SmzIntegrationService" || a.client.authURL != "https://fns.invalid:8090/open-api/AuthService" {
		t.Errorf("%+v %v", a, err)
	}
}
