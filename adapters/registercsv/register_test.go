package registercsv

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"golang.org/x/text/encoding/charmap"
)

const head = "title;description;category;executor_inn;executor_phone;amount_gross;amount_net;employment_kind;period_from;period_to;act_required;autocomplete;document_number;document_date;additional_info"

var (
	inn  = requisite.ExamplePersonINN(1)
	good = "Верстка страницы;\"Сверстать \"\"главную\"\";\r\nи контакты\";Разработка;" + inn + ";8 (999) 000-00-01;1500,50;;selfemployed;01.03.2026;2026-03-31;нет;да;;;"
)

func file(rows ...string) []byte { return []byte(strings.Join(rows, "\r\n") + "\r\n") }

func page(c *charmap.Charmap, data []byte) []byte {
	out, err := c.NewEncoder().Bytes(data)
	if err != nil {
		panic(err)
	}
	return out
}

func TestReadInEveryForm(t *testing.T) {
	t.Parallel()
	data := file(head, good, good)
	commas := []byte("Title, Description ,category,EXECUTOR_PHONE,amount_net,employment_kind\n\"a;b\",d,c,+79990000001,10,civil_contract\n")
	for name, data := range map[string][]byte{
		"utf-8": data, "utf-8 with mark": append([]byte("\xef\xbb\xbf"), data...), "windows-1251": page(charmap.Windows1251, data),
		"no line end at the end": bytes.TrimSpace(data), "empty rows": file(head, "", good, ";;;;;;;;;;;;;;", good, ""),
	} {
		r, refusal := Read(data)
		if refusal != nil || len(r.Refused) != 0 || len(r.Lines) != 2 {
			t.Errorf("%s: %v %+v", name, refusal, r)
			continue
		}
		l := r.Lines[0]
		if l.Title != "Верстка страницы" || l.Description != "Сверстать \"главную\";\nи контакты" || l.ExecutorINN != inn || l.ExecutorPhone != "+79990000001" ||
			!l.Amount.Equal(money.MustParse("1500.50")) || l.Basis != Gross || l.Kind != SelfEmployed || l.PeriodFrom.Day() != 1 || l.PeriodTo.Day() != 31 || l.ActRequired || !l.Autocomplete {
			t.Errorf("%s: %+v", name, l)
		}
		if name == "empty rows" && (l.Number != 3 || r.Lines[1].Number != 6) || name != "empty rows" && (l.Number != 2 || r.Lines[1].Number != 4) {
			t.Errorf("%s: lines %d and %d", name, l.Number, r.Lines[1].Number)
		}
		if name != "windows-1251" && l.Raw != good {
			t.Errorf("%s: raw %q", name, l.Raw)
		}
	}
	r, refusal := Read(commas)
	if refusal != nil || r.Delimiter != ',' || len(r.Lines) != 1 || r.Lines[0].Basis != Net || r.Lines[0].Title != "a;b" {
		t.Errorf("commas: %v %+v", refusal, r)
	}
}

