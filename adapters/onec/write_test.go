package onec

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"pgregory.net/rapid"
)

// asWritten compares what a file carries: not the line numbers, nor what Read computes.
var asWritten = cmp.Options{
	cmpopts.IgnoreFields(Statement{}, "Movements", "Notes"),
	cmpopts.IgnoreFields(Section{}, "Line"),
	cmpopts.IgnoreFields(Document{}, "Line"),
	cmpopts.EquateEmpty(),
}

var bic = requisite.ExampleBIC(1)

func ourAccount(n uint64) string   { return requisite.ExampleAccount("40702", bic, n) }
func theirAccount(n uint64) string { return requisite.ExampleAccount("40702", bic, 1000+n) }
func day(n int) time.Time          { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

// words are texts that both code pages can write.
var words = rapid.Map(rapid.StringOfN(rapid.SampledFrom([]rune("абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВЁЯ №%=;\"'.,-/()0123456789abcXYZ")), 0, 40, -1), strings.TrimSpace)

func drawDocument(t *rapid.T, accounts []string) Document {
	side := func(label string) Party {
		return Party{
			Account: rapid.SampledFrom(append([]string{theirAccount(1), theirAccount(2)}, accounts...)).Draw(t, label),
			Name:    words.Draw(t, label+" name"), INN: requisite.ExampleINN(rapid.Uint64().Draw(t, label+" inn")),
			KPP: "770101001", Names: [4]string{words.Draw(t, "name1"), "", words.Draw(t, "name3"), ""},
			SettlementAccount: theirAccount(9), Bank: [2]string{words.Draw(t, "bank"), ""}, BIC: bic, CorrAccount: requisite.ExampleCorrAccount(bic),
		}
	}
	d := Document{
		Kind:   rapid.SampledFrom([]string{"Платежное поручение", "Банковский ордер", "Мемориальный ордер"}).Draw(t, "kind"),
		Number: fmt.Sprint(rapid.IntRange(1, 5).Draw(t, "number")), Date: day(rapid.IntRange(1, 28).Draw(t, "date")),
		Amount:      money.New(rapid.Int64Range(0, 1<<40).Draw(t, "kopecks"), 2),
		ReceiptTime: "12:00:01", ReceiptText: words.Draw(t, "receipt"), Payer: side("payer"), Payee: side("payee"),
		OperationKind: "01", PurposeText: words.Draw(t, "purpose"), Priority: "5",
	}
	if rapid.Bool().Draw(t, "in lines") {
		d.PurposeText, d.PurposeLines = "", [6]string{words.Draw(t, "line1"), "", words.Draw(t, "line3")}
	}
	if rapid.Bool().Draw(t, "tax") {
		d.Tax = Tax{Status: "13", KBK: "18201061201010000510", OKTMO: "0", Basis: "0", Period: "0", Number: "0", Date: "0"}
		d.Code = "0"
	}
	if rapid.Bool().Draw(t, "extra") {
		d.Extra = []Field{{"НовыйКлючБанка", words.Draw(t, "extra")}, {"Other", "1"}}
	}
	if d.Payer.Account == theirAccount(1) || d.Payer.Account == theirAccount(2) {
		d.Payee.Account = accounts[0]
	} else {
		d.Payer.Date = d.Date
	}
	return d
}

// drawStatement draws a statement whose totals are right.
func drawStatement(t *rapid.T) *Statement {
	s := &Statement{
		Encoding: rapid.SampledFrom([]Encoding{Windows, DOS, UTF8}).Draw(t, "encoding"), Version: rapid.SampledFrom([]string{"1.02", "1.03"}).Draw(t, "version"),
		Sender: "Банк", Receiver: words.Draw(t, "receiver"), CreatedOn: day(5), CreatedAt: "09:00:00", From: day(1), To: day(28),
		Accounts: []string{ourAccount(1), ourAccount(2)}, Extra: []Field{{"Программа", words.Draw(t, "program")}},
	}
	s.Declared = string(s.Encoding)
	for range rapid.IntRange(0, 12).Draw(t, "documents") {
		s.Documents = append(s.Documents, drawDocument(t, s.Accounts))
	}
	merged, _, refusal := s.movements(rapid.Bool().Draw(t, "copies"))
	if refusal != nil {
		t.Fatal(refusal)
	}
	for _, account := range s.Accounts {
		in, out := money.Zero, money.Zero
		for _, m := range merged {
			switch {
			case m.Account == account && m.Direction == In:
				in = in.Add(m.Amount)
			case m.Account == account:
				out = out.Add(m.Amount)
			}
		}
		opening := money.New(rapid.Int64Range(-1000, 1<<40).Draw(t, "opening"), 2)
		closing := opening.Add(in).Sub(out)
		s.Sections = append(s.Sections, Section{Account: account, From: day(1), To: day(28), Opening: &opening, In: &in, Out: &out, Closing: &closing})
	}
	return s
}

func TestWrittenIsReadBackTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawStatement(t)
		data, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, refusal := Read(data)
		if refusal != nil {
			t.Fatalf("%v\n%s", refusal, data)
		}
		if diff := cmp.Diff(want, got, asWritten); diff != "" {
			t.Fatalf("written, read:\n%s", diff)
		}
		keys := map[string]bool{}
		for _, m := range got.Movements {
			if keys[m.Key] {
				t.Fatalf("two movements have the key %s", m.Key)
			}
			keys[m.Key] = true
		}
		if again, refusal := Read(data); refusal != nil || !cmp.Equal(again, got) {
			t.Fatal("the same bytes gave another statement")
		}
	})
}

func TestCutFileIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		data, err := drawStatement(t).Encode()
		if err != nil {
			t.Fatal(err)
		}
		n := rapid.IntRange(len(mark)+2, len(data)-3).Draw(t, "bytes") // the last two bytes are an empty line's end
		_, refusal := Read(data[:n])
		if refusal == nil || refusal.Code != fault.FileTruncated {
			t.Fatalf("%d of %d bytes: %v", n, len(data), refusal)
		}
	})
}

func TestEncodeRefusesWhatWouldBreakTheFile(t *testing.T) {
	t.Parallel()
	for _, s := range []Statement{
		{Sender: "две\r\nстроки"}, {Extra: []Field{{"a=b", "c"}}}, {Sender: "北京"}, {Encoding: DOS, Sender: "«ёлочки»"},
	} {
		if data, err := s.Encode(); err == nil {
			t.Errorf("written: %q", data)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, e := range []Encoding{Windows, DOS, UTF8} {
		f.Add(bytes.ReplaceAll(example(e), []byte("\r\n"), []byte("\n")))
	}
	for _, e := range []Encoding{Windows, DOS, UTF8} { // a number may be empty, not its key left out
		s := Statement{Encoding: e, Documents: []Document{{Date: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}}}
		if data, err := s.Encode(); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, refusal := Read(data)
		if refusal != nil {
			return
		}
		out, err := s.Encode()
		if err != nil {
			t.Skip() // bytes of a read file may hold what the writer refuses, a lone CR for one
		}
		back, refusal := Read(out)
		if refusal != nil {
			t.Fatalf("read, written and refused: %v\n%q", refusal, out)
		}
		if diff := cmp.Diff(s, back, asWritten, cmpopts.IgnoreFields(Statement{}, "Declared")); diff != "" {
			t.Fatal(diff)
		}
	})
}
