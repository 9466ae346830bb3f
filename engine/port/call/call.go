package call

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Options say how to talk to a partner. Now is required; the rest has defaults.
type Options struct {
	Timeout   time.Duration     // of one exchange, 30 s by default; the context may be shorter
	PerSecond int               // at most so many exchanges begin in a second; 0 is no limit
	Every     time.Duration     // between the beginnings of two exchanges, of partners who count by the minute; 0 is no limit
	MaxBytes  int64             // of an answer's body, 1 MiB by default
	TLS       *tls.Config       // client certificate and roots; nil is the system's
	Transport http.RoundTripper // replaces the whole transport, TLS with it
	Now       func() time.Time  // the pace's clock
}

// Client talks to one partner. It is safe for concurrent use and keeps connections.
type Client struct {
	http     *http.Client
	timeout  time.Duration
	maxBytes int64
	interval time.Duration
	now      func() time.Time

	mu   sync.Mutex
	next time.Time // when the next exchange may begin
}

// New makes a client.
func New(o Options) *Client {
	if o.Now == nil {
		panic("call: Now is required")
	}
	c := &Client{timeout: cmp.Or(o.Timeout, 30*time.Second), maxBytes: cmp.Or(o.MaxBytes, 1<<20), now: o.Now}
	if o.PerSecond > 0 {
		c.interval = time.Second / time.Duration(o.PerSecond)
	}
	c.interval = max(c.interval, o.Every)
	transport := o.Transport
	if transport == nil {
		dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
		transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: o.TLS, TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
		}
	}
	c.http = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Close drops the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Reply is an answer that arrived whole.
type Reply struct {
	Status int
	Body   []byte
}

// ErrTooLong says that the body was longer than MaxBytes.
var ErrTooLong = errors.New("the answer is too long")

// Do sends the request once. An error means that nobody knows whether the partner
// acted; its text is fit for a log and for Answer.Status.
func (c *Client) Do(req *http.Request) (Reply, error) {
	ctx, cancel := context.WithTimeout(req.Context(), c.timeout)
	defer cancel()
	if err := c.pace(ctx); err != nil {
		return Reply{}, fmt.Errorf("not sent: %w", plain(err))
	}
	answer, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return Reply{}, fmt.Errorf("no answer: %w", plain(err))
	}
	defer answer.Body.Close() //nolint:errcheck // the body was read to its end or is of no use
	body, err := io.ReadAll(io.LimitReader(answer.Body, c.maxBytes+1))
	switch {
	case err != nil:
		return Reply{}, fmt.Errorf("answer %d broke off: %w", answer.StatusCode, plain(err))
	case int64(len(body)) > c.maxBytes:
		return Reply{}, ErrTooLong
	}
	return Reply{Status: answer.StatusCode, Body: body}, nil
}

// plain takes the address off an error: it may carry a key in its query.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// pace waits for this exchange's turn. One that would come too late is not taken: turns
// of callers who left would keep those behind them waiting for nothing.
func (c *Client) pace(ctx context.Context) error {
	if c.interval == 0 {
		return ctx.Err()
	}
	c.mu.Lock()
	now := c.now()
	turn := c.next
	if turn.Before(now) {
		turn = now
	}
	wait := turn.Sub(now)
	if deadline, ok := ctx.Deadline(); ok && wait > time.Until(deadline) { // clock: of the network
		c.mu.Unlock()
		return context.DeadlineExceeded
	}
	c.next = turn.Add(c.interval)
	c.mu.Unlock()
	return Wait(ctx, wait)
}

// Wait waits for the time or for the context's end, whose error it returns.
func Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
