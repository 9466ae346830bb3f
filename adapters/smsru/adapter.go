package smsru

import (
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

// Options of the adapter. BaseURL and APIID are required.
type Options struct {
	BaseURL   string // "https://sms.ru"
	APIID     string // the account's key
	From      string // sender's name as agreed with the service; "" is its default
	TLS       *tls.Config
	Transport http.RoundTripper // replaces the transport; nil in production
	Timeout   time.Duration     // of one exchange, 30 s by default
	PerSecond int               // exchanges a second; 0 is no limit
	// Polls are the waits before each question whether a message that was taken could be
	// delivered; by default 1 s and 2 s. An empty list that is not nil asks nothing.
	Polls []time.Duration
	Now   func() time.Time // clock of the pace; time.Now by default
}

// Adapter sends SMS through sms.ru. It is safe for concurrent use.
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
		return nil, errors.New("smsru: BaseURL is not an address of a host")
	case o.APIID == "":
		return nil, errors.New("smsru: APIID is empty")
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Polls == nil {
		o.Polls = []time.Duration{time.Second, 2 * time.Second}
	}
	return &Adapter{o, call.New(call.Options{Timeout: o.Timeout, PerSecond: o.PerSecond, TLS: o.TLS, Transport: o.Transport, Now: o.Now})}, nil
}

// Close drops the idle connections.
func (a *Adapter) Close() { a.call.Close() }

// Notify sends an SMS, and asks a few times, within ctx, whether it could be delivered.
func (a *Adapter) Notify(ctx context.Context, n port.Notice) port.Answer {
	if refusal := n.Check(); refusal != nil {
		return port.Unsent(refusal)
	}
	number := strings.TrimPrefix(n.To, "+")
	form := url.Values{"to": {number}, "msg": {n.Text}}
	if a.o.From != "" {
		form.Set("from", a.o.From)
	}
	m, err := a.ask(ctx, "/sms/send", form)
	if err != nil {
		return port.Unclear(err.Error())
	}
	answer := understand(send, m.code(number))
	one := m.SMS[number]
	answer.Event = one.ID
	if answer.Result == port.Done && one.ID != "" {
		return a.follow(ctx, one.ID, answer)
	}
	return answer
}

// follow asks what became of a message that was taken. Only a final word changes that.
func (a *Adapter) follow(ctx context.Context, id string, taken port.Answer) port.Answer {
	for _, wait := range a.o.Polls {
		if call.Wait(ctx, wait) != nil {
			return taken
		}
		m, err := a.ask(ctx, "/sms/status", url.Values{"sms_id": {id}})
		if err != nil {
			continue
		}
		if said := understand(status, m.code(id)); said.Result != port.Unknown {
			said.Event = id
			return said
		}
	}
	return taken
}

// reply is what the service answers.
type reply struct {
	Code int `json:"status_code"`
	SMS  map[string]struct {
		Code int    `json:"status_code"`
		ID   string `json:"sms_id"`
	} `json:"-"`
	Raw json.RawMessage `json:"sms"` // an object, or an empty list when there is none
}

// taken is the service's word for "the request was understood".
const taken = 100

// code is the code of one message, or of the request when that failed whole; 0 when the
// message is not spoken of.
func (r reply) code(of string) int {
	if r.Code != taken {
		return r.Code
	}
	return r.SMS[of].Code
}

// ask makes one exchange. What is not the service's JSON is an error.
func (a *Adapter) ask(ctx context.Context, path string, form url.Values) (reply, error) {
	form.Set("api_id", a.o.APIID)
	form.Set("json", "1")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.o.BaseURL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return reply{}, errors.New("not sent: the request cannot be made")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := a.call.Do(req)
	if err != nil {
		return reply{}, err
	}
	var m reply
	if answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &m) != nil || m.Code == 0 {
		return reply{}, fmt.Errorf("http %d without a status", answer.Status)
	}
	if json.Unmarshal(m.Raw, &m.SMS) != nil {
		m.SMS = nil
	}
	return m, nil
}
