package npdstatus

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/call"
	"github.com/provodka/provodka/ledger/fault"
)

// Options of the adapter. BaseURL is required.
type Options struct {
	BaseURL   string            // "https://statusnpd.nalog.ru" [H]
	Every     time.Duration     // between two calls; 31 s by default [M]
	Timeout   time.Duration     // of one call; a minute by default [M]
	Kept      int               // answers kept; 10,000 by default
	Transport http.RoundTripper // replaces the transport; nil in production
	Now       func() time.Time  // clock of the pace; time.Now by default
}

// path is where the list is asked [H].
const path = "/api/v1/tracker/taxpayer_status"

// Adapter asks the list. It is safe for concurrent use.
type Adapter struct {
	url  string
	call *call.Client
	most int

	mu   sync.Mutex
	kept map[question]port.Answer
}

type question struct{ inn, day string }

var _ port.NPDStatus = (*Adapter)(nil)

// New makes the adapter; it makes no call.
func New(o Options) (*Adapter, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, errors.New("npdstatus: BaseURL is not an address of a host")
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return &Adapter{
		url: base.JoinPath(path).String(), most: cmp.Or(o.Kept, 10_000), kept: map[question]port.Answer{},
		call: call.New(call.Options{
			Timeout: cmp.Or(o.Timeout, time.Minute), Every: cmp.Or(o.Every, 31*time.Second), MaxBytes: 64 << 10, Transport: o.Transport, Now: now,
		}),
	}, nil
}

// Close drops the idle connections.
func (a *Adapter) Close() { a.call.Close() }

// request and reply are the list's own words.
type request struct {
	INN  string `json:"inn"`
	Date string `json:"requestDate"`
}

type reply struct {
	Status  *bool  `json:"status"`
	Message string `json:"message"`
	Code    string `json:"code"`
}

// Listed asks whether a person is on NPD on a day. Whoever cannot have a turn in time
// does not take one.
func (a *Adapter) Listed(ctx context.Context, inn, day string) port.Answer {
	q := question{inn, day}
	a.mu.Lock()
	known, ok := a.kept[q]
	a.mu.Unlock()
	if ok {
		return known
	}
	answer := a.ask(ctx, q)
	if answer.Result != port.Done && answer.Result != port.Refused {
		return answer
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.kept) >= a.most {
		clear(a.kept) // a list of people is asked for anew, at its own pace
	}
	a.kept[q] = answer
	return answer
}

func (a *Adapter) ask(ctx context.Context, q question) port.Answer {
	body, err := json.Marshal(request{q.inn, q.day})
	if err != nil {
		return port.Unclear("not sent")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return port.Unclear("not sent")
	}
	req.Header.Set("Content-Type", "application/json")
	got, err := a.call.Do(req)
	if err != nil {
		return port.Unclear(err.Error())
	}
	var r reply
	if err := json.Unmarshal(got.Body, &r); err != nil {
		return port.Unclear("an answer that is no JSON")
	}
	return understand(got.Status, r)
}

// notListedWords are for people.
const notListedWords = "Не состоит на учёте плательщика налога на профессиональный доход"

// understand is the whole table: only a plain yes or no is an answer.
func understand(status int, r reply) port.Answer {
	switch {
	case status == http.StatusOK && r.Status != nil && r.Code == "" && *r.Status:
		return port.Answer{Result: port.Done, Status: "true"}
	case status == http.StatusOK && r.Status != nil && r.Code == "":
		return port.Answer{Result: port.Refused, Status: "false", Code: fault.NotFound, Reason: notListedWords}
	}
	const longest = 64
	code := cmp.Or(r.Code, http.StatusText(status), "no status")
	return port.Unclear(code[:min(len(code), longest)])
}
