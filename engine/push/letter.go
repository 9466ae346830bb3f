package push

import (
	_ "embed"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

//go:embed push.md
var document string

// letter is a row of push.md; "" fits all.
type letter struct {
	says, on, code string
	title, text    string
}

// parseLetters reads the table, and refuses what no task says and what could not be sent.
func parseLetters(text string) ([]letter, error) {
	tables, err := machine.ParseTables("engine/push/push.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Messages")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Says", "On", "Error", "Title", "Text", "Meaning"); err != nil {
		return nil, err
	}
	flow := task.New()
	var out []letter
	for _, r := range t.Rows {
		l := letter{r.Cell("Says"), r.Cell("On"), r.Cell("Error"), r.Cell("Title"), r.Cell("Text")}
		said := func(tr machine.Transition) bool { return tr.Says == l.says && (l.on == "" || tr.On == l.on) }
		trouble := slices.ContainsFunc(task.Troubles(), func(t task.Trouble) bool { return t.Code == l.code })
		switch {
		case l.says == "" || !slices.ContainsFunc(flow.Machine.Transitions, said):
			return nil, r.Errorf("no task says %q on %q", l.says, l.on)
		case l.code != "" && !trouble:
			return nil, r.Errorf("no payment stops because of %q", l.code)
		case l.title == "":
			return nil, r.Errorf("a message has a title")
		}
		if refusal := (port.Notice{Attempt: "a", To: "a", Subject: l.title, Text: l.text}).Check(); refusal != nil {
			return nil, r.Errorf("%s", refusal.Reason)
		}
		out = append(out, l)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("engine/push/push.md: no message is told")
	}
	return out, nil
}

// message is what some people are told.
type message struct {
	book        string
	people      []string
	title, text string
}

// told says who is told what of a record; nobody when it is nobody's business.
func (p *Pusher) told(r *journalv1.Record) (message, bool, error) {
	m := r.GetMove()
	if r.GetRefusal() != nil || m.GetFlow() != task.Name || m.GetSays() == "" {
		return message{}, false, nil
	}
	if !slices.ContainsFunc(p.letters, func(l letter) bool { return l.says == m.GetSays() }) {
		return message{}, false, nil
	}
	d := new(flowv1.TaskData)
	if err := proto.Unmarshal(m.GetData(), d); err != nil {
		return message{}, false, fmt.Errorf("record %d.%d: %w", r.GetShard(), r.GetSeq(), err)
	}
	for _, l := range p.letters {
		if l.says != m.GetSays() || l.on != "" && l.on != m.GetOn() || l.code != "" && l.code != d.GetError().GetCode() {
			continue
		}
		people := []string{d.GetExecutorId()}
		if d.GetExecutorId() == "" {
			people = d.GetOffer().GetCircle()
		}
		return message{r.GetBook(), people, l.title, l.text}, len(people) > 0, nil
	}
	return message{}, false, nil
}
