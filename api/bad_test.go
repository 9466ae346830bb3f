package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

const postMethod = "provodka.ledger.v1.LedgerService/Post"

// testBadInput: every wrong request is refused by a code, a field and a reason, and
// the books stay as they were.
func testBadInput(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	entry := func(legs ...*ledgerv1.NewLeg) *ledgerv1.Operation {
		return &ledgerv1.Operation{Key: "", What: &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{Kind: "transfer", Legs: legs}}}
	}
	forty := strings.Repeat("9", 38) + ".00"
	for _, tc := range []struct {
		name  string
		op    *ledgerv1.Operation
		code  fault.Code
		field string
	}{
		{"unbalanced", entry(debit(a, "1.00"), credit(b, "2.00")), fault.Unbalanced, "entry.legs"},
		{"unknown account", entry(debit(a, "1.00"), credit("customer:nobody", "1.00")), fault.AccountUnknown, "entry.legs[1].account"},
		{"no name", entry(debit(a, "1.00"), credit("Customer X", "1.00")), fault.AccountInvalid, "entry.legs[1].account"},
		{"unknown asset", entry(debit(a, "1.00"), &ledgerv1.NewLeg{Account: b, Asset: "DOGE", Side: ledgerv1.Side_SIDE_CREDIT, Amount: "1.00"}), fault.AssetUnknown, "entry.legs[1].asset"},
		{"scale", entry(debit(a, "1.005"), credit(b, "1.005")), fault.AmountInvalid, "entry.legs[0].amount"},
		{"negative", entry(debit(a, "-1.00"), credit(b, "-1.00")), fault.AmountInvalid, "entry.legs[0].amount"},
		{"zero", entry(debit(a, "0.00"), credit(b, "0.00")), fault.AmountInvalid, "entry.legs[0].amount"},
		{"forty digits", entry(debit(a, forty), credit(b, forty)), fault.AmountInvalid, "entry.legs[0].amount"},
		{"exponent", entry(debit(a, "1e3"), credit(b, "1e3")), fault.AmountInvalid, "entry.legs[0].amount"},
		{"one leg", entry(debit(a, "1.00")), fault.Malformed, "entry.legs"},
		{"day", &ledgerv1.Operation{What: &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{Day: "31.12.2026", Legs: []*ledgerv1.NewLeg{debit(a, "1.00"), credit(b, "1.00")}}}}, fault.Malformed, "entry.day"},
		{"no hold", &ledgerv1.Operation{What: &ledgerv1.Operation_Void{Void: &ledgerv1.VoidHold{HoldId: "0.987654321"}}}, fault.HoldUnknown, "void.hold_id"},
		{"too poor", entry(debit(a, "100.01"), credit(b, "100.01")), fault.InsufficientFunds, "entry.legs[0].account"},
		{"hold of nothing", &ledgerv1.Operation{What: &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{Account: a, Asset: "RUB", Amount: "0"}}}, fault.AmountInvalid, "hold.amount"},
	} {
		part(t, c.postOps(tc.op)[0].GetRefusal(), tc.code, "operations[0]."+tc.field)
	}
	many := make([]*ledgerv1.Operation, 8001)
	for i := range many {
		many[i] = entryOp(fmt.Sprint("m", i), "transfer", a, b, "0.01")
	}
	_, err := c.Ledger.Post(t.Context(), &ledgerv1.PostRequest{Book: c.book, Operations: many})
	refused(t, err, fault.TooManyOperations, "operations")
	c.badBytes(a, b)
	c.wantBalances([]string{a, b}, "100.00 100.00", "100.00 100.00")
}

// answerOf is an error as a program without our library reads it.
type wireError struct {
	Code    string
	Message string
	Details []struct {
		Type  string
		Debug struct {
			Reason   string
			Domain   string
			Metadata map[string]string
		}
	}
}

// wantWire wants an error of the protocol with our ErrorInfo in it.
func wantWire(t *testing.T, what string, status int, body string, code fault.Code, field string) {
	t.Helper()
	var e wireError
	if err := json.Unmarshal([]byte(body), &e); err != nil || status != 400 && status != 409 && status != 401 && status != 403 {
		t.Fatalf("%s: %d %s", what, status, body)
	}
	for _, d := range e.Details {
		if d.Type != "google.rpc.ErrorInfo" {
			continue
		}
		if d.Debug.Reason != string(code) || d.Debug.Metadata["field"] != field || d.Debug.Metadata["reason"] == "" || d.Debug.Metadata["russian"] == "" {
			t.Errorf("%s: %+v, want %s of %q", what, d.Debug, code, field)
		}
		return
	}
	t.Errorf("%s: no ErrorInfo in %s", what, body)
}

