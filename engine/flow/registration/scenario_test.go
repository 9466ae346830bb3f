package registration

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, flowtest.Script{Spec: spec(), Command: command, Show: show})
}

// command reads: an event with a number of what it is about (the version or the code),
// accept_conditions DEPOSIT, later DURATION (the clock goes on before the next event).
func command(w *flowtest.World, words []string) (flow.Command, error) {
	number := uint32(0)
	if len(words) > 1 && words[0] != AcceptConditions {
		n, err := strconv.ParseUint(words[1], 10, 32)
		if err != nil {
			return flow.Command{}, err
		}
		number = uint32(n)
	}
	if len(words) > 2 {
		by, err := time.ParseDuration(words[2])
		if err != nil {
			return flow.Command{}, err
		}
		w.View.Clock = w.View.Clock.Add(by)
	}
	switch words[0] {
	case Start, SetEmail:
		return profile(words[0], number).Command, nil
	case Confirm, Wrong, Follow:
		return told(words[0], number).Command, nil
	case AcceptAgreement:
		return agree.Command, nil
	case CheckINN:
		return inn(number).Command, nil
	case AcceptConditions:
		if len(words) < 2 {
			return flow.Command{}, fmt.Errorf("accept_conditions DEPOSIT")
		}
		return conditions(words[1]).Command, nil
	case SetPassword:
		return password(number).Command, nil
	case Resend, ResendLink, DepositFound:
		return act(words[0], nil).Command, nil
	}
	return flow.Command{}, fmt.Errorf("%q is no event", words[0])
}

// show tells what support asks about a registration.
func show(data []byte) []string {
	d := flow.ReadData(flow.View{Data: data}, &flowv1.RegistrationData{})
	lines := []string{fmt.Sprintf("profile %d, company %q, deposit asked %q, here %t", d.ProfileVersion, d.CompanyId, d.DepositRequired, d.DepositFound)}
	if d.Agreement != nil {
		lines = append(lines, fmt.Sprintf("policy %s and agreement %s at %s, evidence %d",
			d.Agreement.Texts[TextPolicy], d.Agreement.Texts[TextAgreement], d.Agreement.At, d.Agreement.EvidenceVersion))
	}
	if d.Refusal != "" {
		lines = append(lines, "refused: "+d.Refusal)
	}
	if d.Attention {
		lines = append(lines, "support looks")
	}
	if d.ActiveDay != "" {
		lines = append(lines, "active on "+d.ActiveDay)
	}
	return lines
}
