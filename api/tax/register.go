package tax

import (
	"context"
	"fmt"
	"slices"

	"connectrpc.com/connect"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// collected is what was passed on of a person, and by which entries.
type collected struct {
	sum     money.Amount
	entries []string
}

// StreamWithheld implements TaxService.
func (s *Service) StreamWithheld(ctx context.Context, req *taxv1.StreamWithheldRequest, to *connect.ServerStream[taxv1.StreamWithheldResponse]) error {
	p, refusal := remittance.ParsePeriod("period", req.GetPeriod())
	if refusal != nil {
		return refusal
	}
	if err := s.WaitForSearch(ctx, req.GetMinPosition(), 0); err != nil {
		return err
	}
	orders, err := s.orders(ctx, req.GetBook(), p)
	if err != nil {
		return err
	}
	answer := &taxv1.StreamWithheldResponse{}
	if answer.Remittances, err = s.remittances(orders); err != nil {
		return err
	}
	if err := to.Send(answer); err != nil {
		return err
	}
	passed, err := s.collectedOf(ctx, store.Mark{Book: req.GetBook(), Sort: store.MarkLink, Name: linkPeriod, Value: p.ID}, linkExecutor)
	if err != nil {
		return err
	}
	// What was withheld in the period, of those of whom anything was.
	withheld := map[string]money.Amount{}
	err = s.eachTaxAccount(ctx, req.GetBook(), p, p.To, p.From, func(_ context.Context, t taxAccount) error {
		if sum := t.atEnd.Sub(t.opening); !sum.IsZero() {
			withheld[t.owner] = sum
		}
		return nil
	})
	if err != nil {
		return err
	}
	part := &taxv1.StreamWithheldResponse{}
	err = s.eachTaxAccount(ctx, req.GetBook(), p, "", nextDay(p.To), func(_ context.Context, t taxAccount) error {
		line := &taxv1.WithheldLine{
			ExecutorId: t.owner, Withheld: money.RUB.Format(withheld[t.owner]), Remitted: money.RUB.Format(passed[t.owner].sum), Due: money.RUB.Format(t.due()),
			Held: money.RUB.Format(t.atEnd.Sub(t.remitted)), EntryIds: passed[t.owner].entries,
		}
		if withheld[t.owner].IsZero() && len(line.EntryIds) == 0 && t.due().IsZero() {
			return nil
		}
		if part.Lines = append(part.Lines, line); len(part.Lines) < maxPage {
			return nil
		}
		err := to.Send(part)
		part = &taxv1.StreamWithheldResponse{}
		return err
	})
	if err != nil || len(part.Lines) == 0 {
		return err
	}
	return to.Send(part)
}

// maxPage is how many records or lines are read and sent together.
const maxPage = 1000

// collectedOf sums the entries that bear a mark by another of their links.
func (s *Service) collectedOf(ctx context.Context, mark store.Mark, by string) (map[string]collected, error) {
	all := map[string]collected{}
	page := store.MarkPage{Limit: maxPage}
	for {
		rows, _, err := s.DB.Marked(ctx, mark, page)
		if err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		ids := make([]store.RecordID, len(rows))
		for i, r := range rows {
			ids[i] = store.RecordID{Shard: r.Shard, Seq: r.Seq}
		}
		records, err := s.DB.Records(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("read records: %w", err)
		}
		for _, id := range ids {
			rec, err := gate.DecodeRecord(id, records[id])
			if err != nil {
				return nil, err
			}
			if name, sum := rec.GetEntry().GetLinks()[by], passedOn(rec); name != "" && !sum.IsZero() {
				c := all[name]
				c.sum, c.entries = c.sum.Add(sum), append(c.entries, gate.RecordID(id.Shard, id.Seq))
				all[name] = c
			}
		}
		if len(rows) < page.Limit {
			return all, nil
		}
		page.After = &rows[len(rows)-1]
	}
}

// passedOn is what an entry put into a pool, or took out of it when it gives such an entry back.
func passedOn(rec *journalv1.Record) money.Amount {
	sum := money.New(0, money.RUB.Scale)
	for _, l := range rec.GetLegs() {
		if !poolAccount(l.GetAccount()) || l.GetAsset() != money.RUB.Code {
			continue
		}
		switch l.GetKind() {
		case journalv1.LegKind_LEG_KIND_CREDIT:
			sum = sum.Add(money.MustParse(l.GetAmount())) // the journal's own
		case journalv1.LegKind_LEG_KIND_DEBIT:
			sum = sum.Sub(money.MustParse(l.GetAmount()))
		}
	}
	return sum
}

// poolAccount says whether taxes are collected in the account.
func poolAccount(name string) bool {
	return slices.ContainsFunc(remittance.Kinds(), func(k remittance.Kind) bool {
		prefix := "enp:" + string(k) + "-"
		return len(name) > len(prefix) && name[:len(prefix)] == prefix
	})
}
