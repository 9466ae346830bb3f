package lean

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// appended compares what an Append makes with what the library makes; read says whether
// it made anything.
func appended(t interface{ Fatalf(string, ...any) }, m proto.Message, got []byte, ok bool) (read bool) {
	const before = "what was there"
	if !ok {
		if string(got) != before {
			t.Fatalf("%v was left to the library, and %q written", m, got)
		}
		return false
	}
	want, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend([]byte(before), m)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%v: wrote\n%x\nthe library %v\n%x", m, got, err, want)
	}
	return true
}

func appendRecord(t interface{ Fatalf(string, ...any) }, r *journalv1.Record) bool {
	got, ok := AppendRecord([]byte("what was there"), r)
	return appended(t, r, got, ok)
}

func appendCommand(t interface{ Fatalf(string, ...any) }, c *commandv1.Command) bool {
	got, ok := AppendCommand([]byte("what was there"), c)
	return appended(t, c, got, ok)
}

func appendResponse(t interface{ Fatalf(string, ...any) }, r *ledgerv1.PostResponse) bool {
	got, ok := AppendPostResponse([]byte("what was there"), r)
	return appended(t, r, got, ok)
}

// entryFields are those of a record that is nothing but an entry.
func entryFields(f protoreflect.FieldDescriptor) bool {
	switch f.FullName() {
	case "provodka.journal.v1.Record.entry", "provodka.journal.v1.Record.legs":
		return true
	}
	return f.Message() == nil || f.IsMap()
}

func TestAppendWritesWhatTheLibraryWrites(t *testing.T) {
	t.Parallel()
	records, commands, responses := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		r, c, a := &journalv1.Record{}, &commandv1.Command{}, &ledgerv1.PostResponse{}
		fill(t, r.ProtoReflect(), entryFields)
		fill(t, c.ProtoReflect(), commonFields)
		fill(t, a.ProtoReflect(), func(protoreflect.FieldDescriptor) bool { return true })
		if rapid.IntRange(0, 9).Draw(t, "long") == 0 { // lengths of two and three bytes
			r.Key = strings.Repeat("k", rapid.SampledFrom([]int{127, 128, 16_383, 16_384}).Draw(t, "length"))
			if r.Entry != nil {
				r.Entry.Kind = r.Key
			}
			for _, op := range c.GetOperations().GetList() {
				op.Key = r.Key
			}
		}
		if appendRecord(t, r) {
			records++
		}
		if appendCommand(t, c) {
			commands++
		}
		if appendResponse(t, a) {
			responses++
		}
	})
	if records == 0 || commands == 0 || responses == 0 {
		t.Errorf("%d records, %d commands, %d responses", records, commands, responses)
	}
}

// TestNoFieldIsForgotten sets one field after another of every message that is written
// here, each in a message that is written otherwise: it is written too, or the message
// is left to the library. So a field that is added later cannot be lost.
func TestNoFieldIsForgotten(t *testing.T) {
	t.Parallel()
	record := func() *journalv1.Record {
		return &journalv1.Record{Key: "k", Entry: &journalv1.Entry{Kind: "k"}, Legs: []*journalv1.Leg{{Account: "a"}}}
	}
	command := func() *commandv1.Command {
		return &commandv1.Command{Id: "c", What: &commandv1.Command_Operations{Operations: &commandv1.Operations{List: []*commandv1.Operation{{
			Key: "k", What: &commandv1.Operation_Post{Post: &commandv1.Post{Kind: "k", Legs: []*commandv1.Leg{{Account: "a"}}}},
		}}}}}
	}
	response := func() *ledgerv1.PostResponse {
		return &ledgerv1.PostResponse{Position: "p", Results: []*ledgerv1.OperationResult{{
			Id: "1.1", Balances: []*ledgerv1.StripeBalance{{Account: "a"}},
		}}}
	}
	for _, of := range []func() (part proto.Message, written func() bool){
		func() (proto.Message, func() bool) {
			r := response()
			return r, func() bool { return appendResponse(t, r) }
		},
		func() (proto.Message, func() bool) {
			r := response()
			return r.Results[0], func() bool { return appendResponse(t, r) }
		},
		func() (proto.Message, func() bool) {
			r := response()
			return r.Results[0].Balances[0], func() bool { return appendResponse(t, r) }
		},
		func() (proto.Message, func() bool) {
			r := record()
			return r, func() bool { return appendRecord(t, r) }
		},
		func() (proto.Message, func() bool) {
			r := record()
			return r.Entry, func() bool { return appendRecord(t, r) }
		},
		func() (proto.Message, func() bool) {
			r := record()
			return r.Legs[0], func() bool { return appendRecord(t, r) }
		},
		func() (proto.Message, func() bool) {
			c := command()
			return c, func() bool { return appendCommand(t, c) }
		},
		func() (proto.Message, func() bool) {
			c := command()
			return c.GetOperations(), func() bool { return appendCommand(t, c) }
		},
		func() (proto.Message, func() bool) {
			c := command()
			return c.GetOperations().List[0], func() bool { return appendCommand(t, c) }
		},
		func() (proto.Message, func() bool) {
			c := command()
			return c.GetOperations().List[0].GetPost(), func() bool { return appendCommand(t, c) }
		},
		func() (proto.Message, func() bool) {
			c := command()
			return c.GetOperations().List[0].GetPost().Legs[0], func() bool { return appendCommand(t, c) }
		},
	} {
		_, plain := of()
		if !plain() {
			t.Fatal("a plain message is left to the library")
		}
		first, _ := of()
		fields := first.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			part, written := of()
			set(part.ProtoReflect(), fields.Get(i))
			written() // compares
		}
		part, written := of()
		part.ProtoReflect().SetUnknown([]byte{0xf8, 0x7f, 1})
		if written() {
			t.Errorf("%s with a field that nobody knows was written", part.ProtoReflect().Descriptor().FullName())
		}
	}
}