func TestFileRefused(t *testing.T) {
	t.Parallel()
	text := file(head, good, "Сверка остатков на складе;Пересчитать товар и сверить с книгой;Склад;"+inn+";;10;;selfemployed;;;;;;;")
	many := bytes.Repeat(append([]byte(";;;;;;;;;;;;;;"), []byte("x\n")...), MaxLines+1)
	for _, tc := range []struct {
		name string
		data []byte
		code fault.Code
		says string
	}{
		{"three columns", file("title;executor_inn;amount_gross", "a;b;c"), fault.FileFormat, "the file has 3 columns; missing columns: description, category, employment_kind"},
		{"no executor, no amount", file("title;description;category;employment_kind"), fault.FileFormat, "executor_inn or executor_phone, amount_gross or amount_net"},
		{"misspelled column", file(head+";act_requird", good+";1"), fault.FileFormat, `unknown columns: "act_requird"`},
		{"column twice", file(head+";title", good+";a"), fault.FileFormat, `columns that stand twice: "title"`},
		{"tabs", []byte(strings.ReplaceAll(head, ";", "\t") + "\n"), fault.FileFormat, "the file has 1 columns"},
		{"empty", nil, fault.FileFormat, "empty"},
		{"too many lines", append([]byte(head+"\n"), many...), fault.FileFormat, "200000"},
		{"utf-16", []byte("\xff\xfet\x00i\x00"), fault.FileEncoding, "UTF-16"},
		{"utf-16 without mark", []byte("t\x00i\x00"), fault.FileEncoding, "zero bytes"},
		{"spreadsheet", []byte("PK\x03\x04rest"), fault.FileEncoding, "spreadsheet"},
		{"cp866", page(charmap.CodePage866, text), fault.FileEncoding, "neither UTF-8 nor"},
		{"koi8-r", page(charmap.KOI8R, text), fault.FileEncoding, "neither UTF-8 nor"},
		{"koi8-r in small letters", page(charmap.KOI8R, bytes.ToLower(text)), fault.FileEncoding, "neither UTF-8 nor"},
		{"mark and other bytes", append([]byte("\xef\xbb\xbf"), page(charmap.Windows1251, text)...), fault.FileEncoding, "begins with the mark"},
	} {
		r, refusal := Read(tc.data)
		if refusal == nil {
			t.Errorf("%s: read: %+v", tc.name, r)
			continue
		}
		if refusal.Code != tc.code || !strings.Contains(refusal.Error(), tc.says) {
			t.Errorf("%s: %v, want %s with %q", tc.name, refusal, tc.code, tc.says)
		}
	}
	for name, data := range map[string][]byte{"mixed case": text, "capitals": bytes.ToUpper(text)} {
		if _, refusal := Read(page(charmap.Windows1251, data)); refusal != nil {
			t.Errorf("good windows-1251 in %s was refused: %v", name, refusal)
		}
	}
}

// line makes a row of the columns given, the others good.
func line(set map[string]string) string {
	values := map[string]string{
		title: "Вёрстка", description: "Страница", category: "Разработка", executorINN: inn, amountGross: "100", employmentKind: "selfemployed",
	}
	for k, v := range set {
		values[k] = v
	}
	var fields []string
	for _, name := range columns {
		fields = append(fields, values[name])
	}
	return strings.Join(fields, ";")
}

func TestLineRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		set  map[string]string
		want []string // code field, text
	}{
		{"inn", map[string]string{executorINN: requisite.ExamplePersonINN(1)[:11] + "x"}, []string{"inn_invalid executor_inn 12 digits"}},
		{"inn check digit", map[string]string{executorINN: "770123456713"}, []string{"inn_invalid executor_inn expected 03"}},
		{"inn of a company", map[string]string{executorINN: "7701234560"}, []string{"inn_invalid executor_inn person"}},
		{"inn as a number", map[string]string{executorINN: "7,70123E+11"}, []string{"inn_invalid executor_inn spreadsheet"}},
		{"inn without its zero", map[string]string{executorINN: "10123456703"}, []string{"inn_invalid executor_inn leading zero"}},
		{"nobody", map[string]string{executorINN: ""}, []string{"inn_invalid executor_inn neither"}},
		{"phone", map[string]string{executorPhone: "12345"}, []string{"requisites_invalid executor_phone ten digits"}},
		{"scale", map[string]string{amountGross: "100.001"}, []string{"amount_invalid amount_gross decimal places"}},
		{"thousands", map[string]string{amountGross: "1 500.50"}, []string{"amount_invalid amount_gross without spaces"}},
		{"both separators", map[string]string{amountGross: "1,500.50"}, []string{"amount_invalid amount_gross plain decimal"}},
		{"zero", map[string]string{amountGross: "0.00"}, []string{"amount_invalid amount_gross more than zero"}},
		{"negative", map[string]string{amountGross: "-1"}, []string{"amount_invalid amount_gross more than zero"}},
		{"both", map[string]string{amountNet: "94"}, []string{"amount_invalid amount_gross both"}},
		{"neither", map[string]string{amountGross: ""}, []string{"amount_invalid amount_gross neither"}},
		{"net scale", map[string]string{amountGross: "", amountNet: "1.234"}, []string{"amount_invalid amount_net decimal places"}},
		{"kind", map[string]string{employmentKind: "employee"}, []string{"malformed employment_kind employee"}},
		{"no kind", map[string]string{employmentKind: ""}, []string{"malformed employment_kind empty"}},
		{"dates", map[string]string{periodFrom: "02.03.2026", periodTo: "01.03.2026"}, []string{"malformed period_to before it begins"}},
		{"no such day", map[string]string{periodFrom: "31.02.2026"}, []string{"malformed period_from 31.02.2026"}},
		{"bool", map[string]string{actRequired: "maybe"}, []string{"malformed act_required maybe"}},
		{"act and completed", map[string]string{actRequired: "1", autocomplete: "1"}, []string{"malformed autocomplete act"}},
		{"number alone", map[string]string{documentNumber: "5"}, []string{"malformed document_date without"}},
		{"date alone", map[string]string{documentDate: "01.03.2026"}, []string{"malformed document_number without"}},
		{"no title", map[string]string{title: " "}, []string{"malformed title empty"}},
		{"long title", map[string]string{title: strings.Repeat("я", 256)}, []string{"malformed title 256"}},
		{"control character", map[string]string{title: "a\x07b"}, []string{"malformed title control"}},
		{"all at once", map[string]string{title: "", amountGross: "x", employmentKind: "x", executorINN: "1"}, []string{
			"malformed title empty", "malformed employment_kind not", "inn_invalid executor_inn 12", "amount_invalid amount_gross plain"}},
	} {
		r, refusal := Read(file(head, line(nil), line(tc.set)))
		if refusal != nil || len(r.Lines) != 1 || len(r.Refused) != 1 {
			t.Errorf("%s: %v %+v", tc.name, refusal, r)
			continue
		}
		bad := r.Refused[0]
		if bad.Number != 3 || bad.Raw != line(tc.set) || len(bad.Refusals) != len(tc.want) {
			t.Errorf("%s: %+v", tc.name, bad)
			continue
		}
		for i, want := range tc.want {
			code, rest, _ := strings.Cut(want, " ")
			field, says, _ := strings.Cut(rest, " ")
			if got := bad.Refusals[i]; string(got.Code) != code || got.Field != field || !strings.Contains(got.Reason, says) {
				t.Errorf("%s: %v, want %s", tc.name, got, want)
			}
		}
	}
}

func TestErrorRegisterCanBeMendedAndReadAgain(t *testing.T) {
	t.Parallel()
	bad := line(map[string]string{amountGross: "100.001", description: "\"две\nстроки; и \"\"кавычки\"\"\""})
	r, refusal := Read(file(head, good, bad, "a;b", `Тит"ул;x`, good))
	if refusal != nil || len(r.Lines) != 2 || len(r.Refused) != 3 {
		t.Fatalf("%v %+v", refusal, r)
	}
	written := r.WriteErrors()
	for _, want := range []string{"amount_gross: сумма записана неверно (amount", "\"a;b\"\r\n", ";4;"} {
		if !bytes.Contains(written, []byte(want)) {
			t.Errorf("%q is not in\n%s", want, written)
		}
	}
	again, refusal := Read(written)
	if refusal != nil || len(again.Lines) != 0 || len(again.Refused) != 3 {
		t.Fatalf("%v %+v", refusal, again)
	}
	if again.Refused[0].Refusals[0].Error() != r.Refused[0].Refusals[0].Error() || again.Refused[1].Raw != "a;b" || again.Refused[2].Raw != `Тит"ул;x` {
		t.Errorf("%+v", again.Refused)
	}
	third, refusal := Read(again.WriteErrors())
	if refusal != nil || len(third.Refused) != 3 {
		t.Fatalf("%v %+v", refusal, third)
	}
	mended, refusal := Read(bytes.Replace(written, []byte("100.001"), []byte("100.01"), 1))
	if refusal != nil || len(mended.Lines) != 1 || mended.Lines[0].Description != "две\nстроки; и \"кавычки\"" {
		t.Fatalf("%v %+v", refusal, mended)
	}
	if clean, _ := Read(file(head, good)); clean.WriteErrors() != nil {
		t.Error("a clean register has an error register")
	}
}

