package books

import (
	"context"
	"fmt"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// Bounds of what GetBalances shows beside the balances.
const (
	maxLooked = 100 // accounts
	maxHolds  = 100 // holds of an account that are shown
)

// looked answers with the holds that stand and the latest legs, of one snapshot.
func (s *Service) looked(ctx context.Context, req *ledgerv1.GetBalancesRequest, wanted []wantedBalance) (*ledgerv1.GetBalancesResponse, error) {
	if len(req.GetAccounts()) > maxLooked {
		return nil, fault.Refuse(fault.Malformed, "accounts", "%d accounts, at most %d with their holds or legs", len(req.GetAccounts()), maxLooked)
	}
	if req.GetAt().GetDay() != "" || req.GetAt().GetKnownAt() != nil {
		return nil, fault.Refuse(fault.Malformed, "at", "holds and legs are shown as they stand now")
	}
	g := store.Glance{Legs: int(req.GetLatestLegs())}
	if req.GetHolds() {
		g.Holds = maxHolds + 1
	}
	seen, err := s.look(ctx, req.GetBook(), wanted, g)
	if err != nil {
		return nil, err
	}
	answer := &ledgerv1.GetBalancesResponse{Position: gate.SeenPosition(seen.Seen)}
	for _, w := range wanted {
		b := balance(w, seen.sums[w.key], req.GetStripes())
		addHolds(b, seen.Holds[w.key])
		for _, l := range seen.Legs[w.key] {
			b.Latest = append(b.Latest, s.line(l, w.asset))
		}
		answer.Balances = append(answer.Balances, b)
	}
	return answer, nil
}

func addHolds(b *ledgerv1.Balance, holds []store.PlacedHold) {
	b.MoreHolds = len(holds) > maxHolds
	for _, h := range holds[:min(len(holds), maxHolds)] {
		b.Holds = append(b.Holds, hold(h.Shard, h.Hold))
	}
}

// sight is a snapshot with the accounts' sums.
type sight struct {
	store.Sight
	sums map[store.StripeKey]summed
}

// look reads accounts with their transit parts, limits and what a glance asks for.
func (s *Service) look(ctx context.Context, bookName string, wanted []wantedBalance, g store.Glance) (sight, error) {
	keys, of := s.withTransit(bookName, wanted)
	for _, k := range keys {
		if _, transit := of[k]; transit {
			g.Also = append(g.Also, k)
		} else {
			g.Keys = append(g.Keys, k)
		}
	}
	seen, err := s.DB.Look(ctx, g)
	if err != nil {
		return sight{}, fmt.Errorf("look at accounts: %w", err)
	}
	if err := s.limit(ctx, bookName, wanted, seen.Seen); err != nil {
		return sight{}, err
	}
	return sight{seen, summedOf(seen.Balances, of)}, nil
}
