package rest

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Route is one way to reach a method.
type Route struct {
	Verb   string // GET, POST, PUT, PATCH, DELETE
	Path   string // "/v1/books/{book}/entries/{id}"
	Params []string
	Body   bool // whether the request's fields come from a JSON body
	Method protoreflect.MethodDescriptor
}

var param = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)

// Routes reads the routes of methods from their options. A method without one is
// reached by its Connect path alone. An error names the method whose option this
// package cannot serve.
func Routes(methods []protoreflect.MethodDescriptor) ([]Route, error) {
	var routes []Route
	for _, m := range methods {
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		if rule == nil {
			continue
		}
		for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			route, err := readRoute(m, r)
			if err != nil {
				return nil, fmt.Errorf("%s: google.api.http: %w", m.FullName(), err)
			}
			routes = append(routes, route)
		}
	}
	return routes, nil
}

func readRoute(m protoreflect.MethodDescriptor, r *annotations.HttpRule) (Route, error) {
	route := Route{Method: m}
	switch p := r.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		route.Verb, route.Path = http.MethodGet, p.Get
	case *annotations.HttpRule_Put:
		route.Verb, route.Path = http.MethodPut, p.Put
	case *annotations.HttpRule_Post:
		route.Verb, route.Path = http.MethodPost, p.Post
	case *annotations.HttpRule_Delete:
		route.Verb, route.Path = http.MethodDelete, p.Delete
	case *annotations.HttpRule_Patch:
		route.Verb, route.Path = http.MethodPatch, p.Patch
	default:
		return route, fmt.Errorf("no verb of HTTP")
	}
	if m.IsStreamingClient() || m.IsStreamingServer() {
		return route, fmt.Errorf("a stream is not served over REST")
	}
	if r.GetBody() != "" && r.GetBody() != "*" || r.GetResponseBody() != "" {
		return route, fmt.Errorf("the body is the whole request and the whole answer")
	}
	route.Body = r.GetBody() == "*"
	for _, found := range param.FindAllStringSubmatch(route.Path, -1) {
		field := m.Input().Fields().ByName(protoreflect.Name(found[1]))
		if field == nil || field.IsList() || field.Kind() != protoreflect.StringKind {
			return route, fmt.Errorf("%s: the path names %s, which is no text of the request", route.Path, found[1])
		}
		route.Params = append(route.Params, found[1])
	}
	if rest := param.ReplaceAllString(route.Path, ""); strings.ContainsAny(rest, "{}:*") || !strings.HasPrefix(route.Path, "/") {
		return route, fmt.Errorf("%s: a path has plain segments and whole segments in braces", route.Path)
	}
	return route, nil
}
