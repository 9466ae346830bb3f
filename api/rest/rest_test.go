package rest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

func ledgerMethods() []protoreflect.MethodDescriptor {
	service := ledgerv1.File_provodka_ledger_v1_ledger_proto.Services().Get(0)
	var all []protoreflect.MethodDescriptor
	for i := range service.Methods().Len() {
		all = append(all, service.Methods().Get(i))
	}
	return all
}

// echo answers with the request that reached it: its path and its body.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+string(body))
})

func ask(t *testing.T, verb, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := New(ledgerMethods(), echo)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), verb, target, strings.NewReader(body)))
	return w
}

// What a caller writes over REST, and the Connect request that it is.
func TestARequestIsTheConnectRequestOfItsMethod(t *testing.T) {
	t.Parallel()
	const service = "POST /provodka.ledger.v1.LedgerService/"
	for _, c := range []struct{ verb, target, body, want string }{
		{"GET", "/v1/refusals", "", service + `ListRefusals {}`},
		{"GET", "/v1/books/main/entries/2.7", "", service + `GetEntry {"book":"main","id":"2.7"}`},
		{"GET", "/v1/books/main/keys/a%2Fb%20%D0%B6/entry", "", service + `GetEntry {"book":"main","key":"a/b ж"}`},
		{"GET", "/v1/books/main/accounts/wallet:company-42/legs?page_size=10&newest_first=true", "",
			service + `ListLegs {"account":"wallet:company-42","book":"main","newest_first":true,"page_size":"10"}`},
		{"GET", "/v1/books/main/accounts/a:b/legs?from=2026-03-05T00:00:00Z", "",
			service + `ListLegs {"account":"a:b","book":"main","from":"2026-03-05T00:00:00Z"}`},
		{"GET", "/v1/books/main/balances?accounts=a:b&accounts=c:d&at.day=2026-03-05", "",
			service + `GetBalances {"accounts":["a:b","c:d"],"at":{"day":"2026-03-05"},"book":"main"}`},
		{"POST", "/v1/books/main/balances", `{"accounts":["a:b"]}`, service + `GetBalances {"accounts":["a:b"],"book":"main"}`},
		{"POST", "/v1/books/main/operations", `{"operations":[{"key":"k","entry":{"amount":1.10}}],"book":"main"}`,
			service + `Post {"book":"main","operations":[{"key":"k","entry":{"amount":1.10}}]}`},
		{"POST", "/v1/books/main/operations", "", service + `Post {"book":"main"}`},
	} {
		w := ask(t, c.verb, c.target, c.body)
		if got := w.Body.String(); w.Code != http.StatusOK || got != c.want {
			t.Errorf("%s %s %s\n got %d %s\nwant %s", c.verb, c.target, c.body, w.Code, got, c.want)
		}
	}
}

func TestWhatIsNotKnownIsRefusedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		verb, target, body string
		status             int
		field              string
	}{
		{"GET", "/v1/books/main/entries/2.7?colour=red", "", 400, "colour"},
		{"GET", "/v1/books/main/entries/2.7?book=other", "", 400, "book"},
		{"GET", "/v1/books/main/entries?account.color=red", "", 400, "account.color"},
		{"GET", "/v1/books/main/entries?account=wallet:a", "", 400, "account"},
		{"GET", "/v1/books/main/balances?stripes=yes", "", 400, "stripes"},
		{"GET", "/v1/books/main/balances?asset=RUB&asset=USD", "", 400, "asset"},
		{"GET", "/v1/books/main/balances?asset=%zz", "", 400, "asset"},
		{"GET", "/v1/books/main/balances?stripes=true&a;b=1", "", 400, "a;b"},
		{"GET", "/v1/books/main/balances?asset=%ff", "", 400, "asset"},
		{"GET", "/v1/books/main/entries/%ff", "", 400, "id"},
		{"GET", "/v1/books/main/entries/2.7", `{"id":"1"}`, 400, ""},
		{"POST", "/v1/books/main/operations?dry_run=true", "{}", 400, "dry_run"},
		{"POST", "/v1/books/main/operations", `{"book":"other"}`, 400, "book"},
		{"POST", "/v1/books/main/operations", `[]`, 400, ""},
		{"POST", "/v1/books/main/operations", `null`, 400, ""},
		{"POST", "/v1/books/main/operations", `{"a":1}}`, 400, ""},
		{"POST", "/v1/books/main/operations", `{"a":1`, 400, ""},
		{"POST", "/v1/books/main/operations", `{"dry_run":maybe}`, 400, "dry_run"},
		{"POST", "/v1/books/main/operations", `{"operations":[],"operations":[]}`, 400, "operations"},
		{"DELETE", "/v1/books/main/operations", "", 405, ""},
		{"GET", "/v1/books/main/nothing", "", 404, ""},
		{"GET", "/v1/", "", 404, ""},
	} {
		w := ask(t, c.verb, c.target, c.body)
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s %s: %d %s", c.verb, c.target, w.Code, w.Body)
			continue
		}
		if w.Code != c.status || p.Status != c.status || p.Field != c.field || p.Code == "" || p.Detail == "" || p.TitleRU == "" ||
			w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: got %d %s, want %d for %q", c.verb, c.target, w.Code, w.Body, c.status, c.field)
		}
	}
	if allow := ask(t, "DELETE", "/v1/books/main/balances", "").Header().Get("Allow"); allow != "GET, POST" {
		t.Errorf("Allow is %q", allow)
	}
}

