package gate

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/provodka/provodka/ledger/fault"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	"github.com/provodka/provodka/proto/lean"
)

// The codecs read what connect's own would read, and more strictly: a message that
// cannot be read, or whose texts no log and no database could keep, becomes a message
// that carries the refusal, which the first interceptor answers. An error out of a codec
// would leave as a bare text, without code and field, and unseen by log and metrics.

// binaryCodec is protobuf.
type binaryCodec struct{}

// Name implements connect.Codec.
func (binaryCodec) Name() string { return "proto" }

// Marshal implements connect.Codec.
func (binaryCodec) Marshal(m any) ([]byte, error) { return proto.Marshal(m.(proto.Message)) }

// MarshalAppend spares a copy of large answers.
func (binaryCodec) MarshalAppend(to []byte, m any) ([]byte, error) {
	if post, ok := m.(*ledgerv1.PostResponse); ok {
		if longer, ok := lean.AppendPostResponse(to, post); ok {
			return longer, nil
		}
	}
	return proto.MarshalOptions{}.MarshalAppend(to, m.(proto.Message))
}

// MarshalStable makes a read's answer fit for an address.
func (binaryCodec) MarshalStable(m any) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(m.(proto.Message))
}

// IsBinary says that the bytes are no text.
func (binaryCodec) IsBinary() bool { return true }

// Unmarshal implements connect.Codec.
func (binaryCodec) Unmarshal(data []byte, into any) error {
	m := into.(proto.Message)
	post, _ := into.(*ledgerv1.PostRequest)
	if post != nil && lean.Post(data, post) {
		if bytes.IndexByte(data, 0) >= 0 {
			carry(m, findNUL(m.ProtoReflect(), ""))
		}
		return nil
	}
	if err := proto.Unmarshal(data, m); err != nil {
		refusal := findNoText(data, m.ProtoReflect().Descriptor(), "")
		if refusal == nil {
			refusal = unreadable(err)
		}
		carry(m, refusal)
		return nil
	}
	if refused(m) != nil { // a caller cannot send what only we may carry
		m.ProtoReflect().SetUnknown(nil)
	}
	if bytes.IndexByte(data, 0) >= 0 {
		carry(m, findNUL(m.ProtoReflect(), ""))
	}
	return nil
}

// jsonCodec is JSON with the names of the proto files, which are those of the
// product's documents; it takes camelCase too. A field that it does not know refuses
// the request: a misspelled dry_run must not be passed over.
type jsonCodec struct{ name string }

// Name implements connect.Codec.
func (c jsonCodec) Name() string { return c.name }

// Marshal implements connect.Codec.
func (jsonCodec) Marshal(m any) ([]byte, error) {
	return protojson.MarshalOptions{UseProtoNames: true}.Marshal(m.(proto.Message))
}

// MarshalAppend spares a copy of large answers.
func (jsonCodec) MarshalAppend(to []byte, m any) ([]byte, error) {
	return protojson.MarshalOptions{UseProtoNames: true}.MarshalAppend(to, m.(proto.Message))
}

// Unmarshal implements connect.Codec.
func (jsonCodec) Unmarshal(data []byte, into any) error {
	m := into.(proto.Message)
	if len(data) == 0 {
		carry(m, fault.Refuse(fault.Malformed, "", "the body is empty; JSON begins with {"))
		return nil
	}
	if err := protojson.Unmarshal(data, m); err != nil {
		refusal := findUnread(data, m.ProtoReflect(), "", unreadDepth)
		if refusal == nil {
			refusal = unreadable(err)
		}
		carry(m, refusal)
		return nil
	}
	if bytes.Contains(data, []byte(`\u0000`)) || bytes.IndexByte(data, 0) >= 0 {
		carry(m, findNUL(m.ProtoReflect(), ""))
	}
	return nil
}

// unreadable makes a refusal of what the protobuf library says.
func unreadable(err error) *fault.Refusal {
	text := strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\u00a0", " "), "?")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "proto: "), "proto: ")
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return fault.Refuse(fault.Malformed, "", "the message cannot be read: %s", text)
}

