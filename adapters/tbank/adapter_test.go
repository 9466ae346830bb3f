package tbank

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/adapters/tbank/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/call"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/ledger/fault"
)

// serve starts a handler on loopback and an adapter that asks three times without waiting.
func serve(t *testing.T, handler http.Handler) (*Adapter, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	adapter, err := New(Options{BaseURL: server.URL, Token: "t.secret", PerSecond: -1, Polls: []time.Duration{0, 0, 0}, CardAgreement: "17/2"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(adapter.Close)
	return adapter, server.URL
}

func TestPayout(t *testing.T) {
	t.Parallel()
	porttest.ExercisePayout(t, func(t *testing.T) (port.Payout, porttest.Fake) {
		bank, err := sandbox.New(t.TempDir(), sandbox.Options{Token: "t.secret"})
		if err != nil {
			t.Fatal(err)
		}
		adapter, url := serve(t, bank)
		t.Cleanup(func() { // before the server closes: it waits for silent handlers
			if err := bank.Close(); err != nil {
				t.Error(err)
			}
		})
		return adapter, porttest.Fake{URL: url}
	})
}

// Every exchange of testdata: what the bank answered and what it means.
func TestExchanges(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file) //nolint:gosec // our own testdata
		if err != nil {
			t.Fatal(err)
		}
		var list []struct {
			Name, Asked, Body, Result, Status, Code, Reason string
			HTTP                                            int
			JSON                                            json.RawMessage
		}
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(file, err)
		}
		for _, e := range list {
			body := []byte(e.Body)
			if e.JSON != nil {
				body = e.JSON
			}
			got := understand(question(e.Asked), call.Reply{Status: e.HTTP, Body: body}, nil)
			expect := port.Answer{Result: port.Result(e.Result), Status: e.Status, Code: fault.Code(e.Code), Reason: e.Reason}
			if got != expect {
				t.Errorf("%s: %s: %+v, want %+v", file, e.Name, got, expect)
			}
		}
	}
	if a := understand(pay, call.Reply{}, errors.New("no answer: timeout")); a.Result != port.Unknown || a.Status != "no answer: timeout" {
		t.Errorf("%+v", a)
	}
}

func TestTableRefusesNothingByAccident(t *testing.T) {
	t.Parallel()
	for _, asked := range []question{pay, status} {
		for code := 100; code < 600; code++ {
			for _, word := range []string{"", "EXECUTED", "NEW_WORD", "executed"} {
				body, _ := json.Marshal(map[string]string{"status": word, "errorCode": "X", "errorMessage": "x"})
				a := understand(asked, call.Reply{Status: code, Body: body}, nil)
				final := a.Result == port.Done || a.Result == port.Refused
				known := asked == pay && slices.Contains([]int{400, 422}, code) || asked == status && code == 200 && word == "EXECUTED"
				if final != known {
					t.Errorf("%s %d %q: %+v", asked, code, word, a)
				}
				if a.Result == port.NotFound && (asked != status || code != 404) {
					t.Errorf("%s %d %q: %+v", asked, code, word, a)
				}
			}
		}
	}
}

func TestRequestAsTheBankReadsIt(t *testing.T) {
	t.Parallel()
	p := porttest.Payment(3)
	body, err := json.Marshal(newPayMessage(p))
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/request.golden")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(golden), body) {
		t.Errorf("%s\nwant\n%s", body, golden)
	}
	p.To.INN, p.To.CorrAccount, p.To.BankName = "", "", ""
	body, err = json.Marshal(newPayMessage(p))
	if err != nil || !strings.Contains(string(body), `"inn":"0"`) || strings.Contains(string(body), "corrAccountNumber") {
		t.Errorf("%s %v", body, err)
	}
}

// Each way has its path and its body; a card without an agreement is not sent.
func TestWaysAsTheBankReadsThem(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]port.Payment{
		sbpPath + ` {"id":"00000000000000000000000000000004","from":{"accountNumber":"40702810500000000001"},"to":{"phone":"79990000003","bankId":"100000999003",` +
			`"lastName":"Ёлкина","firstName":"Любовь","middleName":"Щукаревна"},"purpose":"Оплата по договору № 3 за вёрстку, НДС не облагается","amount":100.00}`: porttest.SBPPayment(3),
		cardPath + ` {"id":"00000000000000000000000000000004","from":{"accountNumber":"40702810500000000001","agreementNumber":"17/2"},` +
			`"to":{"cardToken":"card_3_example"},"purpose":"Оплата по договору № 3 за вёрстку, НДС не облагается","amount":100.00}`: porttest.CardPayment(3),
	} {
		path, m := request(p, "17/2")
		body, err := json.Marshal(m)
		if err != nil || path+" "+string(body) != want {
			t.Errorf("%s %s %v\nwant\n%s", path, body, err, want)
		}
	}
}