// badBytes sends what no client of ours would.
func (c *caller) badBytes(a, b string) {
	t := c.t
	good, err := proto.Marshal(&ledgerv1.PostRequest{Book: c.book, Operations: []*ledgerv1.Operation{entryOp("cut", "transfer", a, b, "1.00")}})
	if err != nil {
		t.Fatal(err)
	}
	wrong := func(change func(*ledgerv1.NewEntry)) string {
		op := entryOp("text", "transfer", a, b, "1.00")
		change(op.GetEntry())
		raw, err := proto.MarshalOptions{AllowPartial: true}.Marshal(&ledgerv1.PostRequest{Book: c.book, Operations: []*ledgerv1.Operation{op}})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	kind := wrong(func(e *ledgerv1.NewEntry) { e.Kind = "QQQQ" })
	for _, tc := range []struct {
		name, kind, body string
		code             fault.Code
		field            string
	}{
		{"garbage", "application/proto", "\xff\xff\xff garbage", fault.Malformed, ""},
		{"truncated", "application/proto", string(good[:len(good)-3]), fault.Malformed, ""},
		{"no JSON", "application/json", `{"book": `, fault.Malformed, "book"},
		{"empty JSON", "application/json", ``, fault.Malformed, ""},
		{"unknown field", "application/json", `{"book":"` + c.book + `","dryRn":true}`, fault.Malformed, "dryRn"},
		{"NUL", "application/proto", wrong(func(e *ledgerv1.NewEntry) { e.Kind = "a\x00b" }), fault.Malformed, "operations[0].entry.kind"},
		{"NUL in metadata", "application/proto", wrong(func(e *ledgerv1.NewEntry) { e.Metadata = map[string]string{"k": "\x00"} }), fault.Malformed, "operations[0].entry.metadata[k]"},
		{"NUL in JSON", "application/json", `{"book":"` + c.book + `","operations":[{"key":"\u0000"}]}`, fault.Malformed, "operations[0].key"},
		{"no UTF-8", "application/proto", strings.Replace(kind, "QQQQ", "QQ\xff\xfe", 1), fault.Malformed, "operations[0].entry.kind"},
		{"ten megabytes", "application/json", `{"book":"` + strings.Repeat("x", 10<<20) + `"}`, fault.RequestTooLarge, ""},
		{"nothing to do", "application/json", `{"book":"` + c.book + `","operations":[{"key":"k"}]}`, fault.Malformed, "operations[0].what"},
		{"no side", "application/json", `{"book":"` + c.book + `","operations":[{"key":"k","entry":{"legs":[{"account":"a:b"}]}}]}`, fault.Malformed, "operations[0].entry.legs[0].side"},
		{"hold id", "application/json", `{"book":"` + c.book + `","operations":[{"key":"k","void":{"holdId":"17"}}]}`, fault.Malformed, "operations[0].void.hold_id"},
	} {
		status, body := c.post(postMethod, tc.kind, tc.body)
		wantWire(t, tc.name, status, body, tc.code, tc.field)
	}
}

// testGzip sends a lot in little, and what is no gzip: refused by the table, and
// seen by the log.
func testGzip(t *testing.T, h *house) {
	c := h.caller(t)
	bomb := &bytes.Buffer{}
	w := gzip.NewWriter(bomb)
	if _, err := io.Copy(w, io.LimitReader(zeros{}, 64<<20)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	whole := bomb.String()
	for name, tc := range map[string]struct {
		body string
		code fault.Code
	}{
		"a bomb": {whole, fault.RequestTooLarge}, "no gzip": {"not gzip at all", fault.Malformed}, "cut": {whole[:100], fault.Malformed},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+"/"+postMethod, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Content-Encoding", "gzip")
		req.Header.Set("Authorization", "Bearer "+c.key)
		req.Header.Set("X-Request-Id", "gzip-"+c.book)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		wantWire(t, name, answer.StatusCode, string(text), tc.code, "")
	}
	if n := strings.Count(h.log.String(), `"request_id":"gzip-`+c.book+`"`); n != 3 {
		t.Errorf("%d lines in the log, of 3 requests", n)
	}
}

// testKeys: a key is one request for ever.
func testKeys(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("10.00", a, b)
	c.must(entryOp("key", "transfer", a, b, "1.00"))
	part(t, c.postOps(entryOp("key", "transfer", a, b, "2.00"))[0].GetRefusal(), fault.KeyReused, "operations[0].key")
	// A remembered refusal stays, whatever the books say later.
	poor := entryOp("poor", "transfer", a, b, "20.00")
	part(t, c.postOps(poor)[0].GetRefusal(), fault.InsufficientFunds, "operations[0].entry.legs[0].account")
	c.must(entryOp("", "topup", "bank:settlement", a, "100.00"))
	if r := c.postOps(poor)[0]; r.GetRefusal().GetCode() != string(fault.InsufficientFunds) || !r.GetReplayed() {
		t.Errorf("%v", r)
	}
	c.wantBalances([]string{a, b}, "109.00 109.00", "11.00 11.00")
	again, err := c.Ledger.OpenAccounts(t.Context(), &ledgerv1.OpenAccountsRequest{Book: c.book, Accounts: []*ledgerv1.OpenAccount{{Key: "o", Name: a}, {Key: "o2", Name: "wallet"}}})
	if err != nil {
		t.Fatal(err)
	}
	part(t, again.GetResults()[0].GetRefusal(), fault.AlreadyExists, "accounts[0].name")
	part(t, again.GetResults()[1].GetRefusal(), fault.AccountInvalid, "accounts[1].name")
}

// testLarge: a full batch fits.
func testLarge(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("80.00", a, b)
	ops := make([]*ledgerv1.Operation, 8000)
	for i := range ops {
		ops[i] = entryOp("", "transfer", a, b, "0.01")
		ops[i].GetEntry().Metadata = map[string]string{"order": strings.Repeat("x", 100)}
	}
	results := c.must(ops...)
	if len(results) != 8000 {
		t.Fatal(len(results))
	}
	c.wantBalances([]string{a, b}, "0.00 0.00", "160.00 160.00")
}
