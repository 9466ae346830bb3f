package rest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// OpenAPI is the OpenAPI 3.1 document of all paths, made of the .proto files.
//
//go:embed openapi.json
var OpenAPI []byte

//go:embed docs.html
var docsPage string

// schema is what the page shows of a JSON schema.
type schema struct {
	Ref         string            `json:"$ref"`
	Type        string            `json:"type"`
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Pattern     string            `json:"pattern"`
	Enum        []string          `json:"enum"`
	Items       *schema           `json:"items"`
	Properties  map[string]schema `json:"properties"`
	Values      json.RawMessage   `json:"additionalProperties"`
	MinLength   *int              `json:"minLength"`
	MaxLength   *int              `json:"maxLength"`
	MaxBytes    *int              `json:"x-max-bytes"`
	Minimum     *int              `json:"minimum"`
	Maximum     *int              `json:"maximum"`
	MinItems    *int              `json:"minItems"`
	MaxItems    *int              `json:"maxItems"`
}

type operation struct {
	Verb, Path  string
	ID          string   `json:"operationId"`
	Tags        []string `json:"tags"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Parameters  []struct {
		Name        string `json:"name"`
		In          string `json:"in"`
		Description string `json:"description"`
		Schema      schema `json:"schema"`
	} `json:"parameters"`
	Body      *content           `json:"requestBody"`
	Responses map[string]content `json:"responses"`
}

type content struct {
	Content map[string]struct {
		Schema schema `json:"schema"`
	} `json:"content"`
}

// Schema of the body.
func (c *content) Schema() *schema {
	if c == nil {
		return nil
	}
	for _, one := range c.Content {
		return &one.Schema
	}
	return nil
}

// Answer is the schema of the good answer.
func (o operation) Answer() *schema { c := o.Responses["200"]; return c.Schema() }

// Name is the last part of a reference.
func (s schema) Name() string { return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:] }

// Kind is the type in words: "text", "list of …".
func (s schema) Kind() string {
	switch {
	case s.Ref != "":
		return s.Name()
	case s.Items != nil:
		return "list of " + s.Items.Kind()
	case len(s.Enum) > 0:
		return "one of " + strings.Join(s.Enum, ", ")
	case s.Format != "":
		return s.Format
	case s.Type == "object" && len(s.Values) > 0 && s.Values[0] == '{':
		return "map of texts"
	}
	return s.Type
}

// Link is the schema that the type leads to, if any.
func (s schema) Link() string {
	if s.Items != nil {
		return s.Items.Link()
	}
	if s.Ref == "" {
		return ""
	}
	return s.Name()
}

// Rules are the rules of the value in words.
func (s schema) Rules() string {
	var all []string
	say := func(words string, n *int) {
		if n != nil {
			all = append(all, fmt.Sprintf(words, *n))
		}
	}
	say("at least %d characters", s.MinLength)
	say("at most %d characters", s.MaxLength)
	say("at most %d bytes", s.MaxBytes)
	say("from %d", s.Minimum)
	say("up to %d", s.Maximum)
	say("at least %d", s.MinItems)
	say("at most %d", s.MaxItems)
	if s.Pattern != "" {
		all = append(all, s.Pattern)
	}
	return strings.Join(all, "; ")
}

// docs renders the page of the document once.
func docs(document []byte) (string, error) {
	var d struct {
		Info struct {
			Title, Version, Description string
		} `json:"info"`
		Tags []struct {
			Name, Description string
		} `json:"tags"`
		Paths      map[string]map[string]operation `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return "", err
	}
	operations := map[string][]operation{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, verb := range slices.Sorted(maps.Keys(d.Paths[path])) {
			o := d.Paths[path][verb]
			o.Verb, o.Path = strings.ToUpper(verb), path
			operations[o.Tags[0]] = append(operations[o.Tags[0]], o)
		}
	}
	page, err := template.New("docs").Parse(docsPage)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = page.Execute(&out, map[string]any{
		"Info": d.Info, "Tags": d.Tags, "Operations": operations, "Schemas": d.Components.Schemas,
	})
	return out.String(), err
}

// Docs serves the document at /openapi.json and a page for people at /docs.
func Docs() (http.Handler, error) {
	page, err := docs(OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("rest: the page of the document: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Access-Control-Allow-Origin", "*") // a document for everybody's tools
		_, _ = w.Write(OpenAPI)                            // a caller who is gone reads nothing
	})
	mux.HandleFunc("GET /docs", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write([]byte(page)) // the same
	})
	return mux, nil
}
