package sandbox

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/provodka/provodka/engine/port/stage"
)

// webhook is where the bank calls when a payment's status has changed.
type webhook struct {
	URL  string `json:"url"`
	Auth string `json:"authType"` // Basic, Bearer or ""
	Key  string `json:"authSecret"`
}

// events are the types that the bank knows [H]; only payment-status is played.
var events = []string{
	"nonacceptance-debits-agreement-updates", "ndfl3", "oper-feed-operation", "payment-requests-updates", statusEvent, "example",
	"sbp-qr-status-changed", "invoice-status-changed", "partner-messages-new-message", "sme-qds-partner-order-changed", "bank-guarantee-order-status-changed",
}

const statusEvent = "payment-status"

// courier delivers callbacks.
type courier struct {
	books   *stage.Books
	http    *http.Client
	retries []time.Duration // waits before each further try
	calls   sync.WaitGroup

	mu   sync.Mutex
	hook webhook
	over bool // no more calls
}

// defaultRetries are far shorter than the bank's own: up to 5 tries, 30 s to 10 min apart [H].
var defaultRetries = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second}

// put takes another webhook in place of the one that there is.
func (c *courier) put(h webhook) {
	c.mu.Lock()
	c.hook = h
	c.mu.Unlock()
}

// tell calls back about a payment in these words, one after another, each until it was
// heard or the tries are over. It does not wait; over is closed at the end.
func (c *courier) tell(of stage.Subject, words ...string) (over <-chan struct{}) {
	done := make(chan struct{})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hook.URL == "" || c.over {
		close(done)
		return done
	}
	hook := c.hook
	c.calls.Go(func() {
		defer close(done)
		of.Op = opCallback
		if c.books.Behave(of).Fault == stage.Silent {
			return
		}
		for _, word := range words {
			c.deliver(hook, of.ID, word)
		}
	})
	return done
}

// deliver calls until it is answered with 2xx or the tries are over.
func (c *courier) deliver(h webhook, id, word string) {
	for i := 0; !c.call(h, id, word) && i < len(c.retries); i++ {
		select {
		case <-time.After(c.retries[i]):
		case <-c.books.Closed():
			return
		}
	}
}

// call calls once. The body's layout is not documented ?: it is what the status's GET
// answers, with the payment's id.
func (c *courier) call(h webhook, id, word string) (heard bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	body, _ := json.Marshal(map[string]string{"eventType": statusEvent, "paymentId": id, "status": word}) // strings always marshal
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	switch h.Auth {
	case "Bearer":
		req.Header.Set("Authorization", "Bearer "+h.Key)
	case "Basic":
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(h.Key)))
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // only the status counts
	_ = answer.Body.Close()
	return answer.StatusCode/100 == 2 && c.books.Called(id) == nil
}

// shut takes no more calls.
func (c *courier) shut() {
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
}

// changed calls back about a payment whose state has changed, and comes back to it when a
// delay brings the next change. The books' lock is held.
func (s *Server) changed(p stage.Payment) {
	word, fault := words[p.Status], p.Rule.Fault
	switch {
	case word == "" || fault == stage.Early: // nothing to say, or said before the answer
	case fault == stage.Duplicate:
		s.courier.tell(p.Subject, word, word)
	case fault == stage.Reordered:
		s.courier.tell(p.Subject, word, words[stage.Pending])
	default:
		s.courier.tell(p.Subject, word)
	}
	if p.Status == stage.Pending || p.Status == stage.Executed && fault == stage.TakenBack {
		s.courier.later(p)
	}
}

// later looks at a payment again when the delay of its rule is over.
func (c *courier) later(p stage.Payment) {
	if p.Rule.DelayMS == 0 {
		return
	}
	c.calls.Go(func() {
		select {
		case <-time.After(p.Rule.Delay()):
			_ = c.books.Pass(p.ID) // it would be taken up by the next question
		case <-c.books.Closed():
		}
	})
}

// addWebhook is POST /api/v1/webhook [H].
func (s *Server) addWebhook(w http.ResponseWriter, r *http.Request) {
	var body struct {
		webhook
		HasSignature *bool  `json:"hasSignature"`
		Email        string `json:"email"`
	}
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<16))
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	at, bad := url.Parse(body.URL)
	switch kind := r.URL.Query().Get("eventType"); {
	case err != nil:
		refuse(w, http.StatusBadRequest, "INVALID_DATA", "тело запроса не JSON")
	case !slices.Contains(events, kind):
		refuse(w, http.StatusBadRequest, "INVALID_DATA", "eventType: тип события")
	case kind != statusEvent:
		refuse(w, http.StatusUnprocessableEntity, "UNSUPPORTED", "песочница сообщает только о статусах платежей")
	case bad != nil || at.Host == "" || len(body.URL) > 2048:
		refuse(w, http.StatusBadRequest, "INVALID_DATA", "url: адрес вебхука")
	case !slices.Contains([]string{"", "Basic", "Bearer"}, body.Auth) || len(body.Key) > 256:
		refuse(w, http.StatusBadRequest, "INVALID_DATA", "authType, authSecret: авторизация вебхука")
	case body.HasSignature == nil || body.Email == "":
		refuse(w, http.StatusBadRequest, "INVALID_DATA", "hasSignature, email: обязательные поля")
	default:
		if err := s.books.Note(note{webhook: body.webhook}); err != nil {
			refuse(w, http.StatusInternalServerError, "INTERNAL_ERROR", err.Error())
			return
		}
		w.WriteHeader(http.StatusOK)
	}
}