// findNoText names the first text of a message that is no UTF-8, which is all that
// the protobuf library does not say; nil when something else is wrong.
func findNoText(data []byte, d protoreflect.MessageDescriptor, path string) *fault.Refusal {
	counts := map[protowire.Number]int{}
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return nil
		}
		data = data[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, data); n < 0 {
				return nil
			}
			data = data[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(data)
		if n < 0 {
			return nil
		}
		data = data[n:]
		f := d.Fields().ByNumber(number)
		if f == nil {
			continue
		}
		at := path + string(f.Name())
		if f.IsList() {
			at += fmt.Sprintf("[%d]", counts[number])
			counts[number]++
		}
		var refusal *fault.Refusal
		if f.Message() != nil {
			refusal = findNoText(value, f.Message(), at+".")
		} else if f.Kind() == protoreflect.StringKind && !utf8.Valid(value) {
			refusal = fault.Refuse(fault.Malformed, at, "the text is not UTF-8")
		}
		if refusal != nil {
			return refusal
		}
	}
	return nil
}

// findNUL names the first text with a NUL in it: PostgreSQL keeps none.
func findNUL(m protoreflect.Message, path string) (refusal *fault.Refusal) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := path + string(f.Name())
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				key := at + "[" + k.String() + "]"
				if refusal = checkText(k.Value().Interface(), key); refusal == nil {
					refusal = nulIn(f.MapValue(), v, key)
				}
				return refusal == nil
			})
		case f.IsList():
			for i := 0; i < v.List().Len() && refusal == nil; i++ {
				refusal = nulIn(f, v.List().Get(i), fmt.Sprintf("%s[%d]", at, i))
			}
		default:
			refusal = nulIn(f, v, at)
		}
		return refusal == nil
	})
	return refusal
}

func nulIn(f protoreflect.FieldDescriptor, v protoreflect.Value, at string) *fault.Refusal {
	if f.Message() != nil {
		return findNUL(v.Message(), at+".")
	}
	if f.Kind() == protoreflect.StringKind {
		return checkText(v.Interface(), at)
	}
	return nil
}

func checkText(value any, at string) *fault.Refusal {
	text, ok := value.(string)
	switch {
	case !ok:
		return nil
	case strings.IndexByte(text, 0) >= 0:
		return fault.Refuse(fault.Malformed, strings.ReplaceAll(at, "\x00", `\0`), "the text has a NUL character")
	case !utf8.ValidString(text):
		return fault.Refuse(fault.Malformed, strings.ToValidUTF8(at, "?"), "the text is not UTF-8")
	}
	return nil
}

// carried is the number of the unknown field by which a message carries its refusal.
const carried = protowire.MaxValidNumber

// carry empties the message and makes it carry the refusal.
func carry(m proto.Message, r *fault.Refusal) {
	if r == nil {
		return
	}
	raw, err := proto.Marshal(&journalv1.Refusal{Code: string(r.Code), Field: r.Field, Reason: r.Reason})
	if err != nil {
		panic(errors.Join(errors.New("api: a refusal cannot be carried"), err)) // made valid above
	}
	proto.Reset(m)
	m.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, carried, protowire.BytesType), raw))
}

// refused gives the refusal that a message carries; nil for a message as it was sent.
func refused(m proto.Message) *fault.Refusal {
	for rest := m.ProtoReflect().GetUnknown(); len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return nil
		}
		rest = rest[n:]
		if number != carried || kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, rest); n < 0 {
				return nil
			}
			rest = rest[n:]
			continue
		}
		raw, _ := protowire.ConsumeBytes(rest)
		r := new(journalv1.Refusal)
		if proto.Unmarshal(raw, r) != nil || !fault.Known(r.GetCode()) {
			return fault.Refuse(fault.Malformed, "", "the message cannot be read")
		}
		return &fault.Refusal{Code: fault.Code(r.GetCode()), Field: r.GetField(), Reason: r.GetReason()}
	}
	return nil
}
