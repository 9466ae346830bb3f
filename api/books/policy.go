package books

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// ChangePolicy implements LedgerService.
func (s *Service) ChangePolicy(ctx context.Context, req *ledgerv1.ChangePolicyRequest) (*ledgerv1.ChangePolicyResponse, error) {
	o, err := s.submitOne(ctx, req.GetBook(), &commandv1.Operation{Key: req.GetKey(), What: &commandv1.Operation_Policy{
		Policy: &commandv1.ChangePolicy{Two: req.GetTwoPeople(), Reason: req.GetReason()},
	}})
	if err != nil {
		return nil, err
	}
	if o.Refusal != nil {
		return nil, o.Refusal
	}
	confirmed := o.Record.GetConfirmed()
	at := gate.Position{}
	for _, p := range confirmed.GetAt() {
		at.See(int(p.GetShard()), p.GetSeq())
	}
	return &ledgerv1.ChangePolicyResponse{Policy: policyStanding(confirmed.GetRule()), Position: at.String(), Replayed: o.Replayed}, nil
}

// GetPolicy implements LedgerService.
func (s *Service) GetPolicy(ctx context.Context, req *ledgerv1.GetPolicyRequest) (*ledgerv1.GetPolicyResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	rows, err := s.DB.HomeRules(ctx, []store.RuleKey{{Book: req.GetBook(), Kind: ledger.PolicyRule, Subject: ledger.PolicySubject}})
	if err != nil {
		return nil, fmt.Errorf("read what takes two people: %w", err)
	}
	if len(rows) == 0 {
		return &ledgerv1.GetPolicyResponse{Policy: &ledgerv1.PolicyStanding{}}, nil
	}
	return &ledgerv1.GetPolicyResponse{Policy: policyStanding(rows[0].Rule)}, nil
}

// policyStanding is which changes of accounts take two people after a change.
func policyStanding(r *journalv1.Rule) *ledgerv1.PolicyStanding {
	return &ledgerv1.PolicyStanding{
		TwoPeople: r.GetPolicy().GetTwo(), Reason: r.GetReason(), Author: r.GetAuthor(), DecidedAt: timestamppb.New(gate.Moment(r.GetDecidedUs())),
		Version: r.GetVersion(), ApprovedBy: r.GetApproved().GetBy(), ApprovalReason: r.GetApproved().GetReason(),
	}
}

// askPolicy is a change of the policy that another key is to approve.
func askPolicy(c *ledgerv1.PolicyChange) *commandv1.Ask_Policy {
	return &commandv1.Ask_Policy{Policy: &commandv1.ChangePolicy{Two: c.GetTwoPeople(), Reason: c.GetReason()}}
}

// policyRefusal puts the refusal of such an ask into the request's words.
func policyRefusal(r *fault.Refusal) *fault.Refusal {
	out := *r
	return out.At("policy")
}
