package contact

import (
	_ "embed"
	"slices"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed contact.md
var document string

// Name is the flow's name.
const Name = "contact"

// Known is the only state.
const Known = "known"

// Commands, with their bodies.
const (
	Meet = "meet" // ContactMeet
	Told = "told" // ContactTold
)

const toldLate = "told_late"

// SaysStatus is what the flow says when the company is told a status.
const SaysStatus = "contact.selfemployed_status"

// The ways in which a company comes to know an executor.
const (
	Registered = "registered"
	Invited    = "invited"
)

var ways = mustWays(document)

var words = flow.Words{States: []string{Known}, Events: []string{Meet, Told, toldLate}}

// New gives the flow of contact.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/contact/contact.md", document, decide, words)
}

// ID is the id of an executor whom a company knows.
func ID(executor, company string) string { return executor + "." + company }

// mustWays reads the table Ways and compares it with the program.
func mustWays(text string) []string {
	tables, err := machine.ParseTables("engine/flow/contact/contact.md", text)
	if err == nil {
		var t *machine.Table
		if t, err = machine.Find(tables, "Ways"); err == nil {
			var list []string
			for _, r := range t.Rows {
				list = append(list, r.Cell("Way"))
			}
			if err = machine.Names("way", list, []string{Registered, Invited}); err == nil {
				return list
			}
		}
	}
	panic(err)
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	d := flow.ReadData(v, &flowv1.ContactData{})
	out := flow.Decision{On: c.Event}
	var executor string
	switch c.Event {
	case Meet:
		var b flowv1.ContactMeet
		if refusal := flow.ReadBody(c, &b); refusal != nil {
			return out, refusal
		}
		if !slices.Contains(ways, b.GetWay()) {
			return out, fault.Refuse(fault.Malformed, "way", "there is no way %.64q", b.GetWay())
		}
		if executor = b.GetExecutorId(); d.GetWay() == "" {
			d.Way = b.GetWay()
		}
	case Told:
		var b flowv1.ContactTold
		if refusal := flow.ReadBody(c, &b); refusal != nil {
			return out, refusal
		}
		at, err := time.Parse(time.RFC3339, b.GetAt())
		if err != nil || b.GetSelfemployedStatus() == "" {
			return out, fault.Refuse(fault.Malformed, "at", "a status is told with the moment when it began")
		}
		executor = b.GetExecutorId()
		if before, err := time.Parse(time.RFC3339, d.GetStatusAt()); err == nil && (at.Before(before) || b.GetSelfemployedStatus() == d.GetSelfemployedStatus()) {
			out.On = toldLate
			break
		}
		d.SelfemployedStatus, d.StatusAt = b.GetSelfemployedStatus(), b.GetAt()
	default:
		return out, flow.WrongState(v, c)
	}
	if d.GetExecutorId() == "" {
		if refusal := flow.CheckID("executor_id", executor); refusal != nil {
			return out, refusal
		}
		d.ExecutorId, d.Day = executor, v.Day
		out.Audience, out.Readdress = []string{executor}, true // the person finds the company
	}
	if executor != d.GetExecutorId() {
		return out, fault.Refuse(fault.Malformed, "executor_id", "the contact is with %s", d.GetExecutorId())
	}
	out.Data = flow.Bytes(d)
	return out, nil
}
