package executor

import (
	"context"
	"strconv"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Year is a person's calendar year as the engine counts it, rubles.
type Year struct {
	Year                   uint32
	Registered, Reserved   string // income against the limit of the self-employed
	Limit, Free            string // empty when no row of the tax tables covers the year
	BonusLeft              string // empty when the tax service never said
	NDFLBase, NDFLWithheld string
	Elsewhere              string                 // income of others against the limit; empty when nobody has said
	ElsewhereAt            *timestamppb.Timestamp // when that was asked for
}

// Year reads a person's year; 0 is this one. Who never had a task has one of zeros.
func (s *Service) Year(ctx context.Context, book, id string, year uint32) (Year, error) {
	if year == 0 {
		this, err := strconv.ParseUint(s.Today()[:4], 10, 32)
		if err != nil {
			return Year{}, err
		}
		year = uint32(this)
	}
	found, _, err := s.Load(ctx, book, taxpayer.Name, id)
	if err != nil {
		return Year{}, err
	}
	d := new(flowv1.TaxpayerData)
	if a, ok := found[id]; ok {
		if err := a.Read(d); err != nil {
			return Year{}, err
		}
	}
	seen := taxpayer.YearOf(d, year)
	out := Year{
		Year: year, Registered: money.RUB.Format(seen.Registered), Reserved: money.RUB.Format(seen.Reserved), BonusLeft: seen.Bonus,
		NDFLBase: money.RUB.Format(seen.Base), NDFLWithheld: money.RUB.Format(seen.Withheld),
		Elsewhere: seen.Elsewhere, ElsewhereAt: gate.Instant(seen.ElsewhereAt),
	}
	if rule, err := tax.Cap(strconv.FormatUint(uint64(year), 10) + "-12-31"); err == nil {
		out.Limit = money.RUB.Format(rule.Limit)
		out.Free = money.RUB.Format(taxpayer.Free(d, year, rule.Limit))
	}
	return out, nil
}
