package user

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

func TestScenarios(t *testing.T) {
	t.Parallel()
	s := spec()
	flowtest.Scenarios(t, flowtest.Script{Spec: s, Command: command, Show: show})
}

// command reads: EVENT WHO [what the event wants], with "later DURATION" at the end to let
// the clock go on first; versions count up by themselves.
func command(w *flowtest.World, words []string) (flow.Command, error) {
	if n := len(words); n > 3 && words[n-2] == "later" {
		by, err := time.ParseDuration(words[n-1])
		if err != nil {
			return flow.Command{}, err
		}
		w.View.Clock = w.View.Clock.Add(by)
		words = words[:n-2]
	}
	if len(words) < 2 {
		return flow.Command{}, fmt.Errorf("EVENT WHO …")
	}
	event, who, rest := words[0], words[1], words[2:]
	u := Find(flow.ReadData(w.View, &flowv1.UsersData{}), who)
	profile, credential := u.GetProfileVersion()+1, u.GetCredentialVersion()+1
	switch event {
	case Found:
		return act(event, &flowv1.UserFound{UserId: who, ProfileVersion: profile, CredentialVersion: credential}).Command, nil
	case Invite:
		return invite(who, profile, rest...).Command, nil
	case ChangeRoles:
		return setRoles(who, rest...).Command, nil
	case Accept, Reset:
		number, err := strconv.ParseUint(strings.Join(rest, ""), 10, 32)
		return link(event, who, uint32(number), credential).Command, err
	case Block, Unblock, Remove, RequestReset:
		return ref(event, who).Command, nil
	case ChangePassword:
		return act(event, &flowv1.UserPassword{UserId: who, WasVersion: credential - 1, CredentialVersion: credential}).Command, nil
	case Login, LoginFailed:
		return login(event, who, credential-1, len(rest) > 0 && rest[0] == "known").Command, nil
	}
	return flow.Command{}, fmt.Errorf("%q is no event", event)
}

// show tells who acts for the company, a line each.
func show(data []byte) []string {
	var lines []string
	for _, u := range flow.ReadData(flow.View{Data: data}, &flowv1.UsersData{}).Users {
		line := fmt.Sprintf("%s %s: %s, password %d", u.Id, u.State, strings.Join(u.Roles, " "), u.CredentialVersion)
		if u.SessionsFrom != "" {
			line += ", sessions from " + u.SessionsFrom
		}
		for what, f := range map[string]*flowv1.LoginFailures{"strangers": u.Strange, "known devices": u.Known} {
			if f != nil {
				line += fmt.Sprintf(", %d wrong by %s", f.Count, what)
			}
		}
		if u.Undelivered {
			line += ", mail refused"
		}
		lines = append(lines, line)
	}
	return lines
}
