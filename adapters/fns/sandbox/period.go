package sandbox

import (
	"time"

	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
)

type periodRequest struct {
	INN    string `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 Inn"`
	Period string `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 TaxPeriodId"`
}

type periodResponse struct {
	Total    string `xml:"TotalAmount"`
	Canceled string `xml:"CanceledTotalAmount"`
	Tax      string `xml:"Tax"`
}

// moscow is the service's zone: a month begins there.
var moscow = time.FixedZone("MSK", 3*60*60)

// period answers GetIncomeForPeriod: what stands of a month's receipts and what others have
// registered, and what was annulled. The tax is not played.
func (s *Server) period(req periodRequest) smz {
	person, known := s.people.find(req.INN)
	if refused := deny(person, known, "INCOME_SUMMARY"); refused != nil {
		return *refused
	}
	if _, err := time.Parse("200601", req.Period); err != nil {
		return failure("REQUEST_VALIDATION_ERROR", "Ошибка валидации запроса: {FIELD}", arg{"FIELD", "TaxPeriodId"})
	}
	total, canceled := money.Zero, money.Zero
	if others := person.Elsewhere[req.Period]; others != "" {
		sum, err := money.RUB.Parse(others)
		if err != nil {
			return failure("INTERNAL_ERROR", "Внутренняя ошибка")
		}
		total = sum
	}
	for _, p := range s.people.incomes(req.INN) {
		switch sum, err := money.RUB.Parse(p.Amount); {
		case err != nil || month(p) != req.Period:
		case s.people.canceledAt(p.Extra["receipt_id"]) != "":
			canceled = canceled.Add(sum)
		default:
			total = total.Add(sum)
		}
	}
	return smz{"GetIncomeForPeriodResponse", periodResponse{money.RUB.Format(total), money.RUB.Format(canceled), "0.00"}}
}

// month is the tax period of a registered income.
func month(p stage.Payment) string {
	at, err := time.Parse(time.RFC3339Nano, p.Detail["operation_time"])
	if err != nil {
		return ""
	}
	return at.In(moscow).Format("200601")
}
