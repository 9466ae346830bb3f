package api_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	taxservice "github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/api/postback"
	"github.com/provodka/provodka/engine/port/requisite"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// receiver is a company's own server, with faults.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(n int, w http.ResponseWriter, r *http.Request) // of the n-th request, from 1; nil is 200
}

type received struct {
	method, id, event string
	body              []byte
	signed            bool
}

func newReceiver(t *testing.T) (*receiver, func(secret string)) {
	r := &receiver{}
	var key []byte
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		h := req.Header
		r.mu.Lock()
		// As the text of Standard Webhooks says, and not as the sender does it.
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + string(body)))
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		r.got = append(r.got, received{req.Method, h.Get("webhook-id"), h.Get("webhook-event"), body, h.Get("webhook-signature") == want})
		n, answer := len(r.got), r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(n, w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r, func(secret string) {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || !strings.HasPrefix(secret, "whsec_") {
			t.Fatalf("the secret %q: %v", secret, err)
		}
		r.mu.Lock()
		key = raw
		r.mu.Unlock()
	}
}

func (r *receiver) events() (events []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.got {
		events = append(events, g.event)
	}
	return events
}

// subscription is what POST /api/subscriptions answered.
type subscription struct {
	ID, State, Position, Error, Secret string
	Failures                           int
}

func (f *firm) subscribe(uri, rest string) subscription {
	f.t.Helper()
	return readSubscription(f.t, f.ok("POST", "/api/subscriptions", "", `{"uri":"`+uri+`"`+rest+`}`))
}

