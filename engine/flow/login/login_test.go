package login

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func act(event string, m proto.Message) flowtest.Act {
	c := flow.Command{Event: event, Actor: "person"}
	if m != nil {
		c.Body = flow.Bytes(m)
	}
	return flowtest.Act{Name: event, Command: c}
}

func code(event string, number uint32) flowtest.Act {
	return act(event, &flowv1.LoginCode{Number: number})
}

func spec() flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: "e1", Day: "2026-03-02", Attempts: 2, Told: 2, Flips: 1, Codes: []fault.Code{fault.NoticeRefused}, Tells: []string{sendCode},
		Acts: []flowtest.Act{
			act(Ask, nil), {Name: "ask, a day later", Day: "2026-03-03", Command: flow.Command{Event: Ask}},
			code(Confirm, 1), code(Confirm, 2), code(Wrong, 1), code(Wrong, 2), act(EndSessions, nil),
		},
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "login.md", it)
}

// The end of all codes is far beyond the bounds of the exploration: it is told as a story.
const usedUp = `ask
later 2m
ask
later 2m
ask
later 2m
ask
later 2m
ask
wrong 5
wrong 5
wrong 5
wrong 5
wrong 5
answer send_code done
end_sessions
timer unlock
ask
later 2m
ask
later 2m
ask
later 2m
ask
later 2m
ask
later 2m
ask
`

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	flowtest.Covered(t, it, flowtest.Explore(t, spec()), flowtest.Story(t, script(), usedUp))
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, script())
}

func script() flowtest.Script {
	s := spec()
	s.Acts, s.Attempts = nil, 100
	return flowtest.Script{Spec: s, Command: command, Show: func(data []byte) []string {
		d := flow.ReadData(flow.View{Data: data}, &flowv1.LoginData{})
		return []string{fmt.Sprintf("code %d, tries used %d, codes %d, sessions from %q", d.GetCode().GetNumber(), d.GetCode().GetWrong(), d.GetCodes(), d.GetSessionsFrom())}
	}}
}

// command reads: ask, confirm NUMBER, wrong NUMBER, end_sessions; later DURATION ends
// sessions of nobody and moves the clock.
func command(w *flowtest.World, words []string) (flow.Command, error) {
	switch words[0] {
	case Ask, EndSessions:
		return act(words[0], nil).Command, nil
	case Confirm, Wrong:
		n, err := strconv.ParseUint(words[1], 10, 32)
		return code(words[0], uint32(n)).Command, err
	case "later":
		by, err := time.ParseDuration(words[1])
		w.View.Clock = w.View.Clock.Add(by)
		return act(EndSessions, nil).Command, err
	}
	return flow.Command{}, fmt.Errorf("%q is no event", words[0])
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	if _, refusal, err := w.Do(act(Ask, nil)); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	for name, tc := range map[string]struct {
		act  flowtest.Act
		code fault.Code
	}{
		"too soon": {act(Ask, nil), fault.TooOften}, "none": {code(Confirm, 0), fault.Malformed}, "not issued": {code(Confirm, 2), fault.CodeExpired},
		"bytes": {flowtest.Act{Command: flow.Command{Event: Wrong, Body: []byte("\xff")}}, fault.Malformed},
	} {
		if _, refusal, _ := w.Do(tc.act); refusal == nil || refusal.Code != tc.code {
			t.Errorf("%s: %v", name, refusal)
		}
	}
	w.View.Clock = w.View.Clock.Add(11 * time.Minute)
	if _, refusal, _ := w.Do(code(Confirm, 1)); refusal == nil || refusal.Code != fault.CodeExpired {
		t.Errorf("too late: %v", refusal)
	}
}
