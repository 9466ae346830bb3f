package tax

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/provodka/provodka/api/books"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

const (
	collectKind   = "remit"      // of the entries that collect
	remittedPart  = "remitted"   // of a person's account: what was passed on
	linkPeriod    = "remittance" // links of such an entry
	linkExecutor  = "executor"
	taxAccounts   = 2000 // accounts of one read and of one set of entries
	namedRefusals = 100  // persons of an answer that could not be collected from
	collectRounds = 5    // of one set
	orderRounds   = 5
)

// nextDay is the day after a business day.
func nextDay(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic("api: " + err.Error()) // the period's own
	}
	return at.AddDate(0, 0, 1).Format(time.DateOnly)
}

// taxAccount is one person's account of a tax with its sums: credits less debits at two
// moments, and what was passed on in all.
type taxAccount struct {
	owner           string
	opening, atEnd  money.Amount // before a day, and now or at another
	remitted        money.Amount // now or at that other moment
	account, passed string       // names of the account and of its part
}

// due is what is still due of the person when opening is the end of a period.
func (t taxAccount) due() money.Amount { return remittance.Due(t.opening, t.atEnd, t.remitted) }

// eachTaxAccount reads the persons' accounts of a period's tax in sets: opening is what stood
// before the day after, atEnd what stood on the last day to ("" is now).
func (s *Service) eachTaxAccount(ctx context.Context, bookName string, p remittance.Period, to, after string, yield func(context.Context, taxAccount) error) error {
	seen, err := s.Seen(ctx)
	if err != nil {
		return err
	}
	page := store.TurnoverPage{Book: bookName, Type: p.Kind.Type(), From: after, To: to, Limit: taxAccounts}
	if to != "" {
		page.Upto = seen
	}
	none := money.New(0, money.RUB.Scale)
	var t taxAccount
	for {
		rows, next, err := s.DB.Turnovers(ctx, page)
		if err != nil {
			return fmt.Errorf("read the accounts of %s: %w", page.Type, err)
		}
		for _, r := range rows {
			if r.Asset != money.RUB.Code || r.Name.Part != "" && r.Name.Part != remittedPart {
				continue
			}
			if r.Name.Owner != t.owner && t.owner != "" {
				if err := yield(ctx, t); err != nil {
					return err
				}
			}
			if r.Name.Owner != t.owner {
				account := page.Type + ":" + r.Name.Owner
				t = taxAccount{owner: r.Name.Owner, opening: none, atEnd: none, remitted: none, account: account, passed: account + ":" + remittedPart}
			}
			if r.Name.Part == remittedPart {
				t.remitted = r.Closing.Debit.Sub(r.Closing.Credit)
			} else {
				t.opening, t.atEnd = r.Opening.Credit.Sub(r.Opening.Debit), r.Closing.Credit.Sub(r.Closing.Debit)
			}
		}
		if next == nil {
			break
		}
		page.After = next
	}
	if t.owner == "" {
		return nil
	}
	return yield(ctx, t)
}

// due counts the persons of whom something is due of a period beyond what is planned of them
// already, sums it, and adds it to the plan.
func (s *Service) due(ctx context.Context, bookName string, p remittance.Period, planned map[string]money.Amount) (persons int64, sum money.Amount, err error) {
	sum = money.New(0, money.RUB.Scale)
	err = s.eachTaxAccount(ctx, bookName, p, "", nextDay(p.To), func(_ context.Context, t taxAccount) error {
		t.remitted = t.remitted.Add(planned[t.owner])
		if due := t.due(); due.Sign() > 0 {
			planned[t.owner] = planned[t.owner].Add(due)
			persons++
			sum = sum.Add(due)
		}
		return nil
	})
	return persons, sum, err
}

// collecting is a run of Remit.
type collecting struct {
	*Service
	run    *gate.Run // nil of a dry run
	over   bool      // its order is made
	book   string
	period remittance.Period
	set    []taxAccount // of whom something is due, to be posted together

	persons        int64
	sum            money.Amount
	refused        []*taxv1.CollectRefusal
	refusedPersons int64
	position       gate.Position
}

