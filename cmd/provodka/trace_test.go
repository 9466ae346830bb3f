package main_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/dev"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	subscriptionv1 "github.com/provodka/provodka/proto/gen/provodka/subscription/v1"
)

// collector takes traces as an OTLP collector does and keeps them.
type collector struct {
	url string

	mu    sync.Mutex
	raw   [][]byte // as they came, nothing left out
	spans []*tracev1.Span
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		data := new(tracev1.TracesData) // the same on the wire as the request to export them
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, data) != nil {
			http.Error(w, "no traces", http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw = append(c.raw, body)
		for _, resource := range data.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// find gives the spans that are so.
func (c *collector) find(is func(*tracev1.Span) bool) (found []*tracev1.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if is(s) {
			found = append(found, s)
		}
	}
	return found
}

// check wants a span of each of the names, or of parts of names.
func (c *collector) check(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if len(c.find(func(s *tracev1.Span) bool { return strings.Contains(s.GetName(), name) })) == 0 {
			t.Errorf("no span %q came to the collector", name)
		}
	}
}

// says is whether any word of any span has a text.
func (c *collector) says(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.raw, func(body []byte) bool { return bytes.Contains(body, []byte(text)) })
}

// numberOf is what a span says under a name, -1 = nothing.
func numberOf(s *tracev1.Span, name string) int64 {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == name {
			return a.GetValue().GetIntValue()
		}
	}
	return -1
}

// about says whether a span is about records that another is about too.
func about(s *tracev1.Span, others []*tracev1.Span) bool {
	return slices.ContainsFunc(others, func(o *tracev1.Span) bool {
		return numberOf(o, "provodka.seq.last") > 0 && numberOf(o, "provodka.shard") == numberOf(s, "provodka.shard") &&
			numberOf(s, "provodka.seq.first") <= numberOf(o, "provodka.seq.last") && numberOf(o, "provodka.seq.first") <= numberOf(s, "provodka.seq.last")
	})
}

// TestOnePaymentIsTracedThroughAllRoles: a payment's trace leads from the call through the
// log to the bank, the tax service and back; who comes behind the commits is linked to it,
// or names its records; and no span has a word about people.
func TestOnePaymentIsTracedThroughAllRoles(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	m := &matrix{
		t: t, File: runStack(t, dev.Options{Traces: c.url, Auditor: true, Pull: 1}), scripts: map[string][]stage.Rule{}, ids: map[int]string{}, lines: map[int]string{},
		rows: []struck{{at: "push", fault: stage.None, end: "sent", copies: 1}, {at: "bank", fault: stage.None, kind: taxed, end: "paid"}},
	}
	m.prepare()
	told := make(chan struct{}, 100)
	subscriber := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told <- struct{}{} }))
	defer subscriber.Close()
	_, err := m.api.Subscriptions.CreateSubscription(t.Context(), &subscriptionv1.CreateSubscriptionRequest{
		Book: m.Book, Key: "traced", CompanyId: m.company, Uri: subscriber.URL + "/ivanov", HttpMethod: http.MethodPost,
	})
	m.must(err)
	m.post(m.Sandboxes["bank"]+"/sandbox/incoming", incoming("1", "100.00", "Пополнение", requisite.ExampleINN(1001)))
	for i, r := range m.rows {
		m.run(i, r)
	}
	<-told
	named := func(name string) func(*tracev1.Span) bool {
		return func(s *tracev1.Span) bool { return strings.Contains(s.GetName(), name) }
	}
	var missing []string
	eventually(t, "every role has told of the payment", func() bool {
		missing = nil
		calls := c.find(named("TaskService/PayTask"))
		if len(calls) == 0 {
			return false
		}
		ours := func(id []byte) bool { return bytes.Equal(id, calls[0].GetTraceId()) }
		one := c.find(func(s *tracev1.Span) bool { return ours(s.GetTraceId()) })
		for _, name := range []string{"submit", "decide and commit", "payout.", "income."} {
			if !slices.ContainsFunc(one, named(name)) {
				missing = append(missing, name)
			}
		}
		for _, name := range []string{"publish", "project", "seal"} {
			if len(c.find(func(s *tracev1.Span) bool {
				return s.GetName() == name && about(s, one) && slices.ContainsFunc(s.GetLinks(), func(l *tracev1.Span_Link) bool { return ours(l.GetTraceId()) })
			})) == 0 {
				missing = append(missing, name)
			}
		}
		for _, name := range []string{"audit", "postback"} {
			if len(c.find(func(s *tracev1.Span) bool { return s.GetName() == name && about(s, one) })) == 0 {
				missing = append(missing, name)
			}
		}
		for _, name := range []string{"push", "read statement", "bank.statement"} {
			if len(c.find(func(s *tracev1.Span) bool { return s.GetName() == name })) == 0 {
				missing = append(missing, name)
			}
		}
		return len(missing) == 0
	})
	if len(missing) > 0 {
		t.Errorf("no span of %q", missing)
	}
	words := []string{"Иванов", "Пётр", "Ромашка", "Работа", "Пополнение", "/ivanov", subscriber.Listener.Addr().String(), requisite.ExampleINN(1001)}
	for i := range m.rows {
		words = append(words, requisite.ExamplePersonINN(number(i)), requisite.ExamplePhone(number(i))[1:], accountOf(i).GetAccountNumber(), accountOf(i).GetBic(), deviceOf(i))
	}
	for _, word := range words {
		if c.says(word) {
			t.Errorf("a span says %q", word)
		}
	}
}
