package books

import (
	"context"
	"fmt"
	"strings"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// Service is LedgerService.
type Service struct {
	*gate.Gate
	open *openCache
}

// New remembers at most so many names of open accounts.
func New(g *gate.Gate, accounts int) *Service {
	return &Service{Gate: g, open: newOpenCache(g.DB, accounts)}
}

// Opened remembers accounts that were opened.
func (s *Service) Opened(bookName string, accounts ...string) {
	for _, name := range accounts {
		s.open.put(openName{bookName, name})
	}
}

// OpenAccounts implements LedgerService.
func (s *Service) OpenAccounts(ctx context.Context, req *ledgerv1.OpenAccountsRequest) (*ledgerv1.OpenAccountsResponse, error) {
	ops := make([]engine.Operation, len(req.GetAccounts()))
	for i, a := range req.GetAccounts() {
		ops[i] = engine.Operation{Operation: &commandv1.Operation{
			Key: a.GetKey(), What: &commandv1.Operation_Open{Open: &commandv1.Open{Account: a.GetName()}},
		}}
	}
	outcomes := s.Submit(ctx, req.GetBook(), ops, false)
	if refusal := whole(outcomes); refusal != nil {
		return nil, refusal
	}
	answer := &ledgerv1.OpenAccountsResponse{Position: gate.PositionOf(outcomes)}
	for i, o := range outcomes {
		r := &ledgerv1.OpenAccountResult{
			Name: req.GetAccounts()[i].GetName(), Replayed: o.Replayed,
			Refusal: gate.RefusalMessage(named(o.Refusal, "accounts", i, "account", "name")),
		}
		if o.Record != nil {
			r.Position = gate.IDOf(o.Record)
		}
		if o.Refusal == nil {
			s.open.put(openName{req.GetBook(), r.GetName()})
		}
		answer.Results = append(answer.Results, r)
	}
	return answer, nil
}

// Post implements LedgerService.
func (s *Service) Post(ctx context.Context, req *ledgerv1.PostRequest) (*ledgerv1.PostResponse, error) {
	open := s.open.missing(req.GetBook(), req.GetOperations())
	if err := s.open.load(ctx, req.GetBook(), open); err != nil {
		return nil, err
	}
	ops, entries := make([]engine.Operation, len(req.GetOperations())), newEntries(req.GetOperations())
	for i, op := range req.GetOperations() {
		var refusal *fault.Refusal
		if ops[i], refusal = translate(op, entries, open); refusal != nil {
			return nil, refusal.At(fmt.Sprintf("operations[%d]", i))
		}
	}
	outcomes := s.Submit(ctx, req.GetBook(), ops, req.GetDryRun())
	if refusal := whole(outcomes); refusal != nil {
		return nil, refusal
	}
	answer := &ledgerv1.PostResponse{Results: make([]*ledgerv1.OperationResult, len(outcomes))}
	if !req.GetDryRun() {
		answer.Position = gate.PositionOf(outcomes)
	}
	results := newResults(outcomes)
	for i, o := range outcomes {
		answer.Results[i] = results.next(req.GetOperations()[i], o, req.GetDryRun())
	}
	results.end()
	return answer, nil
}

// whole is the refusal of all operations together: the request is too much for one, it is
// wrong where its field says, or the house took none of it.
func whole(outcomes []engine.Outcome) *fault.Refusal {
	for _, o := range outcomes {
		if o.Refusal == nil {
			return nil
		}
		switch code := o.Refusal.Code; {
		case code == fault.TooManyOperations, code == fault.GroupTooLarge, strings.HasPrefix(o.Refusal.Field, "operations["):
		case code.Lookup().Kind == fault.Busy && code != fault.Internal:
		default:
			return nil
		}
	}
	if len(outcomes) == 0 {
		return nil
	}
	return outcomes[0].Refusal
}

func later(rest []*journalv1.Leg, l *journalv1.Leg) bool {
	for _, o := range rest {
		if o.GetAccount() == l.GetAccount() && o.GetAsset() == l.GetAsset() {
			return true
		}
	}
	return false
}

// stripeOf reads the sums that a leg says.
func stripeOf(l *journalv1.Leg) book.Stripe {
	read := func(text string) money.Amount {
		if text == "" {
			return money.Zero
		}
		return money.MustParse(text) // the journal's own
	}
	return book.Stripe{
		Version: l.GetVersion(), Debit: read(l.GetDebit()), Credit: read(l.GetCredit()),
		HeldDebit: read(l.GetHeldDebit()), HeldCredit: read(l.GetHeldCredit()),
	}
}

// named puts a refusal's field under a list of the request, under the request's word.
func named(r *fault.Refusal, list string, index int, from, to string) *fault.Refusal {
	if r == nil {
		return nil
	}
	out := *r
	if out.Field == from {
		out.Field = to
	}
	return out.At(fmt.Sprintf("%s[%d]", list, index))
}
