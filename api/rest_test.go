package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/provodka/provodka/api/rest"
)

// rest asks as a caller does that knows paths and JSON alone.
func (c *caller) rest(verb, path, body string) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), verb, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer, string(text)
}

// problem wants a refusal over REST.
func (c *caller) problem(verb, path, body string, status int, code, field string) rest.Problem {
	c.t.Helper()
	answer, text := c.rest(verb, path, body)
	var p rest.Problem
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		c.t.Fatalf("%s %s: %d %s", verb, path, answer.StatusCode, text)
	}
	if answer.StatusCode != status || p.Status != status || p.Code != code || p.Field != field || p.Detail == "" ||
		answer.Header.Get("Content-Type") != "application/problem+json" || answer.Header.Get("X-Request-Id") == "" {
		c.t.Fatalf("%s %s: got %d %s, want %d %s of %q", verb, path, answer.StatusCode, text, status, code, field)
	}
	return p
}

// testREST posts and reads with paths and JSON, and meets the same refusals.
func testREST(t *testing.T, h *house) {
	c := h.caller(t)
	book := "/v1/books/" + c.book
	answer, text := c.rest("POST", book+"/operations", `{"operations":[{"key":"in","entry":{"kind":"topup","legs":[
		{"account":"bank:settlement","side":"SIDE_DEBIT","asset":"RUB","amount":"106.38"},
		{"account":"suspense:stray","side":"SIDE_CREDIT","asset":"RUB","amount":"106.38"}]}}]}`)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", answer.StatusCode, text)
	}
	var posted struct {
		Position string `json:"position"`
	}
	if err := json.Unmarshal([]byte(text), &posted); err != nil || posted.Position == "" {
		t.Fatalf("%v in %s", err, text)
	}
	answer, text = c.rest("GET", book+"/balances?accounts=suspense:stray&asset=RUB&min_position="+posted.Position, "")
	if answer.StatusCode != http.StatusOK || !strings.Contains(text, `"106.38"`) {
		t.Fatalf("%d %s", answer.StatusCode, text)
	}
	answer, text = c.rest("GET", book+"/keys/in/entry", "")
	if answer.StatusCode != http.StatusOK || !strings.Contains(text, `"topup"`) {
		t.Fatalf("%d %s", answer.StatusCode, text)
	}
	c.problem("GET", book+"/entries/9.999", "", http.StatusNotFound, "not_found", "id")
	c.problem("GET", book+"/entries/abc", "", http.StatusBadRequest, "malformed", "id")
	c.problem("GET", "/v1/books/foreign/position", "", http.StatusForbidden, "permission_denied", "book")
	c.problem("POST", book+"/operations", `{"operations":[{"key":"x","colour":"red"}]}`, http.StatusBadRequest, "malformed", "operations[0].colour")
	// What cannot be read at all is named as the caller wrote it, wherever it stood.
	for _, w := range []struct{ path, field string }{
		{"/balances?accounts=suspense:stray&at.known_at=yesterday", "at.known_at"}, {"/entries?from=%D0%B2%D1%87%D0%B5%D1%80%D0%B0", "from"},
		{"/entries?page_size=ten", "page_size"}, {"/entries?page_size=", "page_size"}, {"/entries?page_size=1.5", "page_size"},
		{"/entries?steps=1", "steps"}, {"/balances?accounts=%ff", "accounts"}, {"/balances?asset=%zz", "asset"},
		{"/entries/%ff", "id"}, {"/accounts/%fe/legs", "account"},
	} {
		c.problem("GET", book+w.path, "", http.StatusBadRequest, "malformed", w.field)
	}
	c.problem("POST", book+"/operations", `{"operations":[{"key":"x","entry":{"legs":[{"side":"SIDE_LEFT"}]}}]}`, http.StatusBadRequest, "malformed", "operations[0].entry.legs[0].side")
	c.problem("POST", book+"/operations", `{"operations":[{"key":"x","entry":{"legs":[{"side":99}]}}]}`, http.StatusBadRequest, "malformed", "operations[0].entry.legs[0].side")
	c.problem("POST", book+"/operations", `{"operations":[{"key":"x","hold":{"expiresIn":"tomorrow"}}]}`, http.StatusBadRequest, "malformed", "operations[0].hold.expiresIn")
	c.problem("POST", book+"/operations", `{"dry_run":maybe}`, http.StatusBadRequest, "malformed", "dry_run")
	c.problem("GET", book+"/nothing", "", http.StatusNotFound, "not_found", "")
	p := c.problem("GET", book+"/balances?accounts=suspense:stray&min_position=0.99999999", "", http.StatusServiceUnavailable, "position_timeout", "min_position")
	if p.Retry != "same" || p.RetryAfterMS == 0 || p.TitleRU == "" {
		t.Errorf("no word about a retry: %+v", p)
	}
	stranger := *c
	stranger.key = ""
	stranger.problem("GET", book+"/position", "", http.StatusUnauthorized, "unauthenticated", "authorization")
}
