package onec

import (
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"golang.org/x/text/encoding/charmap"
)

// exampleText is a statement of one account with a deposit and a fee.
const exampleText = `1CClientBankExchange
ВерсияФормата=1.03
Кодировка=Windows
Отправитель=Банк
ДатаНачала=02.03.2026
ДатаКонца=02.03.2026
РасчСчет=40702810500000000001
СекцияРасчСчет
ДатаНачала=02.03.2026
ДатаКонца=02.03.2026
РасчСчет=40702810500000000001
НачальныйОстаток=1000.00
ВсегоПоступило=500.00
ВсегоСписано=15.5
КонечныйОстаток=1484.50
КонецРасчСчет
СекцияДокумент=Платежное поручение
Номер=17
Дата=01.03.2026
Сумма=500.00
ПлательщикСчет=40702810200000012345
Плательщик=ИНН 7701234560 ООО "Ромашка"
ПлательщикИНН=7701234560
ПолучательСчет=40702810500000000001
ДатаПоступило=02.03.2026
НазначениеПлатежа1=Обеспечительный платеж
НазначениеПлатежа2=по договору 5=6, без НДС
НовыйКлюч=значение
КонецДокумента
СекцияДокумент=Банковский ордер
Номер=17
Дата=02.03.2026
Сумма=15.5
ПлательщикСчет=40702810500000000001
ПолучательСчет=70601810000000000001
НазначениеПлатежа=Комиссия
КонецДокумента
КонецФайла
`

// example is the text as a file of the encoding, lines ended by CR LF.
func example(e Encoding) []byte { return encode(e, exampleText) }

