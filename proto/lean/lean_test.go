package lean

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// fill draws a message, field by field, from its descriptor: fields that are added
// later are drawn too. plain leaves out what only the library reads, mostly.
func fill(t *rapid.T, m protoreflect.Message, plain func(protoreflect.FieldDescriptor) bool) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !plain(f) && rapid.IntRange(0, 99).Draw(t, "unusual") > 0 {
			continue
		}
		switch {
		case f.IsMap():
			for range rapid.IntRange(0, 2).Draw(t, "pairs") {
				m.Mutable(f).Map().Set(value(t, f.MapKey()).MapKey(), value(t, f.MapValue()))
			}
		case f.IsList():
			for range rapid.IntRange(0, 3).Draw(t, "elements") {
				list := m.Mutable(f).List()
				if f.Message() != nil {
					fill(t, list.AppendMutable().Message(), plain)
				} else {
					list.Append(value(t, f))
				}
			}
		case f.Message() != nil:
			if rapid.IntRange(0, 9).Draw(t, "there") > 0 {
				fill(t, m.Mutable(f).Message(), plain)
			}
		default:
			m.Set(f, value(t, f))
		}
	}
}

func value(t *rapid.T, f protoreflect.FieldDescriptor) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.SampledFrom([]string{"", "a", "RUB", "wallet:company-42", "ёлка", "\x00", "100.00", "key-1"}).Draw(t, "text"))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "bytes"))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.SampledFrom([]int32{0, 1, 2, 3, 300, -1}).Draw(t, "enum")))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(rapid.SampledFrom([]uint32{0, 1, 127, 128, 1<<32 - 1}).Draw(t, "uint32"))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(rapid.SampledFrom([]int64{0, 1, 30_000, -1, 1 << 62}).Draw(t, "int64"))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64().Draw(t, "uint64"))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	}
	t.Fatalf("draw a field of kind %s", f.Kind())
	return protoreflect.Value{}
}

// damaged changes what a stranger could: bytes, the end, two messages in one.
func damaged(t *rapid.T, raw []byte) []byte {
	raw = append([]byte(nil), raw...)
	switch rapid.IntRange(0, 5).Draw(t, "damage") {
	case 0:
		for range rapid.IntRange(1, 3).Draw(t, "bytes") {
			if len(raw) > 0 {
				raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
			}
		}
	case 1:
		raw = raw[:rapid.IntRange(0, len(raw)).Draw(t, "end")]
	case 2:
		raw = append(raw, raw...)
	}
	return raw
}

// commonFields are those of a plain post.
func commonFields(f protoreflect.FieldDescriptor) bool {
	switch f.FullName() {
	case "provodka.command.v1.Command.operations", "provodka.command.v1.Operation.post", "provodka.ledger.v1.Operation.entry":
		return true
	case "provodka.command.v1.Command.elsewhere", "provodka.command.v1.Operation.conditions", "provodka.ledger.v1.Operation.conditions":
		return false
	}
	return f.ContainingOneof() == nil
}

func TestCommandReadsWhatTheLibraryReads(t *testing.T) {
	t.Parallel()
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		m := &commandv1.Command{}
		fill(t, m.ProtoReflect(), commonFields)
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Skip("no text of the library")
		}
		raw = damaged(t, raw)
		got, ok := Command(raw)
		if !ok {
			return
		}
		read++
		want := &commandv1.Command{}
		if err := proto.Unmarshal(raw, want); err != nil || !proto.Equal(got, want) {
			t.Fatalf("read %v, the library %v, %v", got, want, err)
		}
	})
	if read == 0 {
		t.Error("nothing was read")
	}
}

func TestPostReadsWhatTheLibraryReads(t *testing.T) {
	t.Parallel()
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		m := &ledgerv1.PostRequest{}
		fill(t, m.ProtoReflect(), commonFields)
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Skip("no text of the library")
		}
		raw = damaged(t, raw)
		got := &ledgerv1.PostRequest{}
		if !Post(raw, got) {
			if !proto.Equal(got, &ledgerv1.PostRequest{}) {
				t.Fatalf("what was not read left %v", got)
			}
			return
		}
		read++
		want := &ledgerv1.PostRequest{}
		if err := proto.Unmarshal(raw, want); err != nil || !proto.Equal(got, want) {
			t.Fatalf("read %v, the library %v, %v", got, want, err)
		}
	})
	if read == 0 {
		t.Error("nothing was read")
	}
}

