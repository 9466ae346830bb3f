package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/provodka/provodka/api/books"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
)

// duty is the NPD of the last month that the person pays by himself; nil when there is none,
// or when he lets us pay it.
func (s *Service) duty(ctx context.Context, book string, who *executorv1.GetMyProfileResponse) (*executorv1.NpdDuty, error) {
	standing := who.GetSelfemployed()
	if who.GetExecutor().GetEmploymentKind() != "selfemployed" || standing.GetState() == npd.Bound && slices.Contains(standing.GetPermissions(), npd.TaxPayment) {
		return nil, nil
	}
	today, err := time.Parse(time.DateOnly, s.Today())
	if err != nil {
		return nil, err
	}
	before := today.AddDate(0, 0, -today.Day()) // the last day of the last month
	month := before.Format("2006-01")
	periods, refusal := remittance.PeriodsOf(remittance.NPD, month)
	if refusal != nil {
		return nil, nil // no rule covers the month: nothing is said of it
	}
	p := periods[0]
	sum, err := s.held(ctx, book, who.GetExecutor().GetExecutorId(), before)
	if err != nil || sum.Sign() <= 0 {
		return nil, err
	}
	return &executorv1.NpdDuty{
		Month: month, Amount: money.RUB.Format(sum), PayBy: p.Due, CalendarKnown: p.Calendar, Rule: p.Rule, Source: p.Source,
	}, nil
}

// held is what was held of a person for NPD in the month that ends on a day.
func (s *Service) held(ctx context.Context, book, id string, last time.Time) (money.Amount, error) {
	none := money.New(0, money.RUB.Scale)
	key, _, _, refusal := books.StripeKey(book, remittance.NPD.Type()+":"+id, "", "")
	if refusal != nil {
		return none, refusal
	}
	sum := none
	for i, day := range []time.Time{last, last.AddDate(0, 0, -last.Day())} {
		rows, _, err := s.DB.Balances(ctx, []store.StripeKey{key}, store.At{Day: day.Format(time.DateOnly)})
		if err != nil {
			return none, fmt.Errorf("read what is held for NPD: %w", err)
		}
		for _, b := range rows {
			credit := b.Credit.Sub(b.Debit)
			if i == 1 {
				credit = none.Sub(credit)
			}
			sum = sum.Add(credit)
		}
	}
	return sum, nil
}
