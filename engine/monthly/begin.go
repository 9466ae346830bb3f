package monthly

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Beginner begins the documents of active companies that have none: who became active before
// there were any, or whose beginning was refused. Each is one command under a key of the
// company's, so that two processes, or a call beside them, begin it once.
type Beginner struct {
	DB     *store.DB
	Submit func(ctx context.Context, req engine.Request) []engine.Outcome
	Logger *slog.Logger
}

// Of the worker.
const (
	actor        = "monthly"
	companiesOne = 500         // companies of one read and one submit
	againAfter   = time.Minute // when something did not answer
)

// Run begins what is to be begun now, and every night, until the context ends.
func (b *Beginner) Run(ctx context.Context, now func() time.Time) {
	for {
		begun, err := b.Begin(ctx)
		wait := flow.Night(closing.Name, now()).Sub(now())
		if err != nil {
			if refusal := (*fault.Refusal)(nil); !errors.As(err, &refusal) || refusal.Code.Lookup().Kind == fault.Busy {
				wait = againAfter // else it is the same the next minute
			}
			b.Logger.Error("the monthly documents of companies could not be begun", "error", err)
		}
		if begun > 0 {
			b.Logger.Info("the monthly documents of companies have begun", "companies", begun)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// Begin goes over the companies of all books once, and tells of how many the documents have
// begun. Whoever is refused is told at the end; the others have begun.
func (b *Beginner) Begin(ctx context.Context) (begun int, err error) {
	var refused error
	for book, more := "", true; ; {
		if book, more, err = b.DB.BookAfter(ctx, book); err != nil || !more {
			if err == nil {
				err = refused
			}
			return begun, err
		}
		after := store.AggregateCursor{}
		for {
			rows, err := b.DB.AggregatesWithout(ctx, book, company.Name, company.Active, closing.Name, after, companiesOne)
			if err != nil {
				return begun, err
			}
			n, err := b.submit(ctx, book, rows)
			begun += n
			if err != nil {
				refused = err
			}
			if len(rows) < companiesOne {
				break
			}
			last := rows[len(rows)-1]
			after = store.AggregateCursor{CreatedUS: last.CreatedUS, Shard: last.Shard, ID: last.Key.ID}
		}
	}
}

func (b *Beginner) submit(ctx context.Context, book string, rows []store.AggregateRow) (begun int, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	req := engine.Request{Book: book, Actor: actor}
	for _, r := range rows {
		d := new(flowv1.CompanyData)
		if e := proto.Unmarshal(r.Data, d); e != nil {
			err = fmt.Errorf("data of %s: %w", r.Key.ID, e)
			continue
		}
		op, refusal := Opening(r.Key.ID, d)
		if refusal != nil {
			err = refusal
			continue
		}
		req.Operations = append(req.Operations, engine.Operation{Operation: op})
	}
	for i, o := range b.Submit(ctx, req) {
		if o.Refusal != nil {
			err = fmt.Errorf("%s: %w", req.Operations[i].GetFlow().GetId(), o.Refusal)
			continue
		}
		begun++
	}
	return begun, err
}

// Opening is the command that begins the documents of an active company, with the month in
// which it registered.
func Opening(companyID string, d *flowv1.CompanyData) (*commandv1.Operation, *fault.Refusal) {
	day, err := time.Parse(time.DateOnly, d.GetRegisteredDay())
	if err != nil {
		return nil, fault.Refuse(fault.WrongState, "company_id", "nothing says when %s registered", companyID)
	}
	return &commandv1.Operation{
		Key: "closing:" + companyID,
		What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
			Flow: closing.Name, Id: companyID, Owner: companyID, Event: closing.Open,
			Body: flow.Bytes(&flowv1.ClosingOpen{FromMonth: day.Format("2006-01")}),
		}},
	}, nil
}