func TestAnotherMediaTypeIsRefused(t *testing.T) {
	t.Parallel()
	h, err := New(ledgerMethods(), echo)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/books/main/operations", strings.NewReader("a=b"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Options that this package cannot serve stop the program with the method's name.
func TestOptionsAreCheckedAtStart(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]*annotations.HttpRule{
		"no such field":   {Pattern: &annotations.HttpRule_Get{Get: "/v1/{nothing}"}},
		"a number":        {Pattern: &annotations.HttpRule_Get{Get: "/v1/{page_size}"}},
		"a part of path":  {Pattern: &annotations.HttpRule_Get{Get: "/v1/{book=books/*}"}},
		"a verb behind":   {Pattern: &annotations.HttpRule_Get{Get: "/v1/{book}:read"}},
		"no slash":        {Pattern: &annotations.HttpRule_Get{Get: "v1/{book}"}},
		"a part as body":  {Pattern: &annotations.HttpRule_Post{Post: "/v1"}, Body: "book"},
		"a part answered": {Pattern: &annotations.HttpRule_Get{Get: "/v1"}, ResponseBody: "accounts"},
		"another verb":    {Pattern: &annotations.HttpRule_Custom{Custom: &annotations.CustomHttpPattern{Kind: "HEAD", Path: "/v1"}}},
	} {
		if _, err := Routes([]protoreflect.MethodDescriptor{method(t, rule)}); err == nil || !strings.Contains(err.Error(), "test.S.M") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// method makes a method of ListAccountsRequest with the rule.
func method(t *testing.T, rule *annotations.HttpRule) protoreflect.MethodDescriptor {
	t.Helper()
	options := &descriptorpb.MethodOptions{}
	proto.SetExtension(options, annotations.E_Http, rule)
	f, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("test.proto"), Package: proto.String("test"), Syntax: proto.String("proto3"),
		Dependency: []string{"provodka/ledger/v1/account.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("S"), Method: []*descriptorpb.MethodDescriptorProto{{
			Name: proto.String("M"), InputType: proto.String(".provodka.ledger.v1.ListAccountsRequest"),
			OutputType: proto.String(".provodka.ledger.v1.ListAccountsResponse"), Options: options,
		}}}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return f.Services().Get(0).Methods().Get(0)
}

// Every route stands in the document, and the page shows every operation and leads
// nowhere that it does not have.
func TestTheDocumentSaysWhatIsServed(t *testing.T) {
	t.Parallel()
	routes, err := Routes(ledgerMethods())
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Paths map[string]map[string]struct {
			ID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(OpenAPI, &d); err != nil {
		t.Fatal(err)
	}
	page, err := docs(OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		id := d.Paths[r.Path][strings.ToLower(r.Verb)].ID
		if !strings.HasPrefix(id, "LedgerService_"+string(r.Method.Name())) {
			t.Errorf("%s %s: the document says %q", r.Verb, r.Path, id)
		}
		if !strings.Contains(page, `id="`+id+`"`) {
			t.Errorf("the page has no %s", id)
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `id="`+link[1]+`"`) {
			t.Errorf("the page leads to %s and has none", link[1])
		}
	}
}

// FuzzRequest: whatever the address and the body are, the answer is a request that
// says nothing twice, or a problem; what the path says is what reaches the method.
func FuzzRequest(f *testing.F) {
	f.Add("main", "2.7", "page_size=10", []byte(`{}`))
	f.Add("a/b", "«ё»\x00", "account.asset=RUB&x=%00", []byte(`{"book":"z","operations":[{"key":"k"}]}`))
	routes, err := Routes(ledgerMethods())
	if err != nil {
		f.Fatal(err)
	}
	route := func(verb string) *Route {
		path := map[string]string{"GET": "/v1/books/{book}/entries/{id}", "POST": "/v1/books/{book}/operations"}[verb]
		return &routes[slices.IndexFunc(routes, func(r Route) bool { return r.Verb == verb && r.Path == path })]
	}
	f.Fuzz(func(t *testing.T, book, id, query string, body []byte) {
		for _, r := range []*http.Request{
			httptest.NewRequestWithContext(t.Context(), "GET", "/v1/books/x/entries/y", nil),
			httptest.NewRequestWithContext(t.Context(), "POST", "/v1/books/x/operations", bytes.NewReader(body)),
		} {
			r.SetPathValue("book", book)
			r.SetPathValue("id", id)
			r.URL.RawQuery = query
			route := route(r.Method)
			message, refusal := route.message(r, bodyOf(route, body))
			if refusal != nil {
				if refusal.Reason == "" {
					t.Fatal("a refusal without a reason")
				}
				continue
			}
			into := new(ledgerv1.GetEntryRequest)
			if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(message, into); err == nil &&
				utf8.ValidString(book) && into.GetBook() != book {
				t.Fatalf("the path says book %q, the message %q: %s", book, into.GetBook(), message)
			}
		}
	})
}

func bodyOf(r *Route, body []byte) []byte {
	if r.Body {
		return body
	}
	return nil
}