func readSubscription(t *testing.T, fields map[string]json.RawMessage) (s subscription) {
	t.Helper()
	if err := json.Unmarshal([]byte(show(fields)), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (f *firm) subscriptions() map[string]subscription {
	f.t.Helper()
	var list []subscription
	if err := json.Unmarshal(f.ok("GET", "/api/subscriptions", "", "")["subscriptions"], &list); err != nil {
		f.t.Fatal(err)
	}
	out := map[string]subscription{}
	for _, s := range list {
		if s.Secret != "" {
			f.t.Error("a list shows a secret")
		}
		out[s.ID] = s
	}
	return out
}

func (f *firm) newTask() string {
	f.t.Helper()
	return strings.Trim(string(f.ok("POST", "/api/tasks", "", `{"title":"a","description":"b","category":"c","fee":10}`)["id"]), `"`)
}

// testPostbacks delivers what companies' tasks do to their own servers.
func testPostbacks(t *testing.T, h *house) {
	t.Run("Task", func(t *testing.T) { testPostbackOfTask(t, h) })
	t.Run("Busy", func(t *testing.T) { testPostbackBusy(t, h) })
	t.Run("Panic", func(t *testing.T) { testPostbackPanic(t, h) })
	t.Run("Faults", func(t *testing.T) { testPostbackFaults(t, h) })
	t.Run("Refused", func(t *testing.T) { testSubscriptionRefused(t, h) })
	t.Run("Status", func(t *testing.T) { testStatusPostback(t, h) })
}

// testPostbackOfTask gets the events of a task in order, each with the body of GET.
func testPostbackOfTask(t *testing.T, h *house) {
	f, other := h.firm(t), h.firm(t)
	all, know := newReceiver(t)
	some, _ := newReceiver(t)
	foreign, _ := newReceiver(t)
	know(f.subscribe(all.URL, "").Secret)
	f.subscribe(some.URL, `,"http_method":"GET","subscribed_on":["task.canceled"]`)
	other.subscribe(foreign.URL, "")
	id := f.newTask()
	created := f.ok("GET", "/api/tasks/"+id, "", "")
	f.ok("POST", "/api/tasks/"+id+"/cancel", "", "")
	canceled := f.ok("GET", "/api/tasks/"+id, "", "")
	d, err := h.api.Postbacks("test")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing
		if err := d.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := all.events(); !slices.Equal(got, []string{"task.created", "task.canceled"}) {
		t.Fatal(got)
	}
	for i, want := range []map[string]json.RawMessage{created, canceled} {
		got := map[string]json.RawMessage{}
		if err := json.Unmarshal(all.got[i].body, &got); err != nil || show(got) != show(want) || !all.got[i].signed || all.got[i].method != "POST" {
			t.Errorf("%v %v:\n%s\nwant %s", err, all.got[i].signed, all.got[i].body, show(want))
		}
	}
	if got := some.events(); !slices.Equal(got, []string{"task.canceled"}) || some.got[0].method != "GET" || len(some.got[0].body) == 0 {
		t.Error(got)
	}
	if got := foreign.events(); len(got) > 0 {
		t.Errorf("another company was told %v", got)
	}
}

// testPostbackBusy finds a company's event behind more of others' than are read at once.
func testPostbackBusy(t *testing.T, h *house) {
	f := h.firm(t)
	r, _ := newReceiver(t)
	f.subscribe(r.URL, "")
	for range 40 { // commits of the company's own shard
		f.must(entryOp("", "topup", "bank:settlement", "wallet:"+f.id, "1.00"))
	}
	f.newTask()
	now := time.Now()
	if err := clocked(t, h, &now).Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.events(); !slices.Equal(got, []string{"task.created"}) {
		t.Error(got)
	}
}

// testPostbackPanic: a task that cannot be shown holds up its own company alone.
func testPostbackPanic(t *testing.T, h *house) {
	f := h.firm(t)
	r, _ := newReceiver(t)
	f.subscribe(r.URL, "")
	f.newTask()
	log := &lockedBuffer{}
	d, err := postback.New(postback.Config{
		DB: h.db, Process: "panics", Private: true, Now: time.Now, Every: time.Hour, Logger: slog.New(slog.NewTextHandler(log, nil)),
		Body: func(_ context.Context, r *journalv1.Record) ([]byte, error) {
			if r.GetBook() == f.book {
				panic("770100000123")
			}
			return []byte("{}"), nil
		},
		Secret: func(string) []byte { return []byte("k") }, Count: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, "panicked") || strings.Contains(text, "770100000123") || len(r.events()) > 0 {
		t.Errorf("%s %v", text, r.events())
	}
}

// clocked is a deliverer with a clock of the test's own.
func clocked(t *testing.T, h *house, now *time.Time) *postback.Deliverer {
	t.Helper()
	d, err := postback.New(postback.Config{
		DB: h.db, Process: "clocked", Private: true, Now: func() time.Time { return *now }, Every: time.Hour, Logger: slog.New(slog.DiscardHandler),
		Body:   func(_ context.Context, r *journalv1.Record) ([]byte, error) { return []byte(r.GetMove().GetTo()), nil },
		Secret: func(string) []byte { return []byte("k") }, Count: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// testPostbackFaults fails, redirects, breaks off and dies for days: nothing is lost,
// nothing overtakes, and ids stay.
func testPostbackFaults(t *testing.T, h *house) {
	f := h.firm(t)
	r, _ := newReceiver(t)
	lured, _ := newReceiver(t)
	s := f.subscribe(r.URL, "")
	f.ok("POST", "/api/tasks/"+f.newTask()+"/cancel", "", "")
	now := time.Now()
	d := clocked(t, h, &now)
	pass := func(later time.Duration, ctx context.Context) {
		t.Helper()
		now = now.Add(later)
		if err := d.Pass(ctx); err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
	}
	r.answer = func(n int, w http.ResponseWriter, req *http.Request) {
		switch n {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			http.Redirect(w, req, lured.URL, http.StatusTemporaryRedirect)
		}
	}
	pass(0, t.Context())
	pass(time.Second, t.Context()) // too early
	if got := f.subscriptions()[s.ID]; got.Failures != 1 || !strings.Contains(got.Error, "500") || len(r.events()) != 1 {
		t.Fatalf("%+v %v", got, r.events())
	}
	pass(10*time.Second, t.Context())
	pass(time.Minute, t.Context())
	if got := r.events(); !slices.Equal(got, []string{"task.created", "task.created", "task.created", "task.canceled"}) || len(lured.events()) > 0 {
		t.Fatalf("%v, redirected %v", got, lured.events())
	}
	if r.got[0].id != r.got[1].id || r.got[1].id != r.got[2].id || r.got[3].id == r.got[0].id || !bytes.Equal(r.got[0].body, r.got[2].body) {
		t.Errorf("%+v", r.got)
	}
	testDeliveryLog(t, f, d, s.ID)
	// The process dies after the company's server has taken the event.
	f.newTask()
	dying, die := context.WithCancel(t.Context())
	r.answer = func(int, http.ResponseWriter, *http.Request) { die() }
	pass(time.Minute, dying)
	r.answer = nil
	pass(time.Second, t.Context()) // somebody may still be working on it
	pass(time.Minute, t.Context())
	if n := len(r.got); n != 6 || r.got[4].id != r.got[5].id {
		t.Errorf("%v", r.events())
	}
	testPostbackDead(t, f, r, s, pass)
}

// testDeliveryLog reads what became of each try: two that failed, with the next one's moment,
// and two that did not.
func testDeliveryLog(t *testing.T, f *firm, d *postback.Deliverer, id string) {
	t.Helper()
	d.Flush(t.Context())
	var log []string
	for page := ""; ; {
		answer := f.ok("GET", "/api/subscriptions/"+id+"/deliveries?page="+page, "", "")
		var list []struct {
			Event   string  `json:"event"`
			Attempt int     `json:"attempt"`
			Status  int     `json:"status"`
			Error   string  `json:"error"`
			Next    *string `json:"next_at"`
		}
		if err := json.Unmarshal(answer["deliveries"], &list); err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			log = append(log, fmt.Sprintf("%s %d %d %t %t", l.Event, l.Attempt, l.Status, l.Error != "", l.Next != nil))
		}
		if page = strings.Trim(string(answer["next_page"]), `"`); page == "" {
			break
		}
	}
	if want := []string{"task.canceled 1 200 false false", "task.created 3 200 false false", "task.created 2 307 true true", "task.created 1 500 true true"}; !slices.Equal(log, want) {
		t.Errorf("the log says %q", log)
	}
	f.wrong("GET", "/api/subscriptions/subscription-none/deliveries", "", http.StatusNotFound, "not_found", "id")
}

// testPostbackDead is paused after days, goes on by a call, and is sent again.
func testPostbackDead(t *testing.T, f *firm, r *receiver, s subscription, pass func(time.Duration, context.Context)) {
	r.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	f.newTask()
	for range 30 {
		pass(15*time.Hour, t.Context())
	}
	dead := f.subscriptions()[s.ID]
	if n := len(r.got); dead.State != "paused" || dead.Failures < 5 || n > 20 {
		t.Fatalf("%+v after %d", dead, n)
	}
	r.answer = nil
	before := len(r.got)
	again := readSubscription(t, f.ok("POST", "/api/subscriptions/"+s.ID+"/replay", "", ""))
	if again.State != "active" || again.Position != dead.Position {
		t.Errorf("%+v", again)
	}
	pass(time.Minute, t.Context())
	if got := r.events()[before:]; !slices.Equal(got, []string{"task.created"}) {
		t.Fatal(got)
	}
	f.ok("POST", "/api/subscriptions/"+s.ID+"/replay", "", `{"from":"`+s.Position+`"}`)
	pass(time.Minute, t.Context())
	if got := r.events()[before+1:]; !slices.Equal(got, []string{"task.created", "task.canceled", "task.created", "task.created"}) || r.got[before+1].id != r.got[0].id {
		t.Fatal(got)
	}
	for _, from := range []string{"7.1", s.Position + " and more", s.Position + ".1", "+" + s.Position, " " + s.Position} {
		f.wrong("POST", "/api/subscriptions/"+s.ID+"/replay", `{"from":"`+from+`"}`, http.StatusBadRequest, "malformed", "from")
	}
	f.ok("DELETE", "/api/subscriptions/"+s.ID, "", "")
	f.newTask()
	pass(time.Minute, t.Context())
	if n := len(r.got); n != before+5 || len(f.subscriptions()) != 0 {
		t.Errorf("%d requests, %v", n-before, f.subscriptions())
	}
}

// testSubscriptionRefused meets what cannot be subscribed to, and a foreign company.
func testSubscriptionRefused(t *testing.T, h *house) {
	f, other := h.firm(t), h.firm(t)
	for _, uri := range []string{"ftp://a.example", "a.example", "https://u:p@a.example/"} {
		f.wrong("POST", "/api/subscriptions", `{"uri":"`+uri+`"}`, http.StatusBadRequest, "malformed", "uri")
	}
	f.wrong("POST", "/api/subscriptions", `{"uri":"https://a.example","subscribed_on":["task.eaten"]}`, http.StatusBadRequest, "malformed", "subscribed_on")
	f.wrong("POST", "/api/subscriptions", `{"uri":"https://a.example","subscribed_on":"task.paid","http_method":"PUT"}`, http.StatusBadRequest, "malformed", "subscribed_on")
	s := f.subscribe("https://a.example/", "")
	if len(other.subscriptions()) != 0 {
		t.Error("a foreign subscription is shown")
	}
	other.wrong("POST", "/api/subscriptions/"+s.ID+"/replay", "", http.StatusNotFound, "not_found", "id")
	other.wrong("DELETE", "/api/subscriptions/"+s.ID, "", http.StatusNotFound, "not_found", "id")
	f.ok("DELETE", "/api/subscriptions/"+s.ID, "", "")
	f.wrong("DELETE", "/api/subscriptions/"+s.ID, "", http.StatusNotFound, "not_found", "id")
}

// testStatusPostback tells two companies of a person's status: the one that registered the
// person and the one that has a task with the person; nobody else, and nobody who did not
// ask for it by name.
func testStatusPostback(t *testing.T, h *house) {
	const who = 8200
	first := h.firm(t)
	firms := []*firm{first}
	for n := uint64(2); n <= 3; n++ {
		c := *first.caller
		f := &firm{caller: &c, id: first.company(n, "1000.00")}
		f.key = h.mintFor(t, c.book, f.id)
		firms = append(firms, f)
	}
	var receivers []*receiver
	for _, f := range firms {
		r, know := newReceiver(t)
		know(f.subscribe(r.URL, `,"subscribed_on":["executor.selfemployed_status"]`).Secret)
		receivers = append(receivers, r)
	}
	all, _ := newReceiver(t)
	firms[1].subscribe(all.URL, "")
	inn, phone := requisite.ExamplePersonINN(who), requisite.ExamplePhone(who)
	made := first.ok("POST", "/api/executors", "", `{"first_name":"Иван","last_name":"Иванов","phone":"`+phone+`","inn":"`+inn+`"}`)
	id := strings.Trim(string(made["id"]), `"`)
	firms[1].ok("POST", "/api/tasks", "", `{"title":"Вёрстка","description":"Страница","category":"web","amount_gross":100,"executor_inn":"`+inn+`"}`)
	at, err := first.Ledger.GetPosition(t.Context(), &ledgerv1.GetPositionRequest{Book: first.book})
	if err != nil {
		t.Fatal(err)
	}
	first.offersTo(id, at.GetPosition()) // waits until the search tables know of task and contact
	d, err := h.api.Postbacks("test")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	told := func(status string) {
		t.Helper()
		want = append(want, status)
		for i, r := range receivers[:2] {
			for until := time.Now().Add(patience); len(r.events()) < len(want) && time.Now().Before(until); first.pause() {
				if err := d.Pass(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			got := r.events()
			if len(got) != len(want) {
				t.Fatalf("company %d: %v, want %v", i+1, got, want)
			}
			n := len(want) - 1
			body := `{"inn":"` + inn + `","phone":"` + phone + `","first_name":"Иван","last_name":"Иванов","selfemployed_status":"` + status + `"}`
			if got[n] != "executor.selfemployed_status" || string(r.got[n].body) != body || !r.got[n].signed {
				t.Errorf("company %d: %s %s, want %s", i+1, got[n], r.got[n].body, body)
			}
		}
	}
	h.person(t, who, func(*taxservice.Person) {})
	if _, err := first.Executors.BindExecutor(t.Context(), &executorv1.BindExecutorRequest{Book: first.book, ExecutorId: id}); err != nil {
		t.Fatal(err)
	}
	told("requested") // before the next one is known: a word that is overtaken by a newer one is told to nobody
	h.person(t, who, func(p *taxservice.Person) { p.Answers = "yes" })
	if _, err := first.Executors.CheckSelfemployed(t.Context(), &executorv1.CheckSelfemployedRequest{Book: first.book, Key: "look", ExecutorId: id}); err != nil {
		t.Fatal(err)
	}
	told("validated")
	if got := receivers[2].events(); len(got) > 0 {
		t.Errorf("a company that does not know the person was told: %v", got)
	}
	if got := all.events(); !slices.Equal(got, []string{"task.created"}) {
		t.Errorf("told unasked: %v", got)
	}
	if strings.Contains(h.log.String(), inn) {
		t.Error("the INN is in the log")
	}
}
