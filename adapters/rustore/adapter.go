package rustore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/call"
)

// Options of the adapter. BaseURL, Project and Token are required.
type Options struct {
	BaseURL   string        // "https://vkpns.rustore.ru"
	Project   string        // the project's id in the developer's console
	Token     string        // its service token
	TTL       time.Duration // how long the service keeps a message for a device that is off; 1 h by default
	TLS       *tls.Config
	Transport http.RoundTripper // replaces the transport; nil in production
	Timeout   time.Duration     // of one exchange, 30 s by default
	PerSecond int               // exchanges a second; 0 is no limit
	Now       func() time.Time  // clock of the pace; time.Now by default
}

// Adapter sends push messages through RuStore. It is safe for concurrent use.
type Adapter struct {
	o    Options
	call *call.Client
}

var _ port.Notifier = (*Adapter)(nil)

// New makes the adapter; it makes no call.
func New(o Options) (*Adapter, error) {
	base, err := url.Parse(o.BaseURL)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return nil, errors.New("rustore: BaseURL is not an address of a host")
	case o.Project == "" || url.PathEscape(o.Project) != o.Project:
		return nil, errors.New("rustore: Project is empty or is no id")
	case o.Token == "" || strings.ContainsAny(o.Token, " \r\n"):
		return nil, errors.New("rustore: Token is empty or is no token")
	case o.TTL < 0:
		return nil, errors.New("rustore: TTL is below zero")
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	o.TTL = cmp.Or(o.TTL, time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Adapter{o, call.New(call.Options{Timeout: o.Timeout, PerSecond: o.PerSecond, TLS: o.TLS, Transport: o.Transport, Now: o.Now})}, nil
}

// Close drops the idle connections.
func (a *Adapter) Close() { a.call.Close() }

// request is what the service is sent.
type request struct {
	Message struct {
		Token        string `json:"token"`
		Notification struct {
			Title string `json:"title"`
			Body  string `json:"body"`
		} `json:"notification"`
		Android struct {
			TTL string `json:"ttl"`
		} `json:"android"`
	} `json:"message"`
}

// said is an error as the service writes it, with "error" around it or without.
type said struct {
	Status string `json:"status"`
	Error  struct {
		Status string `json:"status"`
	} `json:"error"`
}

// Notify sends a message to a device; the address is its token.
func (a *Adapter) Notify(ctx context.Context, n port.Notice) port.Answer {
	if refusal := n.Check(); refusal != nil {
		return port.Unsent(refusal)
	}
	var m request
	m.Message.Token, m.Message.Notification.Title, m.Message.Notification.Body = n.To, n.Subject, n.Text
	m.Message.Android.TTL = fmt.Sprintf("%ds", int64(a.o.TTL/time.Second))
	body, err := json.Marshal(m)
	if err != nil {
		return port.Unclear("not sent: the request cannot be made")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.o.BaseURL+"/v1/projects/"+a.o.Project+"/messages:send", bytes.NewReader(body))
	if err != nil {
		return port.Unclear("not sent: the request cannot be made")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+a.o.Token)
	answer, err := a.call.Do(req)
	if err != nil {
		return port.Unclear(err.Error())
	}
	if answer.Status == http.StatusOK {
		return understand(taken)
	}
	var s said
	if json.Unmarshal(answer.Body, &s) != nil || s.Status == "" && s.Error.Status == "" {
		return port.Unclear(fmt.Sprintf("http %d without a status", answer.Status))
	}
	return understand(cmp.Or(s.Error.Status, s.Status))
}
