package engine

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/provodka/provodka/engine/port"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// spoil calls try with a copy of the command for every text that a command of this
// shape can have, with a NUL in just that text.
func spoil(path string, m protoreflect.Message, try func(path string)) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		at := path + "." + string(f.Name())
		switch {
		case f.IsMap():
			for _, pair := range [][2]string{{"k\x00", "v"}, {"k", "v\x00"}} {
				m.Mutable(f).Map().Set(protoreflect.ValueOfString(pair[0]).MapKey(), protoreflect.ValueOfString(pair[1]))
				try(at)
				m.Clear(f)
			}
		case f.IsList() && f.Kind() == protoreflect.MessageKind:
			spoil(at, m.Mutable(f).List().AppendMutable().Message(), try)
			m.Clear(f)
		case f.IsList() && f.Kind() == protoreflect.StringKind:
			m.Mutable(f).List().Append(protoreflect.ValueOfString("a\x00"))
			try(at)
			m.Clear(f)
		case f.Kind() == protoreflect.MessageKind:
			spoil(at, m.Mutable(f).Message(), try)
			m.Clear(f)
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString("a\x00"))
			try(at)
			m.Clear(f)
		}
	}
}

// TestEveryTextIsLookedAt holds faultyCommand to the fields that there are: a field
// that is added and not looked at could stop a shard with a NUL.
func TestEveryTextIsLookedAt(t *testing.T) {
	t.Parallel()
	c, n := &commandv1.Command{}, 0
	spoil("", c.ProtoReflect(), func(path string) {
		n++
		if faultyCommand(c) == "" {
			t.Errorf("nobody looks at %s", path)
		}
	})
	if n < 40 {
		t.Errorf("only %d texts found: the walk is broken", n)
	}
	if f := faultyCommand(proto.CloneOf(c)); f != "" {
		t.Errorf("a clean command has a fault in %s", f)
	}
}

func TestForeignTextsAreCleaned(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "счёт закрыт", "\xd1\xf7\xb8\xf2", "a\x00b", strings.Repeat("щ", maxForeignText), "\xff" + strings.Repeat("x", maxForeignText)} {
		got := cleanText(text)
		if !utf8.ValidString(got) || strings.Contains(got, "\x00") || len(got) > maxForeignText {
			t.Errorf("%.20q became %.20q of %d bytes", text, got, len(got))
		}
		if !faultyText(text) && len(text) <= maxForeignText && got != text {
			t.Errorf("%.20q was fine and became %.20q", text, got)
		}
	}
}

// TestWordsOfPartnersNameNobody: what a partner says goes into the log without the numbers by
// which a person is known; sums, days and short codes stay.
func TestWordsOfPartnersNameNobody(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"": "",
		"Недостаточно средств":                                    "Недостаточно средств",
		"Счёт 40817810500000012345 закрыт":                        "Счёт ****2345 закрыт",
		"Счёт 40817 810 5 0000 0012345 закрыт":                    "Счёт ****2345 закрыт",
		"НПД: ИНН 770100000123 снят с учёта":                      "НПД: ИНН ****0123 снят с учёта",
		"Телефон +7 (999) 123-45-67 не найден":                    "Телефон +****4567 не найден",
		"СНИЛС 112-233-445 95":                                    "СНИЛС ****4595",
		"Карта 2200 7000 1234 5678, 100.00 руб.":                  "Карта ****5678, 100.00 руб.",
		"Лимит 1000000.00 на 2026-03-02, БИК 044525225, код 4711": "Лимит 1000000.00 на 2026-03-02, БИК 044525225, код 4711",
		"Отказано 2026-03-02 10:15:30":                            "Отказано 2026-03-02 10:15:30",
		"a\x00b\xff":                                              "a\uFFFDb\uFFFD",
	} {
		if got := toWire("a", port.Answer{Result: port.Refused, Reason: said}, "1").GetReason(); got != want {
			t.Errorf("%q became %q, want %q", said, got, want)
		}
	}
}
