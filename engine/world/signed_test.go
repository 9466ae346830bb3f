package world

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// TestSigned: the attempt is the key, each document is its own event, and the task hears
// what was signed under which terms.
func TestSigned(t *testing.T) {
	t.Parallel()
	for document, event := range map[string]string{"agreement": "sign", "act": "act_sign_executor"} {
		told := ask("task", &flowv1.SignedAsk{
			Book: "main", TaskId: "task-1", CompanyId: "company-1", Document: document, Terms: 3, Signature: &flowv1.Signature{Sha256: "ab", At: "now"},
		})
		for _, tc := range []struct {
			refusal *fault.Refusal
			result  port.Result
		}{
			{nil, port.Done}, {fault.Refuse(fault.WrongState, "terms", "x"), port.Refused}, {fault.Refuse(fault.Unavailable, "", "x"), port.Unknown},
		} {
			keys := map[string]bool{}
			p := FromSigned(func(_ context.Context, r engine.Request) []engine.Outcome {
				f := r.Operations[0].GetFlow()
				keys[r.Operations[0].GetKey()] = true
				var body flowv1.TaskSign
				if err := proto.Unmarshal(f.GetBody(), &body); err != nil || body.GetTerms() != 3 || body.GetSignature().GetAt() != "now" {
					t.Errorf("%v, %v", &body, err)
				}
				if r.Book != "main" || f.GetFlow() != "task" || f.GetId() != "task-1" || f.GetOwner() != "company-1" || f.GetEvent() != event {
					t.Errorf("%v", r)
				}
				return []engine.Outcome{{Refusal: tc.refusal}}
			})
			if first, again := p.Send(t.Context(), told), p.Find(t.Context(), told); first.Result != tc.result || again.Result != tc.result || len(keys) != 1 {
				t.Errorf("%v: %+v, then %+v, %d keys", tc.refusal, first, again, len(keys))
			}
		}
	}
	for name, wrong := range map[string]port.Ask{
		"verb": ask("steal", &flowv1.SignedAsk{Document: "act"}), "document": ask("task", &flowv1.SignedAsk{Document: "poem"}),
	} {
		if a := FromSigned(nil).Send(t.Context(), wrong); a.Result != port.Refused {
			t.Errorf("%s: %+v", name, a)
		}
	}
}