// plainRecord are the fields that Records reads.
func plainRecord(f protoreflect.FieldDescriptor) bool {
	switch f.FullName() {
	case "provodka.journal.v1.Record.refusal", "provodka.journal.v1.Entry.reversal", "provodka.journal.v1.Entry.exchange":
		return false
	}
	return f.ContainingMessage().FullName() != "provodka.journal.v1.Record" || f.Number() <= 14 || f.Number() == 16
}

func TestRecordsReadsWhatTheLibraryWrote(t *testing.T) {
	t.Parallel()
	read, reader := 0, &Records{} // one reader: nothing of a record may be seen in the next
	rapid.Check(t, func(t *rapid.T) {
		m := &journalv1.Record{}
		fill(t, m.ProtoReflect(), plainRecord)
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Skip("no text of the library")
		}
		raw = damaged(t, raw)
		got, ok := reader.Read(raw)
		if !ok {
			return
		}
		read++
		want := &journalv1.Record{}
		if err := proto.Unmarshal(raw, want); err != nil || !proto.Equal(got, want) {
			t.Fatalf("read %v, the library %v, %v", got, want, err)
		}
		if proto.Size(want) != len(raw) {
			t.Fatalf("%d bytes were read, written again they are %d", len(raw), proto.Size(want))
		}
	})
	if read == 0 {
		t.Error("nothing was read")
	}
}

// thousand is a command as the log holds it.
func thousand() []byte {
	list := &commandv1.Operations{}
	for range 1000 {
		list.List = append(list.List, &commandv1.Operation{
			Key: "019390a5-7d8e-7c3a-8f4e-0123456789ab", RequestHash: make([]byte, 16),
			What: &commandv1.Operation_Post{Post: &commandv1.Post{Kind: "transfer", Legs: []*commandv1.Leg{
				{Account: "wallet:company-0000001", Asset: "RUB", Debit: true, Amount: "12.34", Open: true},
				{Account: "wallet:company-0000002", Asset: "RUB", Amount: "12.34", Open: true},
			}}},
		})
	}
	raw, err := proto.Marshal(&commandv1.Command{Id: "1", Book: "main", What: &commandv1.Command_Operations{Operations: list}})
	if err != nil {
		panic(err)
	}
	return raw
}

func BenchmarkCommand(b *testing.B) {
	raw := thousand()
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Command(raw); !ok {
			b.Fatal("not read")
		}
	}
}

func BenchmarkLibrary(b *testing.B) {
	raw := thousand()
	b.ReportAllocs()
	for b.Loop() {
		if err := proto.Unmarshal(raw, &commandv1.Command{}); err != nil {
			b.Fatal(err)
		}
	}
}

// postedRecord is a record as most are.
func postedRecord() []byte {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&journalv1.Record{
		Shard: 3, Seq: 1_000_000, ClockUs: 1_795_000_000_000_000, Offset: 12_345, Operation: 17, Last: true, Command: "0123456789abcdef0123456789abcdef",
		Book: "main", Key: "019390a5-7d8e-7c3a-8f4e-0123456789ab", RequestHash: make([]byte, 16), Actor: "key-1",
		Entry: &journalv1.Entry{Kind: "transfer", Day: "2026-11-22"},
		Legs: []*journalv1.Leg{
			{Account: "wallet:company-0000001", Asset: "RUB", Kind: 1, Amount: "12.34", Version: 12, Debit: "1000.00", Credit: "20000.00"},
			{Account: "wallet:company-0000002", Asset: "RUB", Kind: 2, Amount: "12.34", Version: 13, Debit: "1000.00", Credit: "20000.00"},
		},
	})
	if err != nil {
		panic(err)
	}
	return raw
}

func BenchmarkRecord(b *testing.B) {
	raw, r := postedRecord(), &Records{}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := r.Read(raw); !ok {
			b.Fatal("not read")
		}
	}
}

func BenchmarkRecordLibrary(b *testing.B) {
	raw := postedRecord()
	b.ReportAllocs()
	for b.Loop() {
		m := &journalv1.Record{}
		if err := proto.Unmarshal(raw, m); err != nil || proto.Size(m) != len(raw) {
			b.Fatal("not read")
		}
	}
}