// add takes a person into the set.
func (c *collecting) add(ctx context.Context, t taxAccount) error {
	if t.due().Sign() <= 0 {
		return nil
	}
	if c.set = append(c.set, t); len(c.set) < taxAccounts {
		return nil
	}
	return c.flush(ctx)
}

// flush posts the set. The key of an entry says how much had been passed on before it, so of
// two runs at once one wins, and a run after a crash asks for the same. A key that was spent
// on something that did not pass anything on (a refusal, an entry that was reversed) is left
// behind for the next one, once the account has been read again and nothing has moved there.
func (c *collecting) flush(ctx context.Context) error {
	for round := 1; len(c.set) > 0; round++ {
		ops := make([]engine.Operation, len(c.set))
		for i, t := range c.set {
			ops[i] = c.operation(t, round)
		}
		var spent []taxAccount
		for i, o := range c.Submit(ctx, c.book, ops, false) {
			t := c.set[i]
			if o.Record != nil {
				c.position.See(int(o.Record.GetShard()), o.Record.GetSeq())
			}
			switch {
			case o.Refusal == nil && !o.Replayed:
				c.persons++
				c.sum = c.sum.Add(t.due())
			case o.Refusal == nil, o.Replayed, o.Refusal.Code == fault.KeyReused:
				spent = append(spent, t)
			case o.Refusal.Code.Lookup().Kind == fault.Busy:
				return o.Refusal // nobody knows yet: the caller asks again
			default:
				c.refuse(t, o.Refusal)
			}
		}
		var err error
		if c.set, err = c.unmoved(ctx, spent); err != nil {
			return err
		}
		if round == collectRounds && len(c.set) > 0 {
			return fault.Refuse(fault.Unavailable, "", "others change the same accounts; ask again")
		}
	}
	return nil
}

func (c *collecting) refuse(t taxAccount, r *fault.Refusal) {
	if c.refusedPersons++; len(c.refused) < namedRefusals {
		c.refused = append(c.refused, &taxv1.CollectRefusal{Account: t.account, Refusal: gate.RefusalMessage(r)})
	}
}

// operation moves a person's tax into the pool of the period.
func (c *collecting) operation(t taxAccount, round int) engine.Operation {
	key := collectKind + "-" + t.account + "-" + money.RUB.Format(t.remitted)
	if round > 1 {
		key += "-" + strconv.Itoa(round)
	}
	sum := money.RUB.Format(t.due())
	return engine.Operation{Operation: &commandv1.Operation{Key: key, What: &commandv1.Operation_Post{Post: &commandv1.Post{
		Kind: collectKind,
		Legs: []*commandv1.Leg{
			{Account: t.passed, Asset: money.RUB.Code, Debit: true, Amount: sum, Open: true},
			{Account: c.period.Pool(), Asset: money.RUB.Code, Amount: sum, Open: true},
		},
		Links: map[string]string{linkPeriod: c.period.ID, linkExecutor: t.owner},
	}}}}
}

// unmoved keeps those of whom still as much was passed on as before.
func (c *collecting) unmoved(ctx context.Context, spent []taxAccount) ([]taxAccount, error) {
	if len(spent) == 0 {
		return nil, nil
	}
	keys := make([]store.StripeKey, len(spent))
	for i, t := range spent {
		var refusal *fault.Refusal
		if keys[i], _, _, refusal = books.StripeKey(c.book, t.passed, "", ""); refusal != nil {
			return nil, refusal
		}
	}
	rows, _, err := c.DB.Balances(ctx, keys, store.At{})
	if err != nil {
		return nil, fmt.Errorf("read what was remitted: %w", err)
	}
	now := map[store.StripeKey]money.Amount{}
	for _, b := range rows {
		now[b.Key] = b.Debit.Sub(b.Credit)
	}
	var left []taxAccount
	for i, t := range spent {
		if sum, moved := now[keys[i]]; !moved && t.remitted.IsZero() || moved && sum.Equal(t.remitted) {
			left = append(left, t)
		}
	}
	return left, nil
}
