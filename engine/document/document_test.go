package document

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

var example = Sources{
	TaskID: "task-0123456789abcdef0123",
	Task: &flowv1.TaskData{
		Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED, PeriodFrom: "2026-03-02", PeriodTo: "2026-04-01",
		Sum: &flowv1.TaskSum{Gross: "106382.97", Payout: "100000.00", Tax: "6382.97"},
	},
	Text:     &privatev1.TaskText{Title: "Съёмка склада", Description: "Снять 120 кадров.\nОбработать.", Category: "Фото"},
	Customer: &privatev1.CompanyProfile{Name: "ООО «Ромашка»", Inn: "7701234567", Kpp: "770101001", Address: "Москва, ул. Ленина, 1"},
	Executor: &privatev1.ExecutorProfile{LastName: "Щукин", FirstName: "Артём", SecondName: "Юрьевич", Inn: "771234567890", Phone: "+79161234567"},
	Agreed:   time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
	Drawn:    time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC),
}

func render(t testing.TB, p Paper) []byte {
	t.Helper()
	file, refusal := Render(p)
	if refusal != nil {
		t.Fatal(refusal)
	}
	return file
}

func TestTypicalDocumentsSayTheirValues(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		values := example.Values()
		file := render(t, Typical(kind).Fill(values))
		text := textOf(t, file)
		for _, name := range []string{number, executorName, customerName, amount, amountWords, periodFrom, periodTo, title} {
			if values[name] == "" || !strings.Contains(text, squeezed(values[name])) {
				t.Errorf("%s: %s %q is not in the document\n%s", kind, name, values[name], text)
			}
		}
		if strings.Contains(text, "{{") || strings.ContainsRune(text, missing) || !strings.Contains(text, "стр.1из") {
			t.Errorf("%s: %s", kind, text)
		}
		if dir := os.Getenv("PROVODKA_TEST_PDF"); dir != "" {
			if err := os.WriteFile(dir+"/"+string(kind)+".pdf", file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestValuesAreNeverRead(t *testing.T) {
	t.Parallel()
	evil := "{{executor_inn}} **x** | a | b |\n# Title\n|---|---|\n) Tj ET (\\ % <</Type /Page>> endstream"
	values := example.Values()
	values[title], values[executorINN] = evil, "771234567890"
	p := Typical(Agreement).Fill(values)
	honest := Typical(Agreement).Fill(example.Values())
	if len(p.Blocks) != len(honest.Blocks) {
		t.Errorf("a value made %d blocks of %d", len(p.Blocks), len(honest.Blocks))
	}
	text := textOf(t, render(t, p))
	if !strings.Contains(text, squeezed(evil)) {
		t.Errorf("the value does not stand as it is\n%s", text)
	}
	if n := strings.Count(text, "771234567890"); n != strings.Count(textOf(t, render(t, honest)), "771234567890") {
		t.Errorf("a name in a value was filled: %d", n)
	}
}

func TestTheSameBytesEachTime(t *testing.T) {
	t.Parallel()
	values := example.Values()
	values[description] = "A А a а E Е e е O О o о P Р p р C С c с X Х x х № — « » □ € 0123456789 ёЁйЙ" // letters that look alike share pictures
	p := Typical(Agreement).Fill(values)
	p.Made = time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("MSK", 3*3600))
	first := render(t, p)
	for range 30 {
		if again := render(t, p); !bytes.Equal(first, again) {
			t.Fatal("the same paper gave other bytes")
		}
	}
	p.Made = p.Made.Add(time.Second)
	if bytes.Equal(first, render(t, p)) {
		t.Error("the moment is not in the file")
	}
	if len(first) > 200_000 {
		t.Errorf("%d bytes: the font is embedded whole", len(first))
	}
}

func TestTemplatesAreChecked(t *testing.T) {
	t.Parallel()
	whole := ""
	for _, ph := range Placeholders(Act) {
		whole += "{{" + ph.Name + "}}\n"
	}
	if _, refusal := Parse(Act, whole); refusal != nil {
		t.Fatal(refusal)
	}
	for _, tc := range []struct{ name, text, placeholder, reason string }{
		{"unknown", whole + "{{ executor_inm }}", "executor_inm", "line 29: {{executor_inm}}"},
		{"missing", strings.Replace(whole, "{{amount}}", "", 1), "amount", "{{amount}} (цена) does not stand"},
		{"open", whole + "{{title", "", "is not closed"},
		{"closed", whole + "title}}", "", "}} closes nothing"},
		{"columns", whole + "|a|b|\n|c|\n", "", "has 2 columns, the row 1"},
		{"many columns", whole + strings.Repeat("|a", 13), "", "at most 12 columns"},
		{"late widths", whole + "|a|b|\n|--|--|\n", "", "stand above a table"},
		{"not UTF-8", whole + "\xff", "", "not UTF-8"},
		{"long", whole + strings.Repeat("а", MaxTemplateBytes), "", "at most 131072"},
	} {
		_, refusal := Parse(Act, tc.text)
		if refusal == nil || refusal.Code != fault.TemplateInvalid || !strings.Contains(refusal.Reason, tc.reason) ||
			refusal.Facts[FactPlaceholder] != tc.placeholder {
			t.Errorf("%s: %+v", tc.name, refusal)
		}
	}
	if _, refusal := Parse("poem", whole); refusal == nil || refusal.Field != "kind" {
		t.Errorf("%v", refusal)
	}
}

func TestTheTableAndTheProgramAreComparedBothWays(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		"| tax | agreement, act |":            "| tex | agreement, act |",
		"| title | agreement, act | agre":     "| title | agreement, akt | agre",
		"| act_date | act | act |":            "| act_date | act | agreement |",
		"| payout | agreement, act | — | к в": "| amount | agreement, act | — | к в",
	} {
		if !strings.Contains(tableText, from) {
			t.Fatalf("%q is not in the table", from)
		}
		if _, err := parseTable(strings.Replace(tableText, from, to, 1)); err == nil {
			t.Errorf("%q passed", to)
		}
	}
}

func TestSumsInWords(t *testing.T) {
	t.Parallel()
	for amount, want := range map[string]string{
		"0.00": "ноль рублей 00 копеек", "1.01": "один рубль 01 копейка", "2.02": "два рубля 02 копейки", "5.11": "пять рублей 11 копеек",
		"11.21": "одиннадцать рублей 21 копейка", "21.00": "двадцать один рубль 00 копеек", "112.50": "сто двенадцать рублей 50 копеек",
		"1000.00": "одна тысяча рублей 00 копеек", "2001.00": "две тысячи один рубль 00 копеек",
		"12021.34":         "двенадцать тысяч двадцать один рубль 34 копейки",
		"1000000000.00":    "один миллиард рублей 00 копеек",
		"2362101.99":       "два миллиона триста шестьдесят две тысячи сто один рубль 99 копеек",
		"1000000000000000": "1 000 000 000 000 000,00 руб.",
	} {
		if got := strings.ReplaceAll(inWords(money.MustParse(amount)), "\u00a0", " "); got != want {
			t.Errorf("%s is %q, want %q", amount, got, want)
		}
	}
	if got := rubles(money.MustParse("-1234567.5")); got != "-1\u00a0234\u00a0567,50" {
		t.Error(got)
	}
}

func BenchmarkRender(b *testing.B) {
	p := Typical(Agreement).Fill(example.Values())
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := Render(p); refusal != nil {
			b.Fatal(refusal)
		}
	}
}
