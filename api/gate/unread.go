package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/provodka/provodka/ledger/fault"
)

// The protobuf library says where in the text something is wrong, and not in which field.
// What it could not read is read once more, field by field.

const (
	unreadDepth = 16  // how many messages deep a field is looked for
	unreadChunk = 256 // so many elements of a list are tried at once
	shownBytes  = 100 // of what the caller wrote
)

// findUnread names the first field of a JSON object that the message cannot hold, as the
// caller wrote its path; nil when none is found.
func findUnread(data []byte, m protoreflect.Message, path string, deep int) *fault.Refusal {
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fault.Refuse(fault.Malformed, path, "%s is no JSON object", shown(data))
	}
	seen, chosen := map[protoreflect.FieldNumber]bool{}, map[protoreflect.Name]bool{}
	for d.More() {
		name, err := d.Token()
		key, ok := name.(string)
		if err != nil || !ok {
			return fault.Refuse(fault.Malformed, path, "what stands there is no JSON")
		}
		at := under(path, key)
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return fault.Refuse(fault.Malformed, at, "what stands there is no JSON")
		}
		fields := m.Descriptor().Fields()
		f := fields.ByJSONName(key)
		if f == nil {
			f = fields.ByTextName(key)
		}
		if f == nil {
			return fault.Refuse(fault.Malformed, at, "the call does not know this field")
		}
		if seen[f.Number()] {
			return fault.Refuse(fault.Malformed, at, "the field stands twice")
		}
		seen[f.Number()] = true
		if string(value) == "null" {
			continue
		}
		if one := f.ContainingOneof(); one != nil && !one.IsSynthetic() {
			if chosen[one.Name()] {
				return fault.Refuse(fault.Malformed, at, "another of %s is given too", strings.Join(namesOf(one), ", "))
			}
			chosen[one.Name()] = true
		}
		if refusal := unreadField(value, m, f, at, deep); refusal != nil {
			return refusal
		}
	}
	if _, err := d.Token(); err != nil {
		return fault.Refuse(fault.Malformed, path, "the JSON object has no end")
	}
	if _, err := d.Token(); path == "" && !errors.Is(err, io.EOF) {
		return fault.Refuse(fault.Malformed, "", "something stands behind the JSON object")
	}
	return nil
}

// unreadField looks into one field's value.
func unreadField(value json.RawMessage, m protoreflect.Message, f protoreflect.FieldDescriptor, at string, deep int) *fault.Refusal {
	switch {
	case canHold(m, f, value):
		return nil
	case f.IsMap():
		return unreadMap(value, m, f, at)
	case f.IsList():
		return unreadList(value, m, f, at, deep)
	case isObject(f) && deep > 0:
		return findUnread(value, m.NewField(f).Message(), at, deep-1)
	}
	return unfit(value, f, at)
}

func unreadList(value json.RawMessage, m protoreflect.Message, f protoreflect.FieldDescriptor, at string, deep int) *fault.Refusal {
	var all []json.RawMessage
	if json.Unmarshal(value, &all) != nil {
		return fault.Refuse(fault.Malformed, at, "%s is no list in [ ]", shown(value))
	}
	i := 0
	for chunk := range slices.Chunk(all, unreadChunk) {
		if canHold(m, f, list(chunk)) {
			i += len(chunk)
			continue
		}
		for _, one := range chunk {
			if !canHold(m, f, list([]json.RawMessage{one})) {
				at := fmt.Sprintf("%s[%d]", at, i)
				if isObject(f) && deep > 0 {
					return findUnread(one, m.NewField(f).List().NewElement().Message(), at, deep-1)
				}
				return unfit(one, f, at)
			}
			i++
		}
	}
	return nil
}

func unreadMap(value json.RawMessage, m protoreflect.Message, f protoreflect.FieldDescriptor, at string) *fault.Refusal {
	d := json.NewDecoder(bytes.NewReader(value))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fault.Refuse(fault.Malformed, at, "%s is no JSON object", shown(value))
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		key, ok := name.(string)
		var one json.RawMessage
		if err != nil || !ok || d.Decode(&one) != nil {
			break
		}
		at := fmt.Sprintf("%s[%s]", at, shown([]byte(key)))
		if seen[key] {
			return fault.Refuse(fault.Malformed, at, "the key stands twice")
		}
		seen[key] = true
		if !canHold(m, f, []byte("{"+string(quoted(key))+":"+string(one)+"}")) {
			return unfit(one, f.MapValue(), at)
		}
	}
	return fault.Refuse(fault.Malformed, at, "the values of the object cannot be read")
}

// canHold says whether the field can be read from a value.
func canHold(m protoreflect.Message, f protoreflect.FieldDescriptor, value json.RawMessage) bool {
	raw := append(append([]byte("{"+string(quoted(f.TextName()))+":"), value...), '}')
	return protojson.Unmarshal(raw, m.New().Interface()) == nil
}

// unfit says of which kind a value had to be.
func unfit(value json.RawMessage, f protoreflect.FieldDescriptor, at string) *fault.Refusal {
	kind := "a value that this field can have"
	switch f.Kind() {
	case protoreflect.BoolKind:
		kind = "true or false"
	case protoreflect.StringKind:
		kind = "a text in UTF-8"
	case protoreflect.BytesKind:
		kind = "bytes in base64"
	case protoreflect.EnumKind:
		var names []string
		for i := range f.Enum().Values().Len() {
			names = append(names, string(f.Enum().Values().Get(i).Name()))
		}
		kind = "one of " + strings.Join(names, ", ")
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		kind = "a number"
	case protoreflect.MessageKind, protoreflect.GroupKind:
		switch f.Message().FullName() {
		case "google.protobuf.Timestamp":
			kind = "a moment like 2026-03-05T10:00:00Z"
		case "google.protobuf.Duration":
			kind = "a duration in seconds like 1.5s"
		}
	default:
		kind = "a whole number of " + f.Kind().String()
	}
	return fault.Refuse(fault.Malformed, at, "%s is not %s", shown(value), kind)
}

// isObject says whether the JSON of the field's message has the fields of the message.
func isObject(f protoreflect.FieldDescriptor) bool {
	return f.Message() != nil && f.Message().ParentFile().Package() != "google.protobuf"
}

func namesOf(one protoreflect.OneofDescriptor) []string {
	var names []string
	for i := range one.Fields().Len() {
		names = append(names, one.Fields().Get(i).TextName())
	}
	return names
}

// under is the path of a member of an object.
func under(path, key string) string {
	if key = shown([]byte(key)); path == "" {
		return key
	}
	return path + "." + key
}

// shown is the beginning of what the caller wrote, as a log can keep it.
func shown(value []byte) string {
	text := string(value[:min(len(value), shownBytes)])
	if len(value) > shownBytes {
		text += "…"
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", `\0`)
}

// list is the JSON of some elements.
func list(elements []json.RawMessage) json.RawMessage {
	raw, err := json.Marshal(elements)
	if err != nil {
		return nil // they were read just now: it does not come to this, and nothing fits
	}
	return raw
}

// quoted is the JSON of a text.
func quoted(text string) json.RawMessage {
	raw, err := json.Marshal(text)
	if err != nil {
		panic("gate: a text is no JSON: " + err.Error()) // every string is
	}
	return raw
}
