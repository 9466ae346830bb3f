package books

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// ChangeAccounts implements LedgerService.
func (s *Service) ChangeAccounts(ctx context.Context, req *ledgerv1.ChangeAccountsRequest) (*ledgerv1.ChangeAccountsResponse, error) {
	ops := make([]engine.Operation, len(req.GetChanges()))
	for i, c := range req.GetChanges() {
		ops[i] = engine.Operation{Operation: &commandv1.Operation{
			Key: c.GetKey(), What: &commandv1.Operation_Change{Change: accountChange(c)},
		}}
	}
	outcomes := s.Submit(ctx, req.GetBook(), ops, req.GetDryRun())
	if refusal := whole(outcomes); refusal != nil {
		return nil, refusal
	}
	answer, at := &ledgerv1.ChangeAccountsResponse{}, gate.Position{}
	for i, o := range outcomes {
		r := &ledgerv1.AccountChangeResult{
			Replayed: o.Replayed, Refusal: gate.RefusalMessage(changeRefusal(req.GetChanges()[i], o.Refusal, i)),
		}
		answer.Results = append(answer.Results, r)
		if o.Record == nil {
			continue
		}
		if o.Record.GetSeq() > 0 {
			r.Position = gate.IDOf(o.Record)
			at.See(int(o.Record.GetShard()), o.Record.GetSeq())
		}
		if o.Refusal != nil {
			continue
		}
		for _, p := range o.Record.GetConfirmed().GetAt() {
			at.See(int(p.GetShard()), p.GetSeq())
		}
		r.Standing = confirmedStanding(o.Record)
	}
	answer.Position = at.String()
	return answer, nil
}

// confirmedStanding is how an account stands by the record that answers its change. In a
// dry run it is what the home would put.
func confirmedStanding(rec *journalv1.Record) *ledgerv1.AccountStanding {
	confirmed := rec.GetConfirmed()
	if confirmed == nil {
		return standingMessage(rec.GetRules()[0], "")
	}
	at := gate.IDOf(rec)
	for _, p := range confirmed.GetAt() {
		if p.GetShard() == rec.GetShard() {
			at = gate.RecordID(int(p.GetShard()), p.GetSeq())
		}
	}
	return standingMessage(confirmed.GetRule(), at)
}

// accountChange turns a change of the API into one of the command log.
func accountChange(c *ledgerv1.AccountChange) *commandv1.ChangeAccount {
	out := &commandv1.ChangeAccount{Account: c.GetAccount(), Reason: c.GetReason()}
	sides := func(s ledgerv1.Sides) {
		out.Debits, out.Credits = s&ledgerv1.Sides_SIDES_DEBITS != 0, s&ledgerv1.Sides_SIDES_CREDITS != 0
	}
	switch what := c.GetWhat().(type) {
	case *ledgerv1.AccountChange_Freeze:
		out.What = commandv1.AccountChange_ACCOUNT_CHANGE_FREEZE
		sides(what.Freeze.GetSides())
	case *ledgerv1.AccountChange_Unfreeze:
		out.What = commandv1.AccountChange_ACCOUNT_CHANGE_UNFREEZE
		sides(what.Unfreeze.GetSides())
	case *ledgerv1.AccountChange_Close:
		out.What = commandv1.AccountChange_ACCOUNT_CHANGE_CLOSE
	case *ledgerv1.AccountChange_Reopen:
		out.What = commandv1.AccountChange_ACCOUNT_CHANGE_REOPEN
	case *ledgerv1.AccountChange_Limit:
		out.What = commandv1.AccountChange_ACCOUNT_CHANGE_LIMIT
		out.Asset, out.Limit = orRUB(what.Limit.GetAsset()), what.Limit.GetAmount()
	}
	return out
}

// changeRefusal puts the refusal of one of many changes into the request's words.
func changeRefusal(c *ledgerv1.AccountChange, r *fault.Refusal, index int) *fault.Refusal {
	if r = accountRefusal(c, r); r == nil {
		return nil
	}
	return r.At(fmt.Sprintf("changes[%d]", index))
}

// accountRefusal puts the field of a change's refusal into the change's words.
func accountRefusal(c *ledgerv1.AccountChange, r *fault.Refusal) *fault.Refusal {
	if r == nil {
		return nil
	}
	out := *r
	switch c.GetWhat().(type) {
	case *ledgerv1.AccountChange_Limit:
		switch out.Field {
		case "limit":
			out.Field = "limit.amount"
		case "asset":
			out.Field = "limit.asset"
		}
	case *ledgerv1.AccountChange_Freeze:
		if out.Field == "sides" {
			out.Field = "freeze.sides"
		}
	case *ledgerv1.AccountChange_Unfreeze:
		if out.Field == "sides" {
			out.Field = "unfreeze.sides"
		}
	}
	return &out
}

