package tbank

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/provodka/provodka/engine/port/call"
)

// client speaks HTTP with the bank.
type client struct {
	base  string
	token string
	call  *call.Client
}

func (c *client) post(ctx context.Context, path string, m any, id string) (call.Reply, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return call.Reply{}, fmt.Errorf("not sent: %w", err)
	}
	return c.do(ctx, http.MethodPost, path, body, id)
}

func (c *client) get(ctx context.Context, id string) (call.Reply, error) {
	return c.do(ctx, http.MethodGet, paymentPath+url.PathEscape(id), nil, id)
}

// statement asks for a page of a statement.
func (c *client) statement(ctx context.Context, query url.Values) (call.Reply, error) {
	return c.do(ctx, http.MethodGet, statementPath+"?"+query.Encode(), nil, "")
}

// do makes one exchange. X-Request-Id is for tracing only [H].
func (c *client) do(ctx context.Context, method, path string, body []byte, id string) (call.Reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return call.Reply{}, fmt.Errorf("not sent: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	if id != "" {
		req.Header.Set("X-Request-Id", id)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.call.Do(req)
}
