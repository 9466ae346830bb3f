package server

import (
	"context"
	"fmt"

	"github.com/provodka/provodka/adapters/fns"
	"github.com/provodka/provodka/adapters/tbank"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/world"
)

// ports are what the flows ask of the world, by the names of their tables. A
// process that owns no shards asks nothing.
func (m *Main) ports() (map[string]port.Port, error) {
	if !m.cfg.Engine {
		return nil, nil
	}
	bank, err := tbank.New(tbank.Options{
		BaseURL: m.cfg.Bank.URL, Token: m.cfg.Bank.Token, PerSecond: m.cfg.Bank.PerSecond, Polls: m.cfg.Polls,
	})
	if err != nil {
		return nil, fmt.Errorf("bank: %w", err)
	}
	m.closing = append(m.closing, bank.Close)
	tax, err := fns.New(fns.Options{
		BaseURL: m.cfg.Tax.URL, MasterToken: m.cfg.Tax.MasterToken, UserToken: m.cfg.Tax.UserToken, Polls: m.cfg.Polls,
	})
	if err != nil {
		return nil, fmt.Errorf("tax: %w", err)
	}
	m.closing = append(m.closing, tax.Close)
	people := m.vault.Resolver()
	submit := func(ctx context.Context, r engine.Request) []engine.Outcome { return m.engine.Submit(ctx, r) }
	return map[string]port.Port{
		"payout":   world.FromPayout(bank, people, m.cfg.Own[0].Account),
		"income":   world.FromIncome(tax, people),
		"private":  world.FromPrivate(m.vault),
		"company":  world.FromCompany(submit),
		"taxpayer": world.FromTaxpayer(submit),
	}, nil
}
