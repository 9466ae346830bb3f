package tbank

import (
	"net/http"
	"testing"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/call"
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
