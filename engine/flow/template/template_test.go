package template

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func act(actor, event string, m proto.Message) flowtest.Act {
	c := flow.Command{Event: event, Actor: actor}
	if m != nil {
		c.Body = flow.Bytes(m)
	}
	return flowtest.Act{Name: event + " by " + actor, Command: c}
}

var submitted = &flowv1.TemplateSubmit{CompanyId: "company-1", Kind: "act", Sha256: strings.Repeat("a", 64)}

func spec() flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: "template-1", Day: "2026-03-02", Law: law, Attempts: 1,
		Acts: []flowtest.Act{
			act("author", Submit, submitted), act("author", Approve, nil), act("support", Approve, nil), act("author", Withdraw, nil),
			act("author", Refuse, &flowv1.TemplateRefuse{Version: 2}), act("support", Refuse, &flowv1.TemplateRefuse{Version: 2}),
			act("support", Refuse, &flowv1.TemplateRefuse{Version: 1}),
		},
	}
}

// law: two people stand behind a decision, and the text is the submitted one.
func law(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.TemplateData{})
	if decided := w.View.State == Approved || w.View.State == Refused; decided && (d.DecidedBy == d.SubmittedBy || d.DecidedAt == "") {
		return fmt.Errorf("%s by %q, submitted by %q", w.View.State, d.DecidedBy, d.SubmittedBy)
	}
	if d.Sha256 != submitted.Sha256 || (w.View.State == Refused) != (d.Version == 2) {
		return fmt.Errorf("%v", d)
	}
	return nil
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "template.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	flowtest.Covered(t, it, flowtest.Explore(t, spec()))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	for _, tc := range []struct {
		act  flowtest.Act
		code fault.Code
	}{
		{act("author", Submit, &flowv1.TemplateSubmit{CompanyId: "company-1", Kind: "act", Sha256: "12"}), fault.Malformed},
		{act("author", Submit, &flowv1.TemplateSubmit{Kind: "act", Sha256: submitted.Sha256}), fault.Malformed},
		{act("author", Submit, submitted), ""},
		{act("author", Approve, nil), fault.OwnRequest},
		{act("support", Refuse, &flowv1.TemplateRefuse{}), fault.WrongState},
		{act("support", Approve, nil), ""},
		{act("other", Approve, nil), fault.WrongState},
	} {
		_, refusal, err := w.Do(tc.act)
		if err != nil || (refusal == nil) != (tc.code == "") || refusal != nil && refusal.Code != tc.code {
			t.Errorf("%s: %v %v", tc.act.Name, refusal, err)
		}
	}
}
