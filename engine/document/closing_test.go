package document

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

func month() Closing {
	return Closing{
		Document: &flowv1.ClosingDocument{Month: "2026-11", Number: 3, Day: "2026-12-03"},
		Sheet: &flowv1.ClosingSheet{
			CompanyId: "company-1", Month: "2026-11", ToDay: "2026-11-30",
			Wallet: &flowv1.ClosingSpan{Opening: "0.00", Closing: "65361.50"}, Reserved: &flowv1.ClosingSpan{Opening: "10.00", Closing: "35.00"},
			Deposit: &flowv1.ClosingSpan{Opening: "0.00", In: "300000.00", Out: "0.00", Closing: "300000.00"},
			Lines: []*flowv1.ClosingLine{
				{Line: "topup", Title: "Пополнение кошелька", In: "200000.00", Out: "0.00"},
				{Line: "payout", Title: "Выплачено исполнителям", In: "12.34", Out: "134625.84"},
			},
			Charges: []*flowv1.ClosingCharge{{Charge: "selfemployed", Title: "Операции с плательщиками НПД", Amount: "3503.50"}},
		},
		Customer: example.Customer, Operator: Operator{Name: "ООО «Проводка»", INN: "7709876543", KPP: "770901001"},
		Commission: money.MustParse("3503.50"), VAT: "В том числе НДС 22 %: 631.78 руб.",
	}
}

func TestClosingDocumentsSayTheirFigures(t *testing.T) {
	t.Parallel()
	c := month()
	file := render(t, c.Paper())
	text := textOf(t, file)
	for _, want := range []string{
		"Акт об оказанных услугах и отчёт агента № 3 от 30.11.2026", "За ноябрь 2026 года", "ООО «Проводка», ИНН 7709876543, КПП 770901001",
		"ООО «Ромашка», ИНН 7701234567", "Операции с плательщиками НПД", "3 503,50", "три тысячи пятьсот три рубля 50 копеек", "В том числе НДС 22 %",
		"Кошелёк", "65 361,50", "Отложено на оплату заданий", "65 396,50", "12,34", "134 625,84", "200 012,34", "300 000,00",
	} {
		if !strings.Contains(text, squeezed(want)) {
			t.Errorf("%q is not in the document\n%s", want, text)
		}
	}
	if strings.ContainsRune(text, missing) || strings.Contains(text, squeezed("Исправление")) {
		t.Error(text)
	}
	if dir := os.Getenv("PROVODKA_TEST_PDF"); dir != "" {
		if err := os.WriteFile(dir+"/closing.pdf", file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		if !bytes.Equal(file, render(t, month().Paper())) {
			t.Fatal("the same month gave other bytes")
		}
	}
}

func TestCorrectionsAndPreliminarySheetsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	c := month()
	c.Document.Correction, c.Document.Day = 1, "2027-01-03"
	if text := textOf(t, render(t, c.Paper())); !strings.Contains(text, squeezed("№ 3 от 30.11.2026")) || !strings.Contains(text, squeezed("Исправление № 1 от 03.01.2027")) {
		t.Error(text)
	}
	c = month()
	c.Document, c.Sheet.Charges, c.Sheet.ToDay = nil, nil, "2026-11-23"
	if made := c.Paper().Made; !made.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) { // none is the moment of drawing
		t.Errorf("made at %s", made)
	}
	text := textOf(t, render(t, c.Paper()))
	for _, want := range []string{"Предварительный расчёт за ноябрь 2026 года", "Составлен на 23.11.2026, без номера", "Вознаграждение за месяц не начислялось"} {
		if !strings.Contains(text, squeezed(want)) {
			t.Errorf("%q is not in the document\n%s", want, text)
		}
	}
	if strings.Contains(text, "№3") || strings.Contains(text, "НДС") {
		t.Error(text)
	}
}
