package task

import (
	"testing"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// exploreAgain walks every order of pauses, rechecks, their answers late and twice, and
// retries by hand and by itself: what holds of every payment holds of these.
func exploreAgain(t *testing.T) []flowtest.Rows {
	t.Helper()
	var walked []flowtest.Rows
	automatic := func(kind flowv1.EmploymentKind, requisites uint32) flowtest.Act {
		a := act(Retry, &flowv1.TaskPay{Executor: stamp(kind, requisites), Tariff: tariff, Automatic: true})
		a.Name = "automatic " + a.Name
		return a
	}
	for _, code := range []fault.Code{fault.RequisitesInvalid, fault.PayoutRefused} {
		s := spec(ready(entrepreneur, "100.00"),
			act(Pay, &flowv1.TaskPay{Executor: stamp(entrepreneur, 0), Tariff: tariff}),
			act(Recheck, nil), automatic(entrepreneur, 0), automatic(entrepreneur, 2))
		s.Asleep, s.Deaf, s.Told, s.Codes, s.Attempts, s.Flips = nil, false, 2, []fault.Code{code}, 2, 1
		if code == fault.RequisitesInvalid {
			s.Flips = 0
		}
		walked = append(walked, flowtest.Explore(t, s))
	}
	return walked
}

// TestPausesOfTheTable: each code is tried after its pauses, and no more; another error and a
// retry by hand begin anew.
func TestPausesOfTheTable(t *testing.T) {
	t.Parallel()
	for code, trouble := range troubles {
		if trouble.Next {
			continue // TestTheNextPeriod
		}
		s := &step{view: flow.View{State: Error, Clock: flow.Moment("2026-03-02T09:00:00Z"), Day: "2026-03-02"}, data: &flowv1.TaskData{}}
		for i, pause := range trouble.Again {
			s.fail(code, "")
			if want := s.view.Clock.Add(pause); !flow.Moment(s.data.Error.RetryAt).Equal(want) {
				t.Errorf("%s: try %d at %s, want %s", code, i, s.data.Error.RetryAt, want)
			}
			s.view.Clock = s.view.Clock.Add(pause)
			s.command, s.asks = flow.Command{Event: retryDue}, map[string][]byte{}
			if refusal := s.tryAgain(); refusal != nil || s.asks[retryItself] == nil || s.data.Error.RetryAt != "" {
				t.Fatalf("%s: try %d: %v %v", code, i, refusal, s.data.Error)
			}
			s.data.Again = s.goneOn(&flowv1.TaskPay{Automatic: true})
		}
		if s.fail(code, ""); s.data.Error.RetryAt != "" {
			t.Errorf("%s is tried again after all its pauses", code)
		}
		s.command = flow.Command{Event: Recheck}
		if refusal := s.tryAgain(); (refusal == nil) != (len(trouble.Again) > 0) {
			t.Errorf("%s: a recheck after all pauses: %v", code, refusal)
		}
		s.data.Again = s.goneOn(&flowv1.TaskPay{})
		if s.fail(code, ""); (s.data.Error.RetryAt != "") != (len(trouble.Again) > 0) {
			t.Errorf("%s: after a retry by hand it is tried at %q", code, s.data.Error.RetryAt)
		}
	}
}
