package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/provodka/provodka/ledger/fault"
)

// message makes the JSON request of the method out of path, query and body.
func (r *Route) message(req *http.Request, body []byte) ([]byte, *fault.Refusal) {
	fields := map[string]json.RawMessage{}
	if r.Body {
		if refusal := ReadObject(body, fields); refusal != nil {
			return nil, refusal
		}
	} else if len(bytes.TrimSpace(body)) > 0 {
		return nil, fault.Refuse(fault.Malformed, "", "%s takes no body", r.Verb)
	}
	if refusal := r.query(req, fields); refusal != nil {
		return nil, refusal
	}
	for _, name := range r.Params {
		if !utf8.ValidString(req.PathValue(name)) {
			return nil, fault.Refuse(fault.Malformed, name, "the path's text is not UTF-8")
		}
		value := quote(req.PathValue(name))
		for _, spelled := range []string{name, camel(name)} {
			if given, ok := fields[spelled]; ok && !bytes.Equal(bytes.TrimSpace(given), value) {
				return nil, fault.Refuse(fault.Malformed, name, "the path says %s, the request says %s", value, given)
			}
			delete(fields, spelled)
		}
		fields[name] = value
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return nil, fault.Refuse(fault.Malformed, "", "the body is no JSON: %v", err)
	}
	return out, nil
}

// ReadObject reads the fields of a body, a JSON object, and leaves their values as they are written. A
// field that stands twice is refused: one of the two would be passed over.
func ReadObject(body []byte, into map[string]json.RawMessage) *fault.Refusal {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fault.Refuse(fault.Malformed, "", "the body is no JSON object")
	}
	for d.More() {
		var value json.RawMessage
		name, err := d.Token()
		if err == nil {
			err = d.Decode(&value)
		}
		key, ok := name.(string)
		if err != nil || !ok {
			return fault.Refuse(fault.Malformed, key, "the body is no JSON object")
		}
		if _, twice := into[key]; twice {
			return fault.Refuse(fault.Malformed, key, "%s stands twice in the body", key)
		}
		into[key] = value
	}
	if _, err := d.Token(); err != nil {
		return fault.Refuse(fault.Malformed, "", "the body is no JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.Refuse(fault.Malformed, "", "something stands behind the body's JSON object")
	}
	return nil
}

// query adds the fields that the query names: "page_size=10", "account.asset=RUB".
func (r *Route) query(req *http.Request, fields map[string]json.RawMessage) *fault.Refusal {
	values, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return fault.Refuse(fault.Malformed, brokenPair(req.URL.RawQuery), "the query cannot be read: %v", err)
	}
	nested := map[string]map[string]json.RawMessage{}
	for name, texts := range values {
		if r.Body {
			return fault.Refuse(fault.Malformed, name, "the request stands in the body; the query takes nothing")
		}
		first, second, deep := strings.Cut(name, ".")
		field := r.Method.Input().Fields().ByName(protoreflect.Name(first))
		if field == nil || slices.Contains(r.Params, first) {
			return unknown(name)
		}
		into, key := fields, first
		if deep {
			if field.Kind() != protoreflect.MessageKind || field.IsList() || field.IsMap() {
				return unknown(name)
			}
			if field = field.Message().Fields().ByName(protoreflect.Name(second)); field == nil {
				return unknown(name)
			}
			if nested[first] == nil {
				nested[first] = map[string]json.RawMessage{}
			}
			into, key = nested[first], second
		}
		value, refusal := queryValue(name, field, texts)
		if refusal != nil {
			return refusal
		}
		into[key] = value
	}
	for name, inner := range nested {
		if _, ok := fields[name]; ok {
			return fault.Refuse(fault.Malformed, name, "%s is given whole and in parts", name)
		}
		value, err := json.Marshal(inner)
		if err != nil {
			return fault.Refuse(fault.Malformed, name, "%v", err)
		}
		fields[name] = value
	}
	return nil
}

// brokenPair is the name, as it stands there, of the first value of a query that cannot be read.
func brokenPair(query string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if _, err := url.ParseQuery(pair); err != nil {
			name, _, _ := strings.Cut(pair, "=")
			return name
		}
	}
	return ""
}

func unknown(name string) *fault.Refusal {
	return fault.Refuse(fault.Malformed, name, "the query names %q, which this call does not know", name)
}

// queryValue is the JSON of a query's value: numbers, moments and words of an enum as
// texts, which protobuf's JSON reads exactly.
func queryValue(name string, field protoreflect.FieldDescriptor, texts []string) (json.RawMessage, *fault.Refusal) {
	if field.IsMap() || field.Kind() == protoreflect.MessageKind && !isText(field.Message()) {
		return nil, fault.Refuse(fault.Malformed, name, "%s cannot be said in a query", name)
	}
	if !field.IsList() && len(texts) > 1 {
		return nil, fault.Refuse(fault.Malformed, name, "%s is given %d times", name, len(texts))
	}
	values := make([]string, len(texts))
	for i, text := range texts {
		if !utf8.ValidString(text) {
			return nil, fault.Refuse(fault.Malformed, name, "the text is not UTF-8")
		}
		values[i] = string(quote(text))
		if field.Kind() == protoreflect.BoolKind {
			if text != "true" && text != "false" {
				return nil, fault.Refuse(fault.Malformed, name, "%q is neither true nor false", text)
			}
			values[i] = text
		}
	}
	if field.IsList() {
		return json.RawMessage("[" + strings.Join(values, ",") + "]"), nil
	}
	return json.RawMessage(values[0]), nil
}

// isText says whether the JSON of the message is one text.
func isText(m protoreflect.MessageDescriptor) bool {
	return m.FullName() == "google.protobuf.Timestamp" || m.FullName() == "google.protobuf.Duration"
}

// quote is the JSON of a text.
func quote(text string) json.RawMessage {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("rest: a text is no JSON: %v", err)) // every string is
	}
	return raw
}

// camel is the other name that protobuf's JSON gives a field.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}