// Without an agreement no card is paid; one that was paid while there was one is paid.
func TestNoAgreementRefusesOnlyWhatTheBankDoesNotKnow(t *testing.T) {
	t.Parallel()
	bank, err := sandbox.New(t.TempDir(), sandbox.Options{Token: "t.secret"})
	if err != nil {
		t.Fatal(err)
	}
	adapter, url := serve(t, bank)
	t.Cleanup(func() { _ = bank.Close() })
	before := adapter.Pay(t.Context(), porttest.CardPayment(1))
	adapter.cardAgreement = ""
	again := adapter.Pay(t.Context(), porttest.CardPayment(1))
	if before.Result != port.Done || again.Result != port.Done {
		t.Errorf("%+v, then %+v", before, again)
	}
	a := adapter.Pay(t.Context(), porttest.CardPayment(2))
	if a.Result != port.Refused || a.Status != port.NotSent || a.Code != fault.PayoutWay || len((porttest.Fake{URL: url}).Books(t).Payments) != 1 {
		t.Errorf("%+v", a)
	}
}

func TestConfigurationIsNotThePaymentsFault(t *testing.T) {
	t.Parallel()
	bank, err := sandbox.New(t.TempDir(), sandbox.Options{Token: "another"})
	if err != nil {
		t.Fatal(err)
	}
	adapter, _ := serve(t, bank)
	t.Cleanup(func() { _ = bank.Close() })
	a := adapter.Pay(t.Context(), porttest.Payment(1))
	if a.Result != port.Unknown || a.Status != "UNAUTHORIZED" || strings.Contains(a.Reason+a.Status, "secret") {
		t.Errorf("%+v", a)
	}
}

// The bank took the payment but does not find it yet: not an answer that lets it
// be sent again.
func TestNotFoundRightAfterTheBankAcceptedIsUnknown(t *testing.T) {
	t.Parallel()
	adapter, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"errorCode":"NOT_FOUND","errorMessage":"нет"}`))
	}))
	if a := adapter.Pay(t.Context(), porttest.Payment(1)); a.Result != port.Unknown || a.Status != inProgress {
		t.Errorf("%+v", a)
	}
}

// The bank refuses, and cannot say whether it knows the attempt.
func TestRefusalThatCannotBeConfirmedIsUnknown(t *testing.T) {
	t.Parallel()
	adapter, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte(`{"errorCode":"LIMIT","errorMessage":"Превышен лимит"}`))
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	if a := adapter.Pay(t.Context(), porttest.Payment(1)); a.Result != port.Unknown || a.Status != "LIMIT" || a.Reason != "Превышен лимит" {
		t.Errorf("%+v", a)
	}
}

// Which codes say that the payee's account is not known, that a limit stops the payment, or that he is
// not paid this way, the configuration says: nothing is taken for it by itself.
func TestWhatARefusalMeansTheConfigurationSays(t *testing.T) {
	t.Parallel()
	bank := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(map[bool]int{true: http.StatusUnprocessableEntity, false: http.StatusNotFound}[r.Method == http.MethodPost])
		_, _ = w.Write([]byte(`{"errorCode":"NO_ACCOUNT","errorMessage":"Счёт не найден"}`))
	})
	adapter, _ := serve(t, bank)
	for _, tc := range []struct {
		o    Options
		pay  port.Payment
		want fault.Code
	}{
		{Options{UnknownAccount: []string{"OTHER"}}, porttest.Payment(1), fault.PayoutRefused},
		{Options{UnknownAccount: []string{"OTHER", "NO_ACCOUNT"}}, porttest.Payment(1), fault.RequisitesInvalid},
		{Options{Limit: []string{"NO_ACCOUNT"}}, porttest.Payment(1), fault.PayoutLimit},
		{Options{PeriodLimit: []string{"NO_ACCOUNT"}}, porttest.Payment(1), fault.PayoutLimitPeriod},
		{Options{Way: []string{"NO_ACCOUNT"}, CardAgreement: "17/2"}, porttest.CardPayment(1), fault.PayoutWay},
		{Options{Way: []string{"NO_ACCOUNT"}}, porttest.Payment(1), fault.PayoutRefused}, // an account is what every other way gives way to
	} {
		adapter.codes, adapter.cardAgreement = codes(tc.o), tc.o.CardAgreement
		if a := adapter.Pay(t.Context(), tc.pay); a.Result != port.Refused || a.Code != tc.want || a.Reason != "Счёт не найден" {
			t.Errorf("%+v, want %s", a, tc.want)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Token: "x"}, {BaseURL: "https://bank.invalid"}, {BaseURL: "bank", Token: "x"}, {BaseURL: "ftp://bank.invalid", Token: "x"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v passed", o)
		}
	}
	a, err := New(Options{BaseURL: "https://bank.invalid/", Token: "x"})
	if err != nil || a.Memory() != 30*24*time.Hour || len(a.polls) != 3 || a.client.base != "https://bank.invalid" {
		t.Errorf("%+v %v", a, err)
	}
}
