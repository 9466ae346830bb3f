package world

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// charges answers with what a person has to pay.
type charges struct {
	all    []port.TaxDocument
	answer port.Answer
}

func (c *charges) Documents(context.Context, string) ([]port.TaxDocument, port.Answer) {
	return c.all, c.answer
}

func TestTaxDocuments(t *testing.T) {
	t.Parallel()
	inn := requisite.ExamplePersonINN(1)
	charge := func(day string) port.TaxDocument {
		return port.TaxDocument{
			UIN: "18207700230000000017", Payer: "Иванов Иван", INN: inn, DueDay: day, Amount: money.MustParse("6.38"), Purpose: "Налог",
			Payee: port.Requisites{
				Name: "Казначейство", INN: "7727406020", KPP: "770801001", BIC: "017003983", CorrAccount: "40102810445370000059", AccountNumber: "03100643000000018500",
			},
			Budget: port.Budget{PayerStatus: "13", KBK: "18210506000011000110", OKTMO: "45379000", Basis: "0", Period: "0", Number: "0", Date: "0"},
		}
	}
	done := port.Answer{Result: port.Done, Status: "COMPLETED"}
	find := ask("find", &flowv1.TaxDocumentAsk{Book: "main", ExecutorId: "e", FromDay: "2026-12-01", ToDay: "2026-12-28"})
	all := []port.TaxDocument{charge("2026-11-30"), charge("2026-12-28"), charge("2026-12-29")}
	for name, tc := range map[string]struct {
		change func(*people)
		said   charges
		ask    port.Ask
		result port.Result
		code   fault.Code
		found  int
	}{
		"one of three is of the days": {nil, charges{all, done}, find, port.Done, "", 1},
		"none":                        {nil, charges{nil, done}, find, port.Done, "", 0},
		"not allowed":                 {nil, charges{nil, port.Answer{Result: port.Refused, Code: fault.IncomeDenied, Reason: "ИНН " + inn}}, find, port.Refused, fault.IncomeDenied, 0},
		"silence":                     {nil, charges{nil, port.Unclear("timeout")}, find, port.Unknown, "", 0},
		"nobody":                      {func(p *people) { p.inn = "" }, charges{all, done}, find, port.Refused, fault.NotFound, 0},
		"no database":                 {func(p *people) { p.broken = errBroken }, charges{all, done}, find, port.Unknown, "", 0},
		"another verb":                {nil, charges{all, done}, ask("pay", &flowv1.TaxDocumentAsk{}), port.Refused, fault.Malformed, 0},
		"no body":                     {nil, charges{all, done}, port.Ask{Verb: "find", Body: []byte("\xff")}, port.Refused, fault.Malformed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reader := known()
			if tc.change != nil {
				tc.change(reader)
			}
			p := FromTaxDocuments(&tc.said, reader)
			answer := p.Send(t.Context(), tc.ask)
			var said flowv1.TaxDocuments
			if err := proto.Unmarshal([]byte(answer.Body), &said); err != nil {
				t.Fatal(err)
			}
			if answer.Result != tc.result || answer.Code != tc.code || len(said.GetDocuments()) != tc.found || p.Find(t.Context(), tc.ask) != answer {
				t.Fatalf("%+v %v", answer, &said)
			}
			if strings.Contains(answer.Body+answer.Reason, inn) || strings.Contains(answer.Body, "Иванов") {
				t.Error("the answer names the person, and goes into the log")
			}
			if tc.found == 0 {
				return
			}
			bank := &counting{}
			pay := FromPayout(bank, known(), ours, time.UTC).Send(t.Context(), ask("tax", &flowv1.RemittanceAsk{Book: "main", Remittance: "npd-2026-11.e", Amount: "6.38", Document: said.GetDocuments()[0]}))
			if pay.Result != port.Done || len(bank.payments) != 1 {
				t.Fatalf("%+v", pay)
			}
			if sent := bank.payments[0]; sent.Check() != nil || sent.UIN != "18207700230000000017" || sent.Budget.KBK != "18210506000011000110" || sent.Purpose != "Налог (0A1B2C3D4E5F)" {
				t.Errorf("%+v", sent)
			}
		})
	}
}