// ReadAccounts implements LedgerService.
func (s *Service) ReadAccounts(ctx context.Context, req *ledgerv1.ReadAccountsRequest) (*ledgerv1.ReadAccountsResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	answer := &ledgerv1.ReadAccountsResponse{}
	for i, account := range req.GetAccounts() {
		name, refusal := book.ParseName(fmt.Sprintf("accounts[%d]", i), account)
		if refusal != nil {
			return nil, refusal
		}
		t, _ := book.LookupType(name.Type)
		answer.Accounts = append(answer.Accounts, &ledgerv1.AccountState{
			Name: account, Class: string(t.Class), Code_1C: t.Code1C, Floor: t.Floor(), Purpose: t.Purpose,
			FlowOnly: t.FlowOnly, Opened: t.Implicit,
		})
	}
	opened, err := s.DB.OpenAccounts(ctx, req.GetBook(), req.GetAccounts())
	if err != nil {
		return nil, fmt.Errorf("read the open accounts: %w", err)
	}
	standings, err := s.standings(ctx, req.GetBook(), req.GetAccounts())
	if err != nil {
		return nil, err
	}
	for _, a := range answer.GetAccounts() {
		for _, o := range opened {
			a.Opened = a.Opened || o.Name == a.GetName()
		}
		a.Standing = standings[a.GetName()]
	}
	return answer, nil
}

// ListAccountChanges implements LedgerService.
func (s *Service) ListAccountChanges(ctx context.Context, req *ledgerv1.ListAccountChangesRequest) (*ledgerv1.ListAccountChangesResponse, error) {
	var before uint64
	if _, refusal := s.Cursor(ctx, req, &before); refusal != nil {
		return nil, refusal
	}
	if _, refusal := book.ParseName("account", req.GetAccount()); refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	limit := gate.PageSize(req.GetPageSize())
	key := store.RuleKey{Book: req.GetBook(), Kind: ledger.AccountRule, Subject: req.GetAccount()}
	answer := &ledgerv1.ListAccountChangesResponse{}
	now, err := s.DB.HomeRules(ctx, []store.RuleKey{key})
	if err != nil || len(now) == 0 {
		return answer, err
	}
	rows, err := s.DB.RuleHistory(ctx, now[0].Shard, key, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read the changes of an account: %w", err)
	}
	for _, r := range rows {
		answer.Changes = append(answer.Changes, standingMessage(r.Rule, gate.RecordID(r.Shard, r.Seq)))
	}
	if len(rows) == limit {
		answer.NextPageToken, err = s.Token(ctx, req, rows[len(rows)-1].Rule.GetVersion())
	}
	return answer, err
}

// standings reads how accounts stand, of their home shards.
func (s *Service) standings(ctx context.Context, bookName string, accounts []string) (map[string]*ledgerv1.AccountStanding, error) {
	out := make(map[string]*ledgerv1.AccountStanding, len(accounts))
	keys := make([]store.RuleKey, 0, len(accounts))
	for _, account := range accounts {
		out[account] = &ledgerv1.AccountStanding{Account: account, Status: ledgerv1.AccountStatus_ACCOUNT_STATUS_OPEN}
		keys = append(keys, store.RuleKey{Book: bookName, Kind: ledger.AccountRule, Subject: account})
	}
	rows, err := s.DB.HomeRules(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read how accounts stand: %w", err)
	}
	for _, r := range rows {
		out[r.Rule.GetSubject()] = standingMessage(r.Rule, gate.RecordID(r.Shard, r.Seq))
	}
	return out, nil
}

// standingMessage is a rule of an account as the API shows it.
func standingMessage(r *journalv1.Rule, at string) *ledgerv1.AccountStanding {
	standing := ledger.StandingOf(r)
	out := &ledgerv1.AccountStanding{
		Account: r.GetSubject(), Status: ledgerv1.AccountStatus(standing.Status), Change: r.GetChange(), Reason: r.GetReason(),
		Author: r.GetAuthor(), DecidedAt: timestamppb.New(gate.Moment(r.GetDecidedUs())), Version: r.GetVersion(), Position: at,
		ApprovedBy: r.GetApproved().GetBy(), ApprovalReason: r.GetApproved().GetReason(),
	}
	if standing.DebitsFrozen {
		out.Frozen |= ledgerv1.Sides_SIDES_DEBITS
	}
	if standing.CreditsFrozen {
		out.Frozen |= ledgerv1.Sides_SIDES_CREDITS
	}
	for _, l := range standing.Limits {
		out.Limits = append(out.Limits, &ledgerv1.AccountLimit{Asset: l.Asset.Code, Amount: l.Asset.Format(l.Amount)})
	}
	return out
}

func orRUB(code string) string {
	if code == "" {
		return money.RUB.Code
	}
	return code
}
