package gate

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// readJSON gives the refusal of what the codec reads.
func readJSON(t *testing.T, m proto.Message, data string) *fault.Refusal {
	t.Helper()
	if err := (jsonCodec{"json"}).Unmarshal([]byte(data), m); err != nil {
		t.Fatal(err)
	}
	return refused(m)
}

// TestEveryFieldThatCannotBeReadIsNamed spoils every field of every request that there is,
// four messages deep, behind and before others of its list.
func TestEveryFieldThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	fields := 0
	var spoil func(m protoreflect.MessageDescriptor, root protoreflect.MessageDescriptor, path, before, after string, deep int)
	spoil = func(m, root protoreflect.MessageDescriptor, path, before, after string, deep int) {
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			wrong := map[string]string{"": `{"no_such":1}`} // where beneath the field: which value
			open, end, at := "", "", ""
			switch {
			case f.IsMap():
				wrong = map[string]string{"": "5", "[a b]": `{"first":` + good(f.MapValue()) + `,"a b":` + bad(f.MapValue()) + `}`}
			case f.IsList():
				wrong = map[string]string{"": `"yesterday"`, "[1]": "[" + good(f) + "," + bad(f) + "," + good(f) + "]"}
				open, end, at = "["+good(f)+",", "]", "[1]"
			default:
				wrong = map[string]string{"": bad(f)}
			}
			for _, name := range []string{f.TextName(), f.JSONName()} {
				for beneath, value := range wrong {
					fields++
					text := before + quotedText(name) + ":" + value + after
					r := readJSON(t, dynamicpb.NewMessage(root), text)
					if r == nil || r.Code != fault.Malformed || r.Field != path+name+beneath || r.Reason == "" {
						t.Errorf("%s of %s: %+v", text, root.FullName(), r)
					}
				}
			}
			if isObject(f) && !f.IsMap() && deep > 0 {
				spoil(f.Message(), root, path+f.TextName()+at+".", before+quotedText(f.TextName())+":"+open+"{", "}"+end+after, deep-1)
			}
		}
	}
	for _, method := range Methods() {
		spoil(method.Input(), method.Input(), "", "{", "}", 3)
	}
	if fields < 1000 {
		t.Errorf("only %d fields were spoiled", fields)
	}
}

func quotedText(text string) string { return string(quoted(text)) }

// good is a value that a field, or an element of it, can have.
func good(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return "true"
	case protoreflect.StringKind, protoreflect.BytesKind:
		return `"good"`
	case protoreflect.MessageKind:
		switch f.Message().FullName() {
		case "google.protobuf.Timestamp":
			return `"2026-03-05T10:00:00Z"`
		case "google.protobuf.Duration":
			return `"1s"`
		}
		return "{}"
	}
	return "1"
}

// bad is one that it cannot have.
func bad(f protoreflect.FieldDescriptor) string {
	if f.Kind() == protoreflect.StringKind {
		return "1.5"
	}
	return `"вчера"`
}

// What is wrong otherwise than by one value is named too, as the caller wrote it.
func TestWhereJSONIsWrong(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"operations":[`, 5000)
	for _, c := range []struct{ data, field, reason string }{
		{`{"operations":[{"key":"a"},{"key":"b","entry":{"legs":[{"side":"LEFT"}]}}]}`, "operations[1].entry.legs[0].side", "SIDE_DEBIT, SIDE_CREDIT"},
		{`{"operations":[{"entry":{"effectiveDay":"x"}}]}`, "operations[0].entry.effectiveDay", "does not know"},
		{`{"dryRun":true,"dry_run":true}`, "dry_run", "twice"},
		{`{"operations":[{"key":"a","key":"b"}]}`, "operations[0].key", "twice"},
		{`{"operations":[{"void":{},"entry":null,"settle":{}}]}`, "operations[0].settle", "another of"},
		{`{"operations":[{"entry":{"metadata":{"a":"1","a":"2"}}}]}`, "operations[0].entry.metadata[a]", "twice"},
		{`{"operations":[{"entry":{"metadata":{"a":1}}}]}`, "operations[0].entry.metadata[a]", "1 is not a text"},
		{`{"operations":[null]}`, "operations[0]", ""},
		{`{"operations":[` + strings.Repeat(`{"key":"k"},`, 1000) + `{"key":7}]}`, "operations[1000].key", "7 is not a text"},
		{`{"book":"` + "\xff" + `"}`, "book", "UTF-8"},
		{`{"b` + "\xff" + `":1}`, "b\ufffd", "does not know"},
		{`{"book":}`, "book", "no JSON"},
		{`{"book": `, "book", "no JSON"},
		{`{"book":"main"`, "", "no end"},
		{`{"book":"main"}{}`, "", "behind"},
		{`[]`, "", "no JSON object"},
		{`{"` + strings.Repeat("x", 500) + `":1}`, strings.Repeat("x", 100) + "…", "does not know"},
		{deep, "operations", "no JSON"},
	} {
		r := readJSON(t, new(ledgerv1.PostRequest), c.data)
		if r == nil || r.Code != fault.Malformed || r.Field != c.field || r.Reason == "" || !strings.Contains(r.Reason, c.reason) {
			t.Errorf("%.80s: %+v, want %q of %q", c.data, r, c.reason, c.field)
		}
	}
	m := new(ledgerv1.PostRequest)
	if r := readJSON(t, m, `{"book":"main","dryRun":null,"operations":[{"key":"k"}]}`); r != nil || fmt.Sprint(m.GetOperations()[0].GetKey()) != "k" {
		t.Errorf("what can be read: %+v", r)
	}
}
