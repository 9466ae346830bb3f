package books

import (
	"context"

	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// Rubles reads accounts of ours in rubles, in their order.
func (s *Service) Rubles(ctx context.Context, bookName string, accounts ...string) ([]*ledgerv1.Balance, []store.Seen, error) {
	wanted := make([]wantedBalance, len(accounts))
	for i, name := range accounts {
		key, kind, asset, refusal := StripeKey(bookName, name, money.RUB.Code, "")
		if refusal != nil {
			return nil, nil, refusal
		}
		wanted[i] = wantedBalance{name: name, kind: kind, asset: asset, key: key}
	}
	found, seen, err := s.sums(ctx, bookName, wanted, store.At{})
	if err != nil {
		return nil, nil, err
	}
	out := make([]*ledgerv1.Balance, len(wanted))
	for i, w := range wanted {
		out[i] = balance(w, found[w.key], false)
	}
	return out, seen, nil
}
