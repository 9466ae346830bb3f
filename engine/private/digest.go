package private

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Digest is the keyed hash of a request: its method and every field that is set, by
// field number, each led by its length. It does not depend on how a version of the
// protobuf library writes bytes. Unknown fields are not part of it.
func (v *Vault) Digest(method string, request proto.Message) []byte {
	d := digester{hmac.New(sha256.New, v.secrets.digest)}
	d.text(method)
	d.message(request.ProtoReflect())
	return d.Sum(nil)
}

type digester struct{ hash.Hash }

func (d digester) number(n uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	d.Write(b[:])
}

func (d digester) text(s string) {
	d.number(uint64(len(s)))
	d.Write([]byte(s))
}

func (d digester) message(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	numbers := make([]protoreflect.FieldNumber, 0, fields.Len())
	m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		numbers = append(numbers, f.Number())
		return true
	})
	slices.Sort(numbers)
	d.number(uint64(len(numbers)))
	for _, n := range numbers {
		f := fields.ByNumber(n)
		d.number(uint64(n))
		d.field(f, m.Get(f))
	}
}

func (d digester) field(f protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch {
	case f.IsMap():
		entries := v.Map()
		keys := make([]protoreflect.MapKey, 0, entries.Len())
		entries.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
			keys = append(keys, k)
			return true
		})
		slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return strings.Compare(a.String(), b.String()) })
		d.number(uint64(len(keys)))
		for _, k := range keys {
			d.text(k.String())
			d.value(f.MapValue(), entries.Get(k))
		}
	case f.IsList():
		list := v.List()
		d.number(uint64(list.Len()))
		for i := range list.Len() {
			d.value(f, list.Get(i))
		}
	default:
		d.value(f, v)
	}
}

func (d digester) value(f protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		d.message(v.Message())
	case protoreflect.BytesKind:
		d.text(string(v.Bytes()))
	case protoreflect.EnumKind:
		d.number(uint64(v.Enum()))
	default:
		d.text(fmt.Sprint(v.Interface()))
	}
}
