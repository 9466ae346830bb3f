package task

import (
	"slices"

	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Parts of the states that have several sections.
const (
	partToSign     = "to_sign"
	partUnassigned = "unassigned"
	partWorking    = "working"
	partActAwaited = "act_awaited"
	partOffered    = Offered
)

// Offered is the section, and the part of draft, of tasks that are offered.
const Offered = "offered"

// Section is one row of the Sections table: a list of the cabinet.
type Section struct {
	Name    string
	State   string
	Part    string // of the state; "" = all of it
	Group   string // «Новые»
	Russian string // «На подписи»
}

var sections = mustParseSections(document)

// Sections lists the Sections table, in the order of the cabinet.
func Sections() []Section { return slices.Clone(sections) }

func mustParseSections(text string) []Section {
	parsed, err := parseSections(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func parseSections(text string) ([]Section, error) {
	tables, err := machine.ParseTables("engine/flow/task/task.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Sections")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Section", "State", "Part", "Group", "Russian", "Meaning"); err != nil {
		return nil, err
	}
	var all []Section
	var parts []string
	for _, r := range t.Rows {
		s := Section{Name: r.Cell("Section"), State: r.Cell("State"), Part: r.Cell("Part"), Group: r.Cell("Group"), Russian: r.Cell("Russian")}
		twice := func(o Section) bool {
			return o.Name == s.Name || o.State == s.State && (o.Part == s.Part || o.Part == "" || s.Part == "")
		}
		if slices.ContainsFunc(all, twice) || !slices.Contains(words.States, s.State) || s.Group == "" || s.Russian == "" {
			return nil, r.Errorf("section %q stands twice, of no state, or has no words", s.Name)
		}
		all = append(all, s)
		if s.Part != "" {
			parts = append(parts, s.Part)
		}
	}
	return all, machine.Names("part", parts, []string{partToSign, partUnassigned, partWorking, partActAwaited, partOffered})
}

// sections says in which part of a state the task stands, should the step lead there.
func (s *step) sections() map[string]string {
	return map[string]string{Draft: Part(Draft, s.data), InWork: Part(InWork, s.data)}
}

// Part is the part of a state that a task stands in; "" = the state has one list.
func Part(state string, d *flowv1.TaskData) string {
	switch {
	case state == Draft && d.GetOffer() != nil:
		return partOffered
	case state == Draft && d.GetExecutorId() == "":
		return partUnassigned
	case state == Draft:
		return partToSign
	case state == InWork && d.GetWorkDone():
		return partActAwaited
	case state == InWork:
		return partWorking
	}
	return ""
}
