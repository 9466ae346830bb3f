package fns

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port/call"
	"github.com/provodka/provodka/engine/port/leanxml"
)

// unclear is why a question has no answer: fit for Answer.Status and Reason.
type unclear struct{ status, words string }

func because(format string, args ...any) *unclear {
	return &unclear{status: clip(fmt.Sprintf(format, args...))}
}

// client speaks SOAP with the service.
type client struct {
	authURL, serviceURL    string
	masterToken, userToken string
	call                   *call.Client
	polls                  []time.Duration
	now                    func() time.Time

	lock  chan struct{} // holds one thing: the right to look at and renew the token
	token string
	renew time.Time // when the token is to be renewed
}

// exchange posts one envelope and reads the answer. SOAP faults come with HTTP 500
// and are answers too.
func (c *client) exchange(ctx context.Context, url, action, token string, element any) (*reply, *unclear) {
	body, err := leanxml.Marshal(xml.Header, wrap(element))
	if err != nil {
		return nil, because("not sent: %v", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, because("not sent: %v", err)
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", action)
	if token != "" {
		req.Header.Set("FNS-OpenApi-Token", token)
		req.Header.Set("FNS-OpenApi-UserToken", c.userToken)
	}
	answer, err := c.call.Do(req)
	if err != nil {
		return nil, because("%v", err)
	}
	r, err := leanxml.Unmarshal[reply](answer.Body)
	if err != nil || r.Fault == nil && answer.Status != http.StatusOK {
		return nil, because("http %d without the service's words", answer.Status)
	}
	return r, nil
}

// authorized makes an exchange under a token, once more when the token is not taken.
func (c *client) authorized(ctx context.Context, action string, element any) (*reply, *unclear) {
	for try := 0; ; try++ {
		token, wrong := c.temporaryToken(ctx)
		if wrong != nil {
			return nil, wrong
		}
		r, wrong := c.exchange(ctx, c.serviceURL, action, token, element)
		if wrong != nil || r.Fault == nil || r.Fault.Detail.Auth == nil || try == 1 {
			return r, wrong
		}
		c.drop(token)
	}
}

// temporaryToken gives the kept token, or asks for a new one after nine tenths of
// the old one's life. Callers wait for one another and for their contexts.
func (c *client) temporaryToken(ctx context.Context) (string, *unclear) {
	select {
	case c.lock <- struct{}{}:
	case <-ctx.Done():
		return "", because("not sent: %v", ctx.Err())
	}
	defer func() { <-c.lock }()
	if c.token != "" && c.now().Before(c.renew) {
		return c.token, nil
	}
	r, wrong := c.exchange(ctx, c.authURL, actionGet, "", authMessage{Message: content{authRequest{MasterToken: c.masterToken}}})
	switch {
	case wrong != nil:
		return "", &unclear{clip("no token: " + wrong.status), wrong.words}
	case r.Fault != nil:
		return "", &unclear{"no token", r.Fault.Words}
	case r.Got == nil || r.Got.Message.Auth == nil || r.Got.Message.Auth.Token == "":
		return "", because("no token in the answer")
	}
	now := c.now()
	c.token, c.renew = r.Got.Message.Auth.Token, now // of no known life: for this call only
	if expires, ok := parseTime(r.Got.Message.Auth.ExpireTime); ok {
		c.renew = now.Add(expires.Sub(now) * 9 / 10)
	}
	return c.token, nil
}

// drop forgets a token that the service did not take, unless it was renewed meanwhile.
func (c *client) drop(token string) {
	c.lock <- struct{}{}
	defer func() { <-c.lock }()
	if c.token == token {
		c.token = ""
	}
}

// sends is how often a question is sent when its message is lost.
const sends = 2

// ask sends an operation and waits for its answer. A lost message is sent again:
// reading is harmless, and registering has its OperationUniqueId.
func (c *client) ask(ctx context.Context, operation any) (*message, *unclear) {
	for range sends {
		r, wrong := c.authorized(ctx, actionSend, sendMessage{Message: content{operation}})
		switch {
		case wrong != nil:
			return nil, wrong
		case r.Fault != nil:
			return nil, faulty(r.Fault)
		case r.Sent == nil || r.Sent.MessageID == "":
			return nil, because("no MessageId in the answer")
		}
		m, lost, wrong := c.await(ctx, r.Sent.MessageID)
		if !lost {
			return m, wrong
		}
	}
	return nil, because("NOT_FOUND")
}

// processing and completed are the states of a message [H].
const (
	processing = "PROCESSING"
	completed  = "COMPLETED"
)

// await asks for a message until it is completed, lost, or the waits are used up.
func (c *client) await(ctx context.Context, id string) (m *message, lost bool, wrong *unclear) {
	wrong = because(processing)
	for _, wait := range c.polls {
		if call.Wait(ctx, wait) != nil {
			return nil, false, wrong
		}
		r, broken := c.authorized(ctx, actionGet, getMessage{MessageID: id})
		switch {
		case broken != nil:
			wrong = broken // the next question may be answered
		case r.Fault != nil && r.Fault.Detail.NotFound != nil:
			return nil, true, nil
		case r.Fault != nil:
			wrong = faulty(r.Fault)
		case r.Got == nil:
			wrong = because("no status in the answer")
		case r.Got.ProcessingStatus == completed:
			return &r.Got.Message, false, nil
		default:
			wrong = because("%s", r.Got.ProcessingStatus)
		}
	}
	return nil, false, wrong
}

// faulty names a SOAP fault.
func faulty(f *soapFault) *unclear {
	u := &unclear{status: clip(f.Code), words: f.Words}
	switch {
	case f.Detail.Auth != nil:
		u.status = "AuthenticationFault"
	case f.Detail.Haste != nil:
		u.status = "RateLimitingFault"
	case f.Detail.NotFound != nil:
		u.status = "MessageNotFoundFault"
	case u.status == "":
		u.status = "soap:Fault"
	}
	return u
}

// clip limits a foreign word that is kept as a status.
func clip(s string) string {
	const limit = 64
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