// What people write is computed by no spreadsheet that opens the error register, and is
// itself again when that is uploaded.
func TestAnErrorRegisterHasNoFormulas(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"=HYPERLINK(1)", "+7 999", "-1", "@cmd", "'=x", "''", "＝1"} {
		r, refusal := Read(file(head, line(map[string]string{amountGross: "100.001", title: text})))
		if refusal != nil || len(r.Refused) != 1 {
			t.Fatalf("%v %+v", refusal, r)
		}
		written := r.WriteErrors()
		cells, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(string(written), ";", ","))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range cells[1] {
			if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@＝", first) {
				t.Errorf("%q begins as a formula", cell)
			}
		}
		mended, refusal := Read(bytes.Replace(written, []byte("100.001"), []byte("100.01"), 1))
		want := text
		if text == "'=x" || text == "''" { // the first apostrophe was the person's guard
			want = text[1:]
		}
		if refusal != nil || len(mended.Lines) != 1 || mended.Lines[0].Title != want {
			t.Errorf("%q came back as %+v, %v", text, mended, refusal)
		}
	}
}

func TestTemplateIsAGoodRegister(t *testing.T) {
	t.Parallel()
	r, refusal := Read(Template())
	if refusal != nil || len(r.Lines) != 2 || len(r.Refused) != 0 || len(r.Columns) != len(columns) {
		t.Fatalf("%v %+v", refusal, r)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(head, good, line(nil), "a;b"))
	f.Add(page(charmap.Windows1251, file(head, good)))
	f.Add([]byte(strings.ReplaceAll(head, ";", ",") + "\n\"\n"))
	f.Add([]byte(head + "\n \n0")) // spaces are no row
	f.Fuzz(func(t *testing.T, data []byte) {
		r, refusal := Read(data)
		if refusal != nil || len(r.Refused) == 0 {
			return
		}
		again, refusal := Read(r.WriteErrors())
		if refusal != nil {
			t.Fatalf("the error register is refused: %v\n%q", refusal, r.WriteErrors())
		}
		if len(again.Lines) != 0 || len(again.Refused) != len(r.Refused) {
			t.Fatalf("%d rows were refused, read again %d are and %d are not\n%q", len(r.Refused), len(again.Refused), len(again.Lines), r.WriteErrors())
		}
	})
}

