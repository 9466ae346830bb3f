package books

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// approvalWait is how long something waits for a second person when nobody says.
const approvalWait = 3 * 24 * time.Hour

// RequestApproval implements LedgerService.
func (s *Service) RequestApproval(ctx context.Context, req *ledgerv1.RequestApprovalRequest) (*ledgerv1.RequestApprovalResponse, error) {
	wait := approvalWait
	if req.GetExpiresIn() != nil {
		wait = req.GetExpiresIn().AsDuration()
	}
	op, refusal := askOperation(req, wait)
	if refusal != nil {
		return nil, refusal
	}
	outcome, err := s.submitOne(ctx, req.GetBook(), op)
	if err != nil {
		return nil, err
	}
	answer := &ledgerv1.RequestApprovalResponse{Replayed: outcome.Replayed, Refusal: gate.RefusalMessage(askRefusal(req, outcome.Refusal))}
	if rec := outcome.Record; rec != nil {
		answer.Position = gate.IDOf(rec)
		if m := rec.GetApproval(); m != nil {
			answer.Approval = approvalMessage(int(rec.GetShard()), m)
		}
	}
	return answer, nil
}

// askOperation is what is asked for, as an operation of the command log.
func askOperation(req *ledgerv1.RequestApprovalRequest, wait time.Duration) (*commandv1.Operation, *fault.Refusal) {
	ask := &commandv1.Ask{ExpiresMs: wait.Milliseconds()}
	op := &commandv1.Operation{Key: req.GetAccount().GetKey(), What: &commandv1.Operation_Ask{Ask: ask}}
	if policy := req.GetPolicy(); policy != nil {
		op.Key, ask.What = policy.GetKey(), askPolicy(policy)
		return op, nil
	}
	reopen := req.GetReopen()
	if reopen == nil {
		ask.What = &commandv1.Ask_Change{Change: accountChange(req.GetAccount())}
		return op, nil
	}
	if refusal := checkDay("reopen.from_day", reopen.GetFromDay()); refusal != nil {
		return nil, refusal
	}
	op.Key, ask.What = reopen.GetKey(), &commandv1.Ask_Period{Period: &commandv1.ChangePeriod{
		What: commandv1.PeriodChange_PERIOD_CHANGE_REOPEN, Through: ledger.DayBefore(reopen.GetFromDay()), Reason: reopen.GetReason(),
	}}
	return op, nil
}

// askRefusal puts the refusal of what is asked for into the request's words.
func askRefusal(req *ledgerv1.RequestApprovalRequest, r *fault.Refusal) *fault.Refusal {
	if r == nil || r.Field == "expires_in" {
		return r
	}
	if req.GetAccount() != nil {
		return accountRefusal(req.GetAccount(), r).At("account")
	}
	if req.GetPolicy() != nil {
		return policyRefusal(r)
	}
	out := *r
	if out.Field == "through" {
		out.Field = "from_day"
	}
	return out.At("reopen")
}

// DecideApproval implements LedgerService.
func (s *Service) DecideApproval(ctx context.Context, req *ledgerv1.DecideApprovalRequest) (*ledgerv1.DecideApprovalResponse, error) {
	id, refusal := gate.ParseRecordID("id", req.GetId())
	if refusal != nil {
		return nil, refusal
	}
	outcome, err := s.submitOne(ctx, req.GetBook(), &commandv1.Operation{
		Key: req.GetKey(), What: &commandv1.Operation_Verdict{Verdict: &commandv1.Verdict{
			Shard: uint32(id.Shard), AskedSeq: id.Seq, Reason: req.GetReason(),
			Approve: req.GetVerdict() == ledgerv1.Verdict_VERDICT_APPROVE,
		}},
	})
	if err != nil {
		return nil, err
	}
	answer := &ledgerv1.DecideApprovalResponse{Replayed: outcome.Replayed, Refusal: gate.RefusalMessage(outcome.Refusal)}
	rec := outcome.Record
	if rec == nil {
		return answer, nil
	}
	at := gate.Position{}
	at.See(int(rec.GetShard()), rec.GetSeq())
	confirmed := rec.GetConfirmed()
	for _, p := range confirmed.GetAt() {
		at.See(int(p.GetShard()), p.GetSeq())
	}
	answer.Position = at.String()
	switch {
	case confirmed.GetRule().GetPeriod() != nil:
		answer.Period = periodStanding(confirmed.GetRule())
	case confirmed.GetRule().GetPolicy() != nil:
		answer.Policy = policyStanding(confirmed.GetRule())
	case confirmed != nil:
		answer.Account = confirmedStanding(rec)
	}
	if m := rec.GetApproval(); m != nil {
		answer.Approval = approvalMessage(int(rec.GetShard()), m)
	}
	return answer, nil
}

// submitOne does one operation; a refusal of the whole house is an error.
func (s *Service) submitOne(ctx context.Context, bookName string, op *commandv1.Operation) (engine.Outcome, error) {
	outcomes := s.Submit(ctx, bookName, []engine.Operation{{Operation: op}}, false)
	if refusal := whole(outcomes); refusal != nil {
		return engine.Outcome{}, refusal
	}
	return outcomes[0], nil
}

// ListApprovals implements LedgerService.
func (s *Service) ListApprovals(ctx context.Context, req *ledgerv1.ListApprovalsRequest) (*ledgerv1.ListApprovalsResponse, error) {
	after := store.RecordID{Shard: -1}
	if _, refusal := s.Cursor(ctx, req, &after); refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	page := store.ApprovalPage{
		Book: req.GetBook(), After: after, Limit: gate.PageSize(req.GetPageSize()),
		State: journalv1.ApprovalState(cmp.Or(req.GetState(), ledgerv1.ApprovalState_APPROVAL_STATE_WAITING)),
	}
	rows, err := s.DB.Approvals(ctx, page)
	if err != nil {
		return nil, fmt.Errorf("list what two people decide: %w", err)
	}
	answer := &ledgerv1.ListApprovalsResponse{}
	for _, r := range rows {
		answer.Approvals = append(answer.Approvals, approvalMessage(r.Shard, r.Approval))
	}
	if len(rows) == page.Limit {
		last := rows[len(rows)-1]
		answer.NextPageToken, err = s.Token(ctx, req, store.RecordID{Shard: last.Shard, Seq: last.Approval.GetSeq()})
	}
	return answer, err
}

// approvalMessage is what two people decide, as the API shows it.
func approvalMessage(shard int, m *journalv1.Approval) *ledgerv1.Approval {
	out := &ledgerv1.Approval{
		Id: gate.RecordID(shard, m.GetSeq()), State: ledgerv1.ApprovalState(m.GetState()),
		ExpiresAt: timestamppb.New(gate.Moment(m.GetDueUs())), DecidedBy: m.GetDecidedBy(), Reason: m.GetReason(),
	}
	switch r := m.GetRule(); {
	case r.GetPeriod() != nil:
		out.Period = periodStanding(r)
	case r.GetPolicy() != nil:
		out.Policy = policyStanding(r)
	default:
		out.Account = standingMessage(r, "")
	}
	return out
}
