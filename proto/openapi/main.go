package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	protogen.Options{}.Run(func(p *protogen.Plugin) error {
		p.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL)
		d := &document{paths: object{}, schemas: object{"Problem": problem()}, names: map[protoreflect.FullName]string{}}
		for _, f := range p.Files {
			if !f.Generate {
				continue
			}
			for _, s := range f.Services {
				if err := d.service(s); err != nil {
					return err
				}
			}
		}
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(d.whole()); err != nil {
			return err
		}
		_, err := p.NewGeneratedFile("openapi.json", "").Write(out.Bytes())
		return err
	})
}

// object is a JSON object; its keys are written in order.
type object = map[string]any

// document is the OpenAPI document being made.
type document struct {
	paths, schemas object
	tags           []object
	names          map[protoreflect.FullName]string // of schemas
}

func (d *document) whole() object {
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Provodka", "version": "v1",
			"description": "A double-entry ledger and payment engine. Every change has an idempotency key that is remembered for ever. " +
				"Amounts are decimal texts. Refusals are problem+json (RFC 9457) with a code of a closed table. " +
				"The same methods speak Connect and gRPC.",
			"license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers":  []object{{"url": "/"}},
		"security": []object{{"key": []string{}}},
		"tags":     d.tags,
		"paths":    d.paths,
		"components": object{
			"schemas": d.schemas,
			"securitySchemes": object{"key": object{
				"type": "http", "scheme": "bearer", "description": "An API key, pk_…: it is bound to one book and to roles.",
			}},
		},
	}
}

func problem() object {
	text := func(words string) object { return object{"type": "string", "description": words} }
	return object{
		"type": "object", "description": "A refusal, as RFC 9457 writes errors.", "required": []string{"type", "title", "status", "code"},
		"properties": object{
			"type": text("urn:provodka:refusal:CODE"), "title": text("The refusal's sentence."), "title_ru": text("The same in Russian."),
			"status": object{"type": "integer"}, "detail": text("What decided this case, with its numbers."),
			"code": text("Code of the refusals' table."), "field": text("Field of the request that is wrong."),
			"retry":          object{"type": "string", "enum": []string{"never", "changed", "same"}, "description": "Whether asking again can help."},
			"retry_after_ms": object{"type": "integer", "description": "When to ask again, milliseconds."},
			"facts":          object{"type": "object", "additionalProperties": object{"type": "string"}},
			"errors": object{"type": "array", "items": object{"type": "object", "properties": object{
				"field": text("The field."), "detail": text("What is wrong with it."), "code": text("Code of the refusals' table.")}}},
		},
	}
}

func (d *document) service(s *protogen.Service) error {
	tag := string(s.Desc.Name())
	used := false
	for _, m := range s.Methods {
		rule, _ := proto.GetExtension(m.Desc.Options(), annotations.E_Http).(*annotations.HttpRule)
		if rule == nil {
			continue
		}
		used = true
		for i, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			id := tag + "_" + string(m.Desc.Name())
			if i > 0 {
				id += fmt.Sprint("_", i+1)
			}
			if err := d.operation(m, r, id, tag); err != nil {
				return err
			}
		}
	}
	if used {
		d.tags = append(d.tags, object{"name": tag, "description": words(s.Comments.Leading)})
	}
	return nil
}

var param = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)

func (d *document) operation(m *protogen.Method, r *annotations.HttpRule, id, tag string) error {
	verb, path := pattern(r)
	if verb == "" {
		return fmt.Errorf("%s: a verb that is not served", m.Desc.FullName())
	}
	about := words(m.Comments.Leading)
	summary, _, _ := strings.Cut(about, ". ")
	op := object{
		"operationId": id, "tags": []string{tag}, "summary": strings.TrimSuffix(summary, "."), "description": about,
		"responses": object{
			"200":     object{"description": "Done.", "content": object{"application/json": object{"schema": d.ref(m.Output)}}},
			"default": object{"description": "A refusal.", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}},
		},
	}
	inPath := map[string]bool{}
	var params []object
	for _, found := range param.FindAllStringSubmatch(path, -1) {
		inPath[found[1]] = true
		f := m.Input.Desc.Fields().ByName(protoreflect.Name(found[1]))
		if f == nil {
			return fmt.Errorf("%s: the path names %s, which is no field", m.Desc.FullName(), found[1])
		}
		params = append(params, object{"name": found[1], "in": "path", "required": true, "schema": d.field(fieldOf(m.Input, f)), "description": words(fieldOf(m.Input, f).Comments.Leading)})
	}
	if r.GetBody() == "*" {
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": d.message(m.Input, inPath)}}}
	} else {
		params = append(params, d.query(m.Input, inPath)...)
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	at, _ := d.paths[path].(object)
	if at == nil {
		at = object{}
		d.paths[path] = at
	}
	if at[verb] != nil {
		return fmt.Errorf("%s: %s %s is taken", m.Desc.FullName(), verb, path)
	}
	at[verb] = op
	return nil
}

func pattern(r *annotations.HttpRule) (verb, path string) {
	switch p := r.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return "get", p.Get
	case *annotations.HttpRule_Put:
		return "put", p.Put
	case *annotations.HttpRule_Post:
		return "post", p.Post
	case *annotations.HttpRule_Delete:
		return "delete", p.Delete
	case *annotations.HttpRule_Patch:
		return "patch", p.Patch
	}
	return "", ""
}

// query lists the fields that a query can say: values, lists of values, and the
// values of messages one level down ("account.asset").
func (d *document) query(m *protogen.Message, inPath map[string]bool) []object {
	var params []object
	for _, f := range m.Fields {
		name := string(f.Desc.Name())
		switch {
		case inPath[name] || f.Desc.IsMap():
		case f.Message == nil || isText(f.Message.Desc):
			params = append(params, object{"name": name, "in": "query", "schema": d.field(f), "description": words(f.Comments.Leading)})
		case !f.Desc.IsList():
			for _, inner := range f.Message.Fields {
				if inner.Message == nil || isText(inner.Message.Desc) {
					params = append(params, object{"name": name + "." + string(inner.Desc.Name()), "in": "query", "schema": d.field(inner), "description": words(inner.Comments.Leading)})
				}
			}
		}
	}
	return params
}

func fieldOf(m *protogen.Message, f protoreflect.FieldDescriptor) *protogen.Field {
	return m.Fields[f.Index()]
}

// words are a comment in one line.
func words(c protogen.Comments) string {
	return strings.Join(strings.Fields(string(c)), " ")
}
