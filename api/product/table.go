package product

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/machine"
)

//go:embed product.md
var document string

// route is one row of Calls with the fields that the call takes.
type route struct {
	verb, path, name string
	call             call
	fields           []field
}

// field is one row of Fields.
type field struct {
	name, kind string
	required   bool
	words      string // in which it is refused
}

// The kinds of fields.
const (
	kindText   = "text"
	kindAmount = "amount"
	kindCount  = "count"
	kindFlag   = "flag"
	kindJSON   = "json"
	kindWords  = "words"
	kindTexts  = "texts"
	kindList   = "list"
)

var kinds = []string{kindText, kindAmount, kindCount, kindFlag, kindJSON, kindWords, kindTexts, kindList}

var verbs = []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete}

// written says whether a call of the verb has a body.
func written(verb string) bool { return verb == http.MethodPost || verb == http.MethodPatch }

// parse reads the document and compares it with the calls and the answers of this
// package, both ways.
func parse(text string) ([]*route, error) {
	tables, err := machine.ParseTables("api/product/product.md", text)
	if err != nil {
		return nil, err
	}
	routes, err := parseCalls(tables)
	if err != nil {
		return nil, err
	}
	if err := parseFields(tables, routes); err != nil {
		return nil, err
	}
	var wrong []error
	for heading, answer := range map[string]any{"Task": taskAnswer{}, "Executor": executorAnswer{}, "Subscription": subscriptionAnswer{}} {
		wrong = append(wrong, compare(tables, heading, answer))
	}
	list := slices.SortedFunc(maps.Values(routes), func(a, b *route) int { return strings.Compare(a.name, b.name) })
	return list, errors.Join(wrong...)
}

func parseCalls(tables []*machine.Table) (map[string]*route, error) {
	t, err := machine.Find(tables, "Calls")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Verb", "Path", "Call", "Method", "Meaning"); err != nil {
		return nil, err
	}
	routes := map[string]*route{}
	for _, r := range t.Rows {
		name := r.Cell("Call")
		c, ok := calls[name]
		switch verb := r.Cell("Verb"); {
		case !ok || routes[name] != nil:
			return nil, r.Errorf("call %q is not known to the program, or stands twice", name)
		case c.procedure != "/"+r.Cell("Method"):
			return nil, r.Errorf("the program calls %s", c.procedure)
		case !slices.Contains(verbs, verb) || !strings.HasPrefix(r.Cell("Path"), "/api/"):
			return nil, r.Errorf("one of %v for a path under /api", verbs)
		}
		routes[name] = &route{verb: r.Cell("Verb"), path: r.Cell("Path"), name: name, call: c}
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		if routes[name] == nil {
			return nil, fmt.Errorf("api/product/product.md: no row for the call %s", name)
		}
	}
	return routes, nil
}

func parseFields(tables []*machine.Table, routes map[string]*route) error {
	t, err := machine.Find(tables, "Fields")
	if err != nil {
		return err
	}
	if err := t.Expect("Call", "Field", "Kind", "Required", "Words"); err != nil {
		return err
	}
	for _, r := range t.Rows {
		to := routes[r.Cell("Call")]
		f := field{name: r.Cell("Field"), kind: r.Cell("Kind"), required: r.Cell("Required") == "yes", words: r.Cell("Words")}
		switch {
		case to == nil:
			return r.Errorf("there is no call %q", r.Cell("Call"))
		case !slices.Contains(kinds, f.kind):
			return r.Errorf("there is no kind %q", f.kind)
		case f.words == "" || to.field(f.name) != nil:
			return r.Errorf("field %q has no words, or stands twice", f.name)
		}
		to.fields = append(to.fields, f)
	}
	for name, to := range routes {
		var said []string
		for _, f := range to.fields {
			said = append(said, f.name)
		}
		slices.Sort(said)
		if read := slices.Sorted(slices.Values(to.call.reads)); !slices.Equal(said, read) {
			return fmt.Errorf("api/product/product.md: the call %s takes %v, the program reads %v", name, said, read)
		}
	}
	return nil
}

func (r *route) field(name string) *field {
	for i := range r.fields {
		if r.fields[i].name == name {
			return &r.fields[i]
		}
	}
	return nil
}

// object says whether the name is an object that holds fields of the call.
func (r *route) object(name string) bool {
	return slices.ContainsFunc(r.fields, func(f field) bool { return strings.HasPrefix(f.name, name+".") })
}

// compare holds an answer's table to its fields, in their order.
func compare(tables []*machine.Table, heading string, answer any) error {
	t, err := machine.Find(tables, heading)
	if err != nil {
		return err
	}
	if err := t.Expect("Field", "Meaning"); err != nil {
		return err
	}
	var said, have []string
	for _, r := range t.Rows {
		said = append(said, r.Cell("Field"))
	}
	for i := range reflect.TypeOf(answer).NumField() {
		have = append(have, reflect.TypeOf(answer).Field(i).Tag.Get("json"))
	}
	if !slices.Equal(said, have) {
		return fmt.Errorf("api/product/product.md, %s: the table says %v, the program answers %v", heading, said, have)
	}
	return nil
}
