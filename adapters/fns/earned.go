package fns

import (
	"context"
	"encoding/xml"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/money"
)

// periodRequest is GetIncomeForPeriodRequest.
type periodRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetIncomeForPeriodRequest"`
	INN     string   `xml:"Inn"`
	Period  string   `xml:"TaxPeriodId"` // yyyyMM [H]
}

// periodResponse is GetIncomeForPeriodResponse: what was registered, and what was taken back [H].
type periodResponse struct {
	Total    string `xml:"TotalAmount"`
	Canceled string `xml:"CanceledTotalAmount"`
}

// Earned asks for the income of months, all at once: one after another would take longer than a call
// may. One month that is not told makes the answer its own.
func (a *Adapter) Earned(ctx context.Context, inn string, year, from, to int) ([]money.Amount, port.Answer) {
	sums, answers := make([]money.Amount, max(to-from+1, 0)), make([]port.Answer, max(to-from+1, 0))
	var all errgroup.Group
	for i := range sums {
		all.Go(func() error {
			sums[i], answers[i] = a.month(ctx, inn, fmt.Sprintf("%04d%02d", year, from+i))
			return nil
		})
	}
	_ = all.Wait() // no month fails: it has an answer
	for _, answer := range answers {
		if answer.Result != port.Done {
			return nil, answer
		}
	}
	return sums, port.Answer{Result: port.Done, Status: completed}
}

// month asks for the income of one month.
func (a *Adapter) month(ctx context.Context, inn, period string) (money.Amount, port.Answer) {
	m, wrong := a.client.ask(ctx, periodRequest{INN: inn, Period: period})
	switch {
	case wrong != nil:
		return money.Zero, unknown(wrong)
	case m.Error != nil:
		return money.Zero, understand(earned, m.Error)
	case m.Period == nil:
		return money.Zero, port.Unclear("COMPLETED without GetIncomeForPeriodResponse")
	}
	total, err := money.RUB.Parse(m.Period.Total)
	canceled := money.Zero
	if err == nil && a.canceledInTotal {
		canceled, err = money.RUB.Parse(m.Period.Canceled)
	}
	if total = total.Sub(canceled); err != nil || total.Sign() < 0 || canceled.Sign() < 0 {
		return money.Zero, port.Unclear("GetIncomeForPeriodResponse has a sum that cannot be read")
	}
	return total, port.Answer{Result: port.Done, Status: completed}
}
