package invitation

import (
	"fmt"
	"strconv"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// command reads: invite [CHANNEL] [fixed]; claim LINK VERSION [same]; confirm|wrong LINK
// CODE; agree CLAIM; enter CLAIM VERSION [known]; stranger CLAIM; resend; revoke. A
// duration at the end is how long the clock goes on before.
func command(w *flowtest.World, words []string) (flow.Command, error) {
	last := words[len(words)-1]
	if by, err := time.ParseDuration(last); err == nil && len(words) > 1 {
		w.View.Clock, words = w.View.Clock.Add(by), words[:len(words)-1]
		last = words[len(words)-1]
	}
	n := make([]uint32, 3)
	for i, word := range words[1:] {
		if v, err := strconv.ParseUint(word, 10, 32); err == nil && i < len(n) {
			n[i] = uint32(v)
		}
	}
	switch words[0] {
	case Invite:
		channel := ""
		if len(words) > 1 && words[1] != "fixed" {
			channel = words[1]
		}
		return invite(channel, last == "fixed").Command, nil
	case Claim:
		return claim(n[0], n[1], last == "same").Command, nil
	case Confirm, Wrong:
		return code(words[0], n[0], n[1]).Command, nil
	case Agree:
		return agree(n[0]).Command, nil
	case Enter:
		return enter(n[0], n[1], last == "known").Command, nil
	case Stranger:
		return stranger(n[0]).Command, nil
	case Resend, Revoke:
		return act(words[0], nil).Command, nil
	}
	return flow.Command{}, fmt.Errorf("%q is no event", words[0])
}

// show tells what a company asks about an invitation.
func show(data []byte) []string {
	d := flow.ReadData(flow.View{Data: data}, &flowv1.InvitationData{})
	lines := []string{fmt.Sprintf("link %d, code %d of %d, profile %d, phone fixed %t, confirmed by code %d", d.Link.GetNumber(), d.Code.GetNumber(), d.Codes, d.ProfileVersion, d.PhoneFixed, d.Claim)}
	if d.Agreement != nil {
		lines = append(lines, fmt.Sprintf("policy %s and executor %s at %s", d.Agreement.Texts[TextPolicy], d.Agreement.Texts[TextExecutor], d.Agreement.At))
	}
	if d.ExecutorId != "" {
		lines = append(lines, fmt.Sprintf("%s, known before %t, done on %q", d.ExecutorId, d.Known, d.DoneDay))
	}
	if d.Refusal != "" || d.MessageRefusal != "" || d.Attention {
		lines = append(lines, fmt.Sprintf("refused %q, message %q, support looks %t", d.Refusal, d.MessageRefusal, d.Attention))
	}
	return lines
}
