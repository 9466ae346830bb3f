package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/provodka/provodka/adapters/smtp/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
)

const (
	address = "buh@romashka.example"
	sender  = "Проводка <no-reply@provodka.example>"
)

// certificate gives the server's and the client's side of a certificate of 127.0.0.1.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
}

func fresh(t *testing.T, so sandbox.Options, o Options) (*Adapter, porttest.NotifierFake) {
	t.Helper()
	s, err := sandbox.New(t.TempDir(), so)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	books := httptest.NewServer(s)
	t.Cleanup(books.Close)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	o.Addr, o.From = l.Addr().String(), sender
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a, porttest.NotifierFake{Fake: porttest.Fake{URL: books.URL}, Subject: true}
}

func TestNotifier(t *testing.T) {
	t.Parallel()
	server, client := certificate(t)
	porttest.ExerciseNotifier(t, address, func(t *testing.T) (port.Notifier, porttest.NotifierFake) {
		return fresh(t, sandbox.Options{User: "u", Password: "p", TLS: server}, Options{User: "u", Password: "p", TLS: client})
	})
}

func TestAddressesAreRefusedAndGreylisted(t *testing.T) {
	t.Parallel()
	a, fake := fresh(t, sandbox.Options{}, Options{Plain: true})
	for code, want := range map[string]port.Result{"": port.Refused, "551": port.Refused, "554": port.Unknown, "521": port.Unknown, "421": port.Unknown} {
		fake.Script(t, stage.Rule{Op: "rcpt", Fault: stage.Refuse, Code: code})
		got := a.Notify(t.Context(), fake.Notice(1, address))
		if got.Result != want || want == port.Refused && got.Code != fault.NoticeRefused {
			t.Errorf("%q: %+v", code, got)
		}
	}
	fake.Script(t, stage.Rule{Op: "rcpt", Fault: stage.Error, Nth: 1})
	for i, want := range []port.Answer{{Result: port.Unknown, Status: "rcpt 450"}, {Result: port.Done, Status: "data 250"}} {
		if got := a.Notify(t.Context(), fake.Notice(1, address)); got != want {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
	if again := a.Notify(t.Context(), fake.Notice(1, address)); again.Result != port.Done {
		t.Errorf("%+v", again)
	}
	if p := fake.Books(t).Payments; len(p) != 1 || p[0].Posts != 2 || p[0].Mismatches != 0 || p[0].ID != fake.Notice(1, address).Attempt+"@provodka.example" {
		t.Errorf("one Message-ID was handed over twice: %+v", p)
	}
}

func TestNothingIsSentInTheOpenOrWithAWrongLogin(t *testing.T) {
	t.Parallel()
	server, client := certificate(t)
	_, stranger := certificate(t)
	stranger.RootCAs = x509.NewCertPool()
	for name, c := range map[string]struct {
		so     sandbox.Options
		o      Options
		status string
	}{
		"no STARTTLS":         {sandbox.Options{}, Options{}, "starttls: no answer"},
		"a strange relay":     {sandbox.Options{TLS: server}, Options{TLS: stranger}, "starttls: no answer"},
		"a wrong password":    {sandbox.Options{User: "u", Password: "p", TLS: server}, Options{User: "u", Password: "x", TLS: client}, "auth 535"},
		"no login":            {sandbox.Options{User: "u", Password: "p", TLS: server}, Options{TLS: client}, "mail 502"},
		"a login in the open": {sandbox.Options{}, Options{User: "u", Password: "p"}, "starttls: no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, fake := fresh(t, c.so, c.o)
			if got := a.Notify(t.Context(), fake.Notice(1, address)); got.Result != port.Unknown || got.Status != c.status {
				t.Errorf("%+v, want %q", got, c.status)
			}
			if list := fake.Books(t).Payments; len(list) != 0 {
				t.Errorf("sent: %+v", list)
			}
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{From: sender}, {Addr: "relay", From: sender}, {Addr: "relay:25"}, {Addr: "relay:25", From: "x"}, {Addr: "relay:25", From: sender, User: "u"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v passed", o)
		}
	}
	a, err := New(Options{Addr: "127.0.0.1:1", From: sender})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Notify(t.Context(), porttest.NotifierFake{Subject: true}.Notice(1, address)); got.Result != port.Unknown || got.Status != "dial: no answer" {
		t.Errorf("%+v", got)
	}
}
