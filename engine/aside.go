package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/stripe"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Aside is a message between shards that could not be applied and waits for a person.
// Its money is neither here nor there: it lies in transit at the shard that sent it.
type Aside struct {
	From, To             int
	Number               uint64
	Kind                 string
	Book, Account, Asset string
	Money                string // "0" when it carried none
}

// Asides lists the messages to a shard that were put aside.
func Asides(ctx context.Context, db *store.DB, shard int) ([]Aside, error) {
	rows, err := db.LoadGathers(ctx, shard)
	if err != nil {
		return nil, fmt.Errorf("load gathering: %w", err)
	}
	var out []Aside
	for _, r := range rows {
		if r.Gather.GetState() != journalv1.GatherState_GATHER_STATE_APPLIED {
			continue
		}
		var l stripe.Link
		if err := json.Unmarshal(r.Gather.GetBody(), &l); err != nil {
			return nil, fmt.Errorf("the link of shard %d with %d: %w", shard, r.Gather.GetPeer(), err)
		}
		for _, e := range l.Aside {
			bookName, account, asset := splitAccount(e.Account)
			out = append(out, Aside{
				From: int(e.From), To: int(e.To), Number: e.Number, Kind: string(e.Kind),
				Book: bookName, Account: account, Asset: asset.Code, Money: e.Money.String(),
			})
		}
	}
	return out, nil
}