// set gives a field a value that is not its empty one.
func set(m protoreflect.Message, f protoreflect.FieldDescriptor) {
	switch {
	case f.IsMap():
		m.Mutable(f).Map().Set(protoreflect.ValueOfString("").MapKey(), m.NewField(f).Map().NewValue())
	case f.IsList() && f.Message() != nil:
		m.Mutable(f).List().AppendMutable()
	case f.IsList():
		m.Mutable(f).List().Append(protoreflect.ValueOfString("x"))
	case f.Message() != nil:
		m.Mutable(f)
	case f.Kind() == protoreflect.StringKind:
		m.Set(f, protoreflect.ValueOfString("x"))
	case f.Kind() == protoreflect.BytesKind:
		m.Set(f, protoreflect.ValueOfBytes([]byte{1}))
	case f.Kind() == protoreflect.BoolKind:
		m.Set(f, protoreflect.ValueOfBool(true))
	case f.Kind() == protoreflect.EnumKind:
		m.Set(f, protoreflect.ValueOfEnum(1))
	case f.Kind() == protoreflect.Uint32Kind:
		m.Set(f, protoreflect.ValueOfUint32(1))
	case f.Kind() == protoreflect.Uint64Kind:
		m.Set(f, protoreflect.ValueOfUint64(1))
	case f.Kind() == protoreflect.Int64Kind:
		m.Set(f, protoreflect.ValueOfInt64(1))
	default:
		panic("a field of kind " + f.Kind().String())
	}
}

// TestAppendRefusesWhatIsNoText leaves to the library, which refuses it.
func TestAppendRefusesWhatIsNoText(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"\xff", "a\xc3"} {
		r := &journalv1.Record{Entry: &journalv1.Entry{Metadata: map[string]string{bad: "v"}}}
		c := &commandv1.Command{Actor: bad, What: &commandv1.Command_Operations{Operations: &commandv1.Operations{}}}
		a := &ledgerv1.PostResponse{Results: []*ledgerv1.OperationResult{{Refusal: &ledgerv1.Refusal{Reason: bad}}}}
		if appendRecord(t, r) || appendRecord(t, &journalv1.Record{Key: bad}) || appendCommand(t, c) || appendResponse(t, a) {
			t.Errorf("%q was written", bad)
		}
	}
}

func benchmarkRecord() *journalv1.Record {
	return &journalv1.Record{
		Shard: 1, Seq: 123_456, ClockUs: 1_774_000_000_000_000, Offset: 54_321, Operation: 77, Last: true,
		Command: strings.Repeat("c", 32), Book: "main", Key: "019b6c9e-7f00-7000-8000-000000000000", RequestHash: make([]byte, 32), Actor: "bench",
		Entry: &journalv1.Entry{Kind: "transfer", Day: "2026-11-22"},
		Legs: []*journalv1.Leg{
			{Account: "wallet:company-4242", Asset: "RUB", Kind: 1, Amount: "12.34", Version: 1234, Debit: "123456.78", Credit: "4567.89"},
			{Account: "wallet:company-4243", Asset: "RUB", Kind: 2, Amount: "12.34", Version: 4321, Debit: "123456.78", Credit: "4567.89"},
		},
	}
}

func BenchmarkAppendRecord(b *testing.B) {
	r, space := benchmarkRecord(), make([]byte, 0, 4096)
	for b.Loop() {
		AppendRecord(space, r)
	}
}

func BenchmarkLibraryRecord(b *testing.B) {
	r, space := benchmarkRecord(), make([]byte, 0, 4096)
	for b.Loop() {
		_, _ = proto.MarshalOptions{Deterministic: true}.MarshalAppend(space, r) // it is measured
	}
}
