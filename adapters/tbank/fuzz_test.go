package tbank

import (
	"net/http"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/call"
	"github.com/provodka/provodka/ledger/money"
)

// FuzzUnderstand: whatever comes back, money is only gone when the bank's status says
// so, and only refused when the bank itself speaks.
func FuzzUnderstand(f *testing.F) {
	f.Add(true, http.StatusOK, []byte(`{"status":"EXECUTED"}`))
	f.Add(true, http.StatusOK, []byte(`{"status":"FAILED","errorMessage":"«ёлка» \u202e😀"}`))
	f.Add(false, http.StatusUnprocessableEntity, []byte(`{"errorCode":"LIMIT","errorMessage":"лимит"}`))
	f.Add(true, http.StatusNotFound, []byte(`<html>not found</html>`))
	f.Fuzz(func(t *testing.T, asksStatus bool, code int, body []byte) {
		asked := pay
		if asksStatus {
			asked = status
		}
		a := understand(asked, call.Reply{Status: code, Body: body}, nil)
		_, theirs := parseError(body)
		switch {
		case a.Result == port.Done && (!asksStatus || code != http.StatusOK || a.Status != "EXECUTED"):
			t.Errorf("%d %q is taken for an executed payment: %+v", code, body, a)
		case (a.Result == port.Refused || a.Result == port.NotFound) && code/100 != 2 && !theirs:
			t.Errorf("%d %q is taken for the bank's word: %+v", code, body, a)
		case a.Result == port.Refused && a.Code == "":
			t.Errorf("refused without a code: %+v", a)
		}
	})
}

// FuzzStatement: whatever a page holds, it gives an error, or movements of the days asked about
// that add up to what the page says.
func FuzzStatement(f *testing.F) {
	f.Add([]byte(pageOf("150.00", "50.00", operation("1", "Credit", "150.00"), operation("2", "Debit", "50.00"))))
	f.Add([]byte(pageOf("0", "0")))
	f.Add([]byte(pageOf("1e2", "0", operation("1", "Credit", "1e2"))))
	now := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := readPage(call.Reply{Status: http.StatusOK, Body: body})
		if err != nil {
			return
		}
		b, err := newBuilder(ours, "2026-03-02", "2026-03-03")
		if err != nil {
			t.Fatal(err)
		}
		if b.add(page, true) != nil {
			return
		}
		s, err := b.statement(now)
		if err != nil {
			return
		}
		sum, keys := *s.Accounts[0].Opening, map[string]bool{}
		for _, m := range s.Movements {
			if m.Amount.Sign() <= 0 || m.Day < "2026-03-02" || m.Day > "2026-03-03" || m.Account != ours || keys[m.Key] {
				t.Errorf("%+v", m)
			}
			keys[m.Key] = true
			if m.Out {
				m.Amount = money.Zero.Sub(m.Amount)
			}
			sum = sum.Add(m.Amount)
		}
		if !sum.Equal(*s.Accounts[0].Closing) {
			t.Errorf("%s does not end at %s", body, sum)
		}
	})
}
