package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// losing loses the first answer of each method whose address ends so: the server has done what was asked.
type losing struct {
	method string
	lost   atomic.Int32
}

// RoundTrip implements http.RoundTripper.
func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, l.method) && l.lost.Add(1) == 1 {
		_ = answer.Body.Close()
		return nil, errors.New("the connection was reset")
	}
	return answer, err
}

// loses is a client whose first answer of a method is lost; it does not ask again by itself.
func (c *caller) loses(method string) *client.Client {
	c.t.Helper()
	out, err := client.New(c.url, c.key, client.WithHTTPClient(&http.Client{Transport: &losing{method: method}}), client.WithAttempts(1))
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// testTaxAnswerLost: the same Remit under the same key gives the first answer when that was lost, however
// the books stand by then; another one under the key is told what differs.
func testTaxAnswerLost(t *testing.T, h *house) {
	c := h.caller(t)
	c.paidTwice(h, "tax-ndfl:anna", "2025-09-10", "ndfl-2025-09-1", "90.00")
	c.withhold("tax-ndfl:anna", "2025-09-25", "200.00")
	req := &taxv1.RemitRequest{Book: c.book, Key: "september-2", Period: "ndfl-2025-09-2", Offset: "ndfl-2025-09-1"}
	lossy := c.loses("/Remit")
	if _, err := lossy.Taxes.Remit(t.Context(), req); err == nil {
		t.Fatal("the answer was not lost")
	}
	c.overpaid("ndfl-2025-09-1", "")
	first, err := lossy.Taxes.Remit(t.Context(), req)
	if err != nil || !first.GetReplayed() || first.GetPersons() != 1 || first.GetCollected() != "200.00" || first.GetOffset() != "90.00" ||
		first.GetRemittance().GetAmount() != "110.00" || first.GetRemittance().GetState() != "paying" {
		t.Fatalf("%v %v", first, err)
	}
	c.ordered("ndfl-2025-09-2")
	c.withhold("tax-ndfl:anna", "2025-09-26", "5.00") // the books go on: the answer is still the first one
	again, err := c.Taxes.Remit(t.Context(), req)
	if err != nil || !proto.Equal(first, again) {
		t.Errorf("%v, first %v: %v", again, first, err)
	}
	c.wantBalances([]string{"claim:enp", "enp:ndfl-2025-09-2", "tax-ndfl:anna:remitted"}, "0.00 0.00", "0.00 0.00", "-290.00 -290.00")

	for differs, other := range map[string]*taxv1.RemitRequest{
		"period": {Book: c.book, Key: "september-2", Period: "ndfl-2025-08-2", Offset: "ndfl-2025-09-1"},
		"offset": {Book: c.book, Key: "september-2", Period: "ndfl-2025-09-2"},
		"repay":  {Book: c.book, Key: "september-2", Period: "ndfl-2025-09-2", Offset: "ndfl-2025-09-1", Repay: "ndfl-2025-09-1"},
	} {
		_, err := c.Taxes.Remit(t.Context(), other)
		if r := refused(t, err, fault.KeyReused, "key"); r.Facts["differs"] != differs || !strings.Contains(r.Reason, differs) {
			t.Errorf("%+v, want %s", r, differs)
		}
	}
	c.problem("POST", "/v1/books/"+c.book+"/remittances", `{"period": "ndfl-2025-09-2"}`, http.StatusBadRequest, string(fault.Malformed), "key")
	_, err = c.Taxes.RemitNpd(t.Context(), &taxv1.RemitNpdRequest{Book: c.book, Key: "september-2", Month: "2025-09"})
	if r := refused(t, err, fault.KeyReused, "key"); r.Facts["differs"] != "method" {
		t.Errorf("%+v", r)
	}
	c.must(entryOp("taken", "withhold", "bank:settlement", "tax-ndfl:anna", "0.01"))
	_, err = c.Taxes.Remit(t.Context(), &taxv1.RemitRequest{Book: c.book, Key: "taken", Period: "ndfl-2025-09-2"})
	refused(t, err, fault.KeyReused, "key")

	// What the budget gave back too much is repaid once, too.
	late := flow.Attempt(c.book, "remittance", "ndfl-2025-09-1", "pay", 1)
	if _, ok, err := h.told(t.Context(), late, &port.Answer{Result: port.Refused, Status: "FAILED", Event: "late", Code: fault.PayoutRefused}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	c.overpaid("ndfl-2025-09-1", "-90.00")
	lossy, req = c.loses("/Remit"), &taxv1.RemitRequest{Book: c.book, Key: "repaid", Period: "ndfl-2025-09-2", Repay: "ndfl-2025-09-1"}
	if _, err := lossy.Taxes.Remit(t.Context(), req); err == nil {
		t.Fatal("the answer was not lost")
	}
	if first, err = lossy.Taxes.Remit(t.Context(), req); err != nil || first.GetRepaid() != "90.00" || first.GetRemittance().GetAmount() != "95.00" {
		t.Errorf("%v %v", first, err)
	}

	// NPD: the persons of the first call, not of the second that finds their orders made.
	c.withhold("tax-npd:anna", "2025-03-10", "11.00")
	npd := &taxv1.RemitNpdRequest{Book: c.book, Key: "npd-3", Month: "2025-03"}
	lossy = c.loses("/RemitNpd")
	if _, err := lossy.Taxes.RemitNpd(t.Context(), npd); err == nil {
		t.Fatal("the answer was not lost")
	}
	c.withhold("tax-npd:anna", "2025-03-11", "1.00")
	told, err := lossy.Taxes.RemitNpd(t.Context(), npd)
	if err != nil || !told.GetReplayed() || told.GetOwnPersons() != 1 || told.GetOwnAmount() != "11.00" {
		t.Errorf("%v %v", told, err)
	}
	npd.Month = "2025-02"
	_, err = c.Taxes.RemitNpd(t.Context(), npd)
	if r := refused(t, err, fault.KeyReused, "key"); r.Facts["differs"] != "month" {
		t.Errorf("%+v", r)
	}
}

// testTaxRunBroken: a run that broke off between its steps goes on where it stopped, also beside another
// of the same key; nothing is settled or ordered twice.
func testTaxRunBroken(t *testing.T, h *house) {
	c := h.caller(t)
	c.paidTwice(h, "tax-ndfl:anna", "2025-09-10", "ndfl-2025-09-1", "30.00")
	c.paidTwice(h, "tax-ndfl:boris", "2025-08-10", "ndfl-2025-08-1", "40.00")
	c.withhold("tax-ndfl:anna", "2025-09-25", "200.00")
	req := &taxv1.RemitRequest{Book: c.book, Key: "broken", Period: "ndfl-2025-09-2", Offset: "ndfl-2025-09-1"}
	var wg sync.WaitGroup
	answers := make([]*taxv1.RemitResponse, 4)
	for i := range answers { // the same request from four sides at once
		wg.Go(func() {
			for {
				var err error
				if answers[i], err = c.Taxes.Remit(t.Context(), proto.Clone(req).(*taxv1.RemitRequest)); err == nil {
					return
				}
				if r := refusal(t, err); r.Code != string(fault.Unavailable) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for _, a := range answers {
		a.Replayed = answers[0].GetReplayed()
		if !proto.Equal(a, answers[0]) || a.GetOffset() != "30.00" || a.GetRemittance().GetAmount() != "170.00" {
			t.Errorf("%v, another %v", a, answers[0])
		}
	}
	c.ordered("ndfl-2025-09-2")

	// The stamps are lost, as with a database that was rebuilt from its events: the steps stand in the books.
	if err := h.forgetStamps(t.Context(), c.book); err != nil {
		t.Fatal(err)
	}
	c.withhold("tax-ndfl:anna", "2025-09-26", "5.00")
	again, err := c.Taxes.Remit(t.Context(), req)
	if err != nil || again.GetOffset() != "30.00" || again.GetRemittance().GetRemittanceId() != "ndfl-2025-09-2" || again.GetCollected() != "0.00" {
		t.Errorf("%v %v", again, err)
	}
	if err := h.forgetStamps(t.Context(), c.book); err != nil {
		t.Fatal(err)
	}
	req.Offset = "ndfl-2025-08-1"
	_, err = c.Taxes.Remit(t.Context(), req)
	refused(t, err, fault.KeyReused, "key")
	c.overpaid("ndfl-2025-08-1", "40.00")
}

// forgetStamps loses the stamps of a book.
func (h *house) forgetStamps(ctx context.Context, book string) error {
	conn, err := pgx.Connect(ctx, h.dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "DELETE FROM private_data WHERE book = $1 AND kind = 'stamp'", book)
	return err
}
