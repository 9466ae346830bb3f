package world

import (
	"cmp"
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// payers knows one company and one executor.
type payers struct {
	who  *flowv1.ExecutorData
	is   string // his state; "" = registered
	firm *flowv1.CompanyData
}

func (p *payers) Aggregate(_ context.Context, _, flowName, _ string) (string, []byte, bool, error) {
	if flowName == company.Name {
		return company.Active, flow.Bytes(p.firm), true, nil
	}
	return cmp.Or(p.is, executor.Registered), flow.Bytes(p.who), true, nil
}

func (p *payers) Identified(context.Context, string, string, uint32) (bool, error) { return true, nil }

// A payment that stopped is not gone on with while the identity is disputed.
func TestNoRetryToWhomSupportLooksAt(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]fault.Code{executor.Registered: "", executor.Blocked: "", executor.Disputed: fault.IdentityDisputed} {
		read := &payers{
			who: &flowv1.ExecutorData{Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED, RequisitesVersion: 2}, is: state, firm: &flowv1.CompanyData{},
		}
		sent := 0
		p := FromTask(func(context.Context, engine.Request) []engine.Outcome { sent++; return []engine.Outcome{{}} }, read, time.Now, nil)
		a := p.Send(t.Context(), ask("retry", &flowv1.TaskRetryAsk{Book: "main", Task: "t1", CompanyId: "c1", ExecutorId: "e1", Kind: read.who.Kind}))
		if a.Code != want || (sent == 0) != (want != "") {
			t.Errorf("%s: %+v, %d commands", state, a, sent)
		}
	}
}

// TestARetryIsStampedAsItStandsNow: with the way of the requisites and the limits of the house and the company of today.
func TestARetryIsStampedAsItStandsNow(t *testing.T) {
	t.Parallel()
	const sbp = flowv1.PayoutWay_PAYOUT_WAY_SBP
	own := &flowv1.PaymentLimit{Setter: flowv1.LimitSetter_LIMIT_SETTER_COMPANY, Scope: flowv1.LimitScope_LIMIT_SCOPE_COMPANY_DAY, Most: "5.00"}
	row, err := limit.NewRow("2026-01-01", "", "sbp", "payment", "", "7.00", "")
	if err != nil {
		t.Fatal(err)
	}
	read := &payers{
		who:  &flowv1.ExecutorData{Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED, RequisitesVersion: 2, Way: sbp},
		firm: &flowv1.CompanyData{Limits: []*flowv1.CompanyLimits{{From: "2026-01-01"}, {From: "2026-03-02", Limits: []*flowv1.PaymentLimit{own}}}},
	}
	for day, want := range map[string][]string{"2026-03-01": {"7.00"}, "2026-03-02": {"7.00", "5.00"}, "2025-12-31": nil} {
		now, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		var paid flowv1.TaskPay
		p := FromTask(func(_ context.Context, r engine.Request) []engine.Outcome {
			if err := proto.Unmarshal(r.Operations[0].GetFlow().GetBody(), &paid); err != nil {
				t.Fatal(err)
			}
			return []engine.Outcome{{}}
		}, read, func() time.Time { return now }, limit.House{row})
		a := p.Send(t.Context(), ask("retry", &flowv1.TaskRetryAsk{Book: "main", Task: "t1", CompanyId: "c1", ExecutorId: "e1", Kind: read.who.Kind}))
		var got []string
		for _, l := range paid.GetLimits() {
			got = append(got, l.GetMost())
		}
		if a.Result != port.Done || paid.GetExecutor().GetWay() != sbp || !paid.GetAutomatic() || len(got) != len(want) || len(got) > 0 && (got[0] != want[0] || got[len(got)-1] != want[len(want)-1]) {
			t.Errorf("on %s: %+v, stamped %v", day, a, &paid)
		}
	}
}
