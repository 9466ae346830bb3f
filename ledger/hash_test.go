package ledger

import (
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// stamped are the fields that no caller chooses: what the API saw when it asked, and
// what is not the request.
var stamped = map[protoreflect.FullName]bool{
	"provodka.command.v1.Leg.open":               true,
	"provodka.command.v1.Place.open":             true,
	"provodka.command.v1.ChangePeriod.version":   true,
	"provodka.command.v1.Operation.key":          true,
	"provodka.command.v1.Operation.request_hash": true,
	"provodka.command.v1.Operation.group":        true,
}

// variants calls try for every way to change one thing of a message: each field set
// alone, at any depth, to one value and to another.
func variants(path string, m protoreflect.Message, try func(path string)) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		at := path + "." + string(f.Name())
		switch {
		case stamped[f.FullName()]:
			continue
		case f.IsMap():
			for _, pair := range [][2]string{{"k", "v"}, {"k", "w"}, {"l", "v"}} {
				m.Mutable(f).Map().Set(protoreflect.ValueOfString(pair[0]).MapKey(), protoreflect.ValueOfString(pair[1]))
				try(at)
				m.Clear(f)
			}
		case f.IsList() && f.Kind() == protoreflect.StringKind:
			for _, texts := range [][]string{{"a"}, {"b"}, {"a", "b"}, {"ab"}} {
				for _, text := range texts {
					m.Mutable(f).List().Append(protoreflect.ValueOfString(text))
				}
				try(at)
				m.Clear(f)
			}
		case f.IsList():
			list := m.Mutable(f).List()
			for range 2 {
				variants(at, list.AppendMutable().Message(), try)
				try(at)
			}
			m.Clear(f)
		case f.Kind() == protoreflect.MessageKind:
			inner := m.Mutable(f).Message()
			if f.ContainingOneof() != nil {
				try(at)
			}
			variants(at, inner, try)
			m.Clear(f)
		default:
			for _, v := range values(f) {
				m.Set(f, v)
				try(at)
			}
			m.Clear(f)
		}
	}
}

func values(f protoreflect.FieldDescriptor) []protoreflect.Value {
	switch f.Kind() {
	case protoreflect.StringKind:
		return []protoreflect.Value{protoreflect.ValueOfString("1"), protoreflect.ValueOfString("2")}
	case protoreflect.BytesKind:
		return []protoreflect.Value{protoreflect.ValueOfBytes([]byte("1")), protoreflect.ValueOfBytes([]byte("2"))}
	case protoreflect.BoolKind:
		return []protoreflect.Value{protoreflect.ValueOfBool(true)}
	case protoreflect.Uint32Kind:
		return []protoreflect.Value{protoreflect.ValueOfUint32(1), protoreflect.ValueOfUint32(2)}
	case protoreflect.EnumKind:
		return []protoreflect.Value{protoreflect.ValueOfEnum(1), protoreflect.ValueOfEnum(2)}
	case protoreflect.Uint64Kind:
		return []protoreflect.Value{protoreflect.ValueOfUint64(1), protoreflect.ValueOfUint64(2)}
	case protoreflect.Int64Kind:
		return []protoreflect.Value{protoreflect.ValueOfInt64(1), protoreflect.ValueOfInt64(2)}
	}
	panic("a field of kind " + f.Kind().String())
}

// TestEveryFieldIsPartOfTheRequestsHash holds the hash to the fields that there are: a
// field that is added and not hashed would let a key answer another request.
func TestEveryFieldIsPartOfTheRequestsHash(t *testing.T) {
	t.Parallel()
	op, seen := &commandv1.Operation{}, map[string]string{}
	variants("", op.ProtoReflect(), func(path string) {
		hash := string(RequestHash(op))
		if other, taken := seen[hash]; taken {
			t.Errorf("%s: %v hashes like %s", path, op, other)
		}
		seen[hash] = path + " " + op.String()
	})
	if len(seen) < 80 {
		t.Errorf("only %d requests: the walk is broken", len(seen))
	}
}