func encode(e Encoding, text string) []byte {
	text = strings.ReplaceAll(strings.Replace(text, "Кодировка=Windows", "Кодировка="+string(e), 1), "\n", "\r\n")
	switch e {
	case Windows:
		return must(charmap.Windows1251.NewEncoder().Bytes([]byte(text)))
	case DOS:
		return must(charmap.CodePage866.NewEncoder().Bytes([]byte(text)))
	}
	return []byte(text)
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestReadInEveryEncoding(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"windows": example(Windows), "dos": example(DOS), "utf-8": example(UTF8), "utf-8 with mark": append([]byte("\xef\xbb\xbf"), example(UTF8)...),
		"utf-8, nothing declared":   []byte(strings.Replace(exampleText, "Кодировка=Windows\n", "", 1)),
		"windows, nothing declared": must(charmap.Windows1251.NewEncoder().Bytes([]byte(strings.Replace(exampleText, "Кодировка=Windows\n", "", 1)))),
		"no line end at the end":    []byte(strings.TrimSpace(string(example(UTF8)))),
		"empty lines":               []byte(strings.ReplaceAll(string(example(UTF8)), "\r\n", "\r\n\r\n")),
	}
	for name, data := range files {
		s, refusal := Read(data)
		if refusal != nil {
			t.Errorf("%s: %v", name, refusal)
			continue
		}
		in, out := s.Movements[0], s.Movements[1]
		d := s.Documents[0]
		switch {
		case len(s.Movements) != 2 || in.Direction != In || out.Direction != Out || in.Account != "40702810500000000001":
			t.Errorf("%s: movements %+v", name, s.Movements)
		case !in.Amount.Equal(money.MustParse("500")) || in.ValueDate.Day() != 2 || out.ValueDate.Day() != 2 || in.Own:
			t.Errorf("%s: %+v", name, in)
		case d.Purpose() != "Обеспечительный платеж по договору 5=6, без НДС":
			t.Errorf("%s: purpose %q", name, d.Purpose())
		case in.Counterparty.INN != "7701234560" || in.Counterparty.Name != `ИНН 7701234560 ООО "Ромашка"`:
			t.Errorf("%s: counterparty %+v", name, in.Counterparty)
		case len(d.Extra) != 1 || d.Extra[0] != Field{"НовыйКлюч", "значение"}:
			t.Errorf("%s: the unknown key is lost: %v", name, d.Extra)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	edit := func(pairs ...string) []byte {
		return encode(Windows, strings.NewReplacer(pairs...).Replace(exampleText))
	}
	for _, tc := range []struct {
		name string
		data []byte
		code fault.Code
		says string
	}{
		{"utf-8 that declares windows", []byte(exampleText), fault.FileEncoding, "declares Windows but its bytes are UTF-8"},
		{"utf-8 with mark that declares windows", append([]byte("\xef\xbb\xbf"), exampleText...), fault.FileEncoding, "bytes are UTF-8"},
		{"dos that declares windows", must(charmap.CodePage866.NewEncoder().Bytes([]byte(exampleText))), fault.FileEncoding, "bytes are cp866"},
		{"windows that declares dos", must(charmap.Windows1251.NewEncoder().Bytes([]byte(strings.Replace(exampleText, "=Windows", "=DOS", 1)))), fault.FileEncoding, "bytes are windows-1251"},
		{"koi8-r", must(charmap.KOI8R.NewEncoder().Bytes([]byte(exampleText))), fault.FileEncoding, "not found"},
		{"unknown declaration", edit("=Windows", "=KOI8-R"), fault.FileEncoding, "KOI8-R"},
		{"utf-16", []byte("\xff\xfe1\x00C\x00"), fault.FileEncoding, "UTF-16"},
		{"a utf-8 value inside", []byte(strings.Replace(string(example(Windows)), string(encode(Windows, "Отправитель=Банк")), string(encode(Windows, "Отправитель="))+"Банк", 1)), fault.FileEncoding, "line 4"},
		{"a byte of no letter", []byte(strings.Replace(string(example(Windows)), "17", "\x98", 1)), fault.FileEncoding, "line 18"},
		{"another file", []byte("PK\x03\x04"), fault.FileFormat, "line 1"},
		{"nothing", nil, fault.FileFormat, "line 1"},
		{"first line only", []byte("1CClientBankExchange\r\n"), fault.FileTruncated, ""},
		{"no end mark", edit("КонецФайла\n", ""), fault.FileTruncated, "КонецФайла"},
		{"open document", edit("КонецДокумента\nКонецФайла\n", ""), fault.FileTruncated, "document"},
		{"closing is wrong", edit("=1484.50", "=1484.51"), fault.FileTotals, "1484.50, but closing is 1484.51"},
		{"documents do not add up", edit("Сумма=500.00", "Сумма=499.99"), fault.FileTotals, "bring in 499.99"},
		{"a document is missing", edit("Сумма=15.5", "Сумма=0.5"), fault.FileTotals, "take out 0.50"},
		{"three decimals", edit("Сумма=500.00", "Сумма=500.001"), fault.FileFormat, "line 20"},
		{"a comma", edit("Сумма=500.00", "Сумма=500,00"), fault.FileFormat, "line 20"},
		{"negative", edit("Сумма=15.5", "Сумма=-15.5"), fault.FileFormat, "negative"},
		{"a date of no day", edit("Дата=01.03.2026", "Дата=31.02.2026"), fault.FileFormat, "line 19"},
		{"an empty date of a program", edit("Дата=01.03.2026", "Дата=01.01.0001"), fault.FileFormat, "line 19: Дата: 0001-01-01 is no day of a bank"},
		{"before any bank", edit("Дата=01.03.2026", "Дата=31.12.1899"), fault.FileFormat, "line 19: Дата: 1899-12-31 is no day of a bank"},
		{"behind all time", edit("Дата=01.03.2026", "Дата=01.01.2293"), fault.FileFormat, "line 19: Дата: 2293-01-01 is no day of a bank"},
		{"come in the year one", edit("ДатаПоступило=", "ДатаПоступило=02.01.0001\nx="), fault.FileFormat, "ДатаПоступило: 0001-01-02 is no day of a bank"},
		{"iso date", edit("Дата=01.03.2026", "Дата=2026-03-01"), fault.FileFormat, "dd.mm.yyyy"},
		{"no number", edit("Номер=17\n", ""), fault.FileFormat, "no Номер"},
		{"a key twice", edit("Номер=17\n", "Номер=17\nНомер=18\n"), fault.FileFormat, "line 18 already"},
		{"a line without a key", edit("Отправитель=Банк", "Отправитель"), fault.FileFormat, "line 4"},
		{"text after the end", edit("КонецФайла\n", "КонецФайла\nещё\n"), fault.FileFormat, "after КонецФайла"},
		{"nested", edit("КонецРасчСчет\n", ""), fault.FileFormat, "inside the account section"},
		{"key between sections", edit("КонецРасчСчет\n", "КонецРасчСчет\nКлюч=1\n"), fault.FileFormat, "between sections"},
		{"foreign document", edit("ПолучательСчет=40702810500000000001", "ПолучательСчет=40702810500000000002"), fault.FileFormat, "none of the accounts"},
		{"version", edit("=1.03", "=2.01"), fault.FileFormat, "2.01"},
		{"filtered by kind", edit("Сумма=500.00", "Сумма=499.99", "Отправитель=Банк", "Документ=Платежное поручение"), fault.FileTotals, "limited to some kinds"},
	} {
		s, refusal := Read(tc.data)
		if refusal == nil {
			t.Errorf("%s: read: %+v", tc.name, s)
			continue
		}
		if refusal.Code != tc.code || !strings.Contains(refusal.Error(), tc.says) {
			t.Errorf("%s: %v, want %s with %q", tc.name, refusal, tc.code, tc.says)
		}
	}
}

// ownTransfer is a statement of two accounts with one transfer of 100.00 between
// them, written the given number of times.
func ownTransfer(copies int, in, out string) string {
	document := `СекцияДокумент=Платежное поручение
Номер=5
Дата=02.03.2026
Сумма=100.00
ПлательщикСчет=40702810500000000001
ДатаСписано=02.03.2026
ПолучательСчет=40702810500000000002
ДатаПоступило=03.03.2026
НазначениеПлатежа=Перевод собственных средств
КонецДокумента
`
	section := func(account, in, out string) string {
		return "СекцияРасчСчет\nРасчСчет=" + account + "\nВсегоПоступило=" + in + "\nВсегоСписано=" + out + "\nКонецРасчСчет\n"
	}
	totals := section("40702810500000000001", "0.00", out) + section("40702810500000000002", in, "0")
	if in == "" {
		totals = "СекцияРасчСчет\nРасчСчет=40702810500000000001\nКонецРасчСчет\nСекцияРасчСчет\nРасчСчет=40702810500000000002\nКонецРасчСчет\n"
	}
	return "1CClientBankExchange\nВерсияФормата=1.03\n" + totals + strings.Repeat(document, copies) + "КонецФайла\n"
}

func TestOwnTransferIsBookedOncePerAccount(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		copies    int
		in, out   string
		movements int
		notes     int
	}{
		{"one document", 1, "100.00", "100.00", 2, 0},
		{"two copies of one transfer", 2, "100.00", "100.00", 2, 0},
		{"two transfers alike", 2, "200.00", "200.00", 4, 0},
		{"two transfers, two copies each", 4, "200.00", "200.00", 4, 0},
		{"two copies, no totals", 2, "", "", 2, 3},
	} {
		s, refusal := Read([]byte(ownTransfer(tc.copies, tc.in, tc.out)))
		if refusal != nil {
			t.Errorf("%s: %v", tc.name, refusal)
			continue
		}
		if len(s.Movements) != tc.movements || len(s.Notes) != tc.notes {
			t.Errorf("%s: %d movements, notes %q", tc.name, len(s.Movements), s.Notes)
			continue
		}
		out, in := s.Movements[0], s.Movements[1]
		if out.Direction != Out || in.Direction != In || !in.Own || !out.Own || out.ValueDate.Day() != 2 || in.ValueDate.Day() != 3 || in.Key == out.Key {
			t.Errorf("%s: %+v %+v", tc.name, out, in)
		}
	}
	if s, refusal := Read([]byte(ownTransfer(2, "150.00", "150.00"))); refusal == nil || refusal.Code != fault.FileTotals {
		t.Errorf("neither reading fits the totals, but: %v %v", s, refusal)
	}
}

func TestSectionsOfOneAccountMustFollow(t *testing.T) {
	t.Parallel()
	file := func(second string) []byte {
		return []byte(`1CClientBankExchange
ВерсияФормата=1.03
СекцияРасчСчет
ДатаНачала=02.03.2026
ДатаКонца=02.03.2026
РасчСчет=40702810500000000001
НачальныйОстаток=10.00
ВсегоПоступило=0
ВсегоСписано=0
КонечныйОстаток=10.00
КонецРасчСчет
СекцияРасчСчет
` + second + `РасчСчет=40702810500000000001
ВсегоПоступило=0
ВсегоСписано=0
КонецРасчСчет
КонецФайла
`)
	}
	if _, refusal := Read(file("ДатаНачала=03.03.2026\nНачальныйОстаток=10.00\n")); refusal != nil {
		t.Error(refusal)
	}
	if _, refusal := Read(file("ДатаНачала=03.03.2026\nНачальныйОстаток=11.00\n")); refusal == nil || refusal.Code != fault.FileTotals {
		t.Error("a gap of money passed:", refusal)
	}
	if _, refusal := Read(file("ДатаНачала=02.03.2026\nНачальныйОстаток=10.00\n")); refusal == nil || refusal.Code != fault.FileFormat {
		t.Error("days that overlap passed:", refusal)
	}
}

func TestKeysStayTheSameInAnotherFile(t *testing.T) {
	t.Parallel()
	first, refusal := Read(example(Windows))
	if refusal != nil {
		t.Fatal(refusal)
	}
	other := strings.Replace(exampleText, "Отправитель=Банк", "Отправитель=Другая программа", 1)
	second, refusal := Read(encode(DOS, strings.Replace(other, "НазначениеПлатежа1=Обеспечительный платеж\nНазначениеПлатежа2=по", "НазначениеПлатежа=Обеспечительный платеж  по", 1)))
	if refusal != nil {
		t.Fatal(refusal)
	}
	for i := range first.Movements {
		if first.Movements[i].Key != second.Movements[i].Key {
			t.Errorf("movement %d has the keys %s and %s", i, first.Movements[i].Key, second.Movements[i].Key)
		}
	}
}