// Whatever is wrong in a line costs that line and no other, whichever way the file is read.
func TestABrokenLineCostsItselfAlone(t *testing.T) {
	t.Parallel()
	mixedLine := page(charmap.Windows1251, []byte(line(map[string]string{description: "Сверить книгу со складом и написать отчёт"})))
	for _, tc := range []struct {
		name, bad string
		lines     int // that the bad ones take
		want      string
	}{
		{"a quote that is never closed", `"Вёрстка;d;c;` + inn + `;;1;;selfemployed;;;;;;;`, 1, "file_format: a quote opened"},
		{"a quote that another closes", `"Вёрстка;d` + "\r\n" + `x;"y"z`, 2, "file_format: a quote stands"},
		{"a quote in a field", `Вёр"стка;d`, 1, "file_format: a quote stands"},
		{"three columns", "a;b;c", 1, "file_format: the row has 3 fields, the file has 15"},
		{"a line of a megabyte", strings.Repeat("я", 1<<19), 1, "file_format: the line is longer"},
		{"a megabyte in quotes", `"` + strings.Repeat("я", 1<<19) + `"`, 1, "file_format: the line is longer"},
		{"NUL", line(map[string]string{title: "Вёр\x00стка"}), 1, "file_encoding: title"},
		{"NUL in an INN", line(map[string]string{executorINN: inn[:11] + "\x00"}), 1, "file_encoding: executor_inn"},
		{"a lost letter", line(map[string]string{category: "Разра\ufffdотка"}), 1, "file_encoding: category"},
		{"a line in another encoding", string(mixedLine), 1, "file_encoding: title"},
	} {
		var data []byte
		for range 40 {
			data = append(data, line(nil)+"\n"...)
		}
		for _, end := range []string{"\n", "\r\n", "\r"} {
			text := append(append([]byte(head+end), data...), line(nil)+end+tc.bad+end+line(nil)+"\n"+line(nil)...)
			for way, from := range map[string]io.Reader{"whole": bytes.NewReader(text), "byte by byte": iotest.OneByteReader(bytes.NewReader(text))} {
				s, err := Open(from)
				if err != nil {
					t.Fatalf("%s: %v", tc.name, err)
				}
				var refused []*Row
				good, last := 0, 0
				for {
					row, err := s.Next()
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatalf("%s %s %q: %v", tc.name, way, end, err)
					}
					if len(row.Refusals) > 0 {
						refused = append(refused, row)
					} else {
						good++
					}
					last = row.Number
				}
				if good != 43 || len(refused) != tc.lines || !strings.Contains(refused[0].Refusals[0].Error(), tc.want) || refused[0].Number != 43 || last != 44+tc.lines {
					t.Errorf("%s %s %q: %d good, last in line %d, refused %v", tc.name, way, end, good, last, refused)
				}
				for _, r := range refused {
					if written := s.ErrorRow(r); len(written) > 2*8000+500 || bytes.IndexByte(written, 0) >= 0 || !utf8.Valid(written) {
						t.Errorf("%s: the error register has %.100q", tc.name, written)
					}
				}
			}
		}
	}
}

// failsOnce fails, and goes on as if nothing had been.
type failsOnce struct {
	failed bool
	text   []byte
}

func (f *failsOnce) Read(p []byte) (int, error) {
	if !f.failed {
		f.failed = true
		return 0, io.ErrUnexpectedEOF
	}
	return copy(p, f.text), io.EOF
}

// A reader that fails, as that of a caller who went away, makes no row of what it gave.
func TestAReaderThatFailsEndsTheRegister(t *testing.T) {
	t.Parallel()
	text := file(head, good, good)
	for n := range text {
		s, err := Open(io.MultiReader(bytes.NewReader(text[:n]), &failsOnce{text: text}))
		rows := 0
		for err == nil {
			var row *Row
			if row, err = s.Next(); err == nil {
				if rows++; len(row.Refusals) > 0 || bytes.Count(text[:n], []byte("\r")) < 1+2*rows {
					t.Fatalf("after %d bytes: %+v", n, row)
				}
			}
		}
		if err != io.ErrUnexpectedEOF {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

func ExampleRead() {
	register, refusal := Read([]byte("title,description,category,executor_inn,amount_net,employment_kind\n" +
		"Перевод,Перевести договор,Тексты," + requisite.ExamplePersonINN(7) + ",100.00,selfemployed\n" +
		"Перевод,Перевести письмо,Тексты,770123456713,50.00,selfemployed\n"))
	if refusal != nil {
		panic(refusal)
	}
	for _, l := range register.Lines {
		fmt.Println(l.Number, l.Title, l.Basis, money.RUB.Format(l.Amount))
	}
	for _, bad := range register.Refused {
		fmt.Println(bad.Number, bad.Refusals[0])
	}
	// Output:
	// 2 Перевод net 100.00
	// 3 inn_invalid: executor_inn: the check digits of INN 770123456713 are 13, expected 03
}
