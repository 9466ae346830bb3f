package statement

import (
	"context"
	"fmt"

	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// recall keeps again what the books know of an account's lines that the bank has changed. What the
// bank has told stands beside the log, so a rebuilt or restored database has lost it: a line that
// never changed is known by its requisites, one that did would be taken for another and booked
// twice. It looks once a process, when nothing of the account was read yet, or when a line
// stands in the books of which nothing is kept (lost).
func (s *Service) recall(ctx context.Context, book, account string, lost bool) error {
	if _, done := s.recalled.Load(account); done {
		return nil
	}
	if !lost {
		if read, err := s.DB.BankRead(ctx, book, account); err != nil || read != "" {
			return err
		}
	}
	f, ok := s.Flows.Lookup(incoming.Name)
	if !ok {
		return fmt.Errorf("there is no flow %s", incoming.Name)
	}
	page := store.AggregatePage{Book: book, Flow: incoming.Name, States: f.Machine.States(), Limit: movementsAtOnce}
	for {
		rows, _, next, err := s.List(ctx, page, nil)
		if err != nil {
			return err
		}
		var lines []store.BankLine
		for _, a := range rows {
			d := new(flowv1.IncomingData)
			if err := a.Read(d); err != nil {
				return err
			}
			if d.GetAccount() == account && d.GetChanges() > 0 {
				lines = append(lines, store.BankLine{
					Line: a.ID, Operation: unnamed(a.ID), Day: d.GetDay(), Debit: d.GetDebit(), Amount: money.RUB.Format(incoming.Told(d)),
					Content: d.GetContent(), Made: a.ID,
				})
			}
		}
		if err := s.DB.RecallBank(ctx, book, account, lines); err != nil {
			return err
		}
		if next == nil {
			s.recalled.Store(account, true)
			return nil
		}
		page.Before = next.Before()
	}
}

// unnamed stands for the bank's name of a line that is not known any more.
func unnamed(line string) string { return "line:" + line }
