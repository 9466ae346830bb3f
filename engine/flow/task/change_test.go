package task

import (
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// TestWhatMayBeChanged tries every field in every state that a customer can bring about.
func TestWhatMayBeChanged(t *testing.T) {
	t.Parallel()
	fields := map[string]*flowv1.TaskChange{
		"price": {Price: "7.00", PriceKind: net}, "kind": {Kind: entrepreneur}, "period": {PeriodTo: "2030-01-01"}, "act_required": {ActRequired: new(true)},
	}
	for _, name := range []string{"title", "description", "category", "additional_info", "metadata"} {
		fields[name] = &flowv1.TaskChange{Fields: []string{name}, TextBase: 1, TextVersion: 3}
	}
	always := []string{"additional_info", "metadata"}
	for state, path := range map[string][]string{
		Draft: {}, InWork: {Sign}, Accepting: {Sign, Done, ActSignExecutor}, Completed: {Sign, Done, ActSignExecutor, ActSign},
		Paying: {Sign, Done, ActSignExecutor, ActSign, Pay}, Canceled: {Cancel}, Deleted: {Delete},
	} {
		for name, change := range fields {
			s := spec(&flowv1.TaskCreate{
				CompanyId: "c1", ExecutorId: "e1", Executor: stamp(entrepreneur, 1), PriceKind: gross, Price: "100.00", ActRequired: true,
			}, act(Delete, nil))
			w := flowtest.NewWorld(&s)
			for _, event := range append([]string{Create}, path...) {
				at := slices.IndexFunc(s.Acts, func(a flowtest.Act) bool { return a.Name == event })
				if _, refusal, err := w.Do(s.Acts[at]); refusal != nil || err != nil {
					t.Fatal(event, refusal, err)
				}
			}
			if w.View.State != state {
				t.Fatalf("%s, want %s", w.View.State, state)
			}
			m, refusal := it.Step(w.View, act(Change, change).Command)
			may := state == Draft || slices.Contains(always, name) && slices.Contains([]string{InWork, Accepting, Completed, Error}, state)
			switch {
			case may && (refusal != nil || m.To != state):
				t.Errorf("%s in %s: %v", name, state, refusal)
			case !may && (refusal == nil || refusal.Code != fault.WrongState || refusal.Field != name || refusal.Facts["state"] != state):
				t.Errorf("%s in %s: %v, %v", name, state, m, refusal)
			}
		}
	}
}

// TestChangedIsAsCreated changes a draft to what another was made with: the data agree.
func TestChangedIsAsCreated(t *testing.T) {
	t.Parallel()
	created := func(c *flowv1.TaskCreate, then ...flowtest.Act) *flowv1.TaskData {
		s := spec(c)
		w := flowtest.NewWorld(&s)
		for _, a := range append([]flowtest.Act{act(Create, c)}, then...) {
			if _, refusal, err := w.Do(a); refusal != nil || err != nil {
				t.Fatal(refusal, err)
			}
		}
		return read(w.View.Data)
	}
	first := &flowv1.TaskCreate{
		CompanyId: "c1", ExecutorId: "e1", Executor: &flowv1.ExecutorStamp{Kind: civilContract, Nonresident: true}, PriceKind: gross, Price: "100.00",
		PeriodFrom: "2025-01-01", PeriodDays: 10, Tariff: tariff,
	}
	second := &flowv1.TaskCreate{
		CompanyId: "c1", ExecutorId: "e1", Executor: first.Executor, PriceKind: net, Price: "700000.00",
		PeriodFrom: "2025-02-01", PeriodDays: 5, ActRequired: true, Tariff: tariff,
	}
	got := created(first, act(Change, &flowv1.TaskChange{
		PriceKind: net, Price: "700000", PeriodFrom: "2025-02-01", PeriodDays: 5, ActRequired: new(true), Kind: civilContract,
	}))
	want := created(second)
	if got.TermsChanged != 1 {
		t.Errorf("terms changed %d times", got.TermsChanged)
	}
	got.TermsChanged, got.CreatedAt = 0, want.CreatedAt
	if string(body(got)) != string(body(want)) {
		t.Errorf("\n%v\n%v", got, want)
	}
}

func TestChangesTableIsComparedBothWays(t *testing.T) {
	t.Parallel()
	for old, changed := range map[string]string{
		"| title | draft |": "| titel | draft |", "| price | draft |": "| price | drawn |", "| category | draft |": "| title | draft |", "| metadata | draft,": "| meta | draft,",
	} {
		text := strings.Replace(document, old, changed, 1)
		if text == document {
			t.Fatalf("%q is not in the document", old)
		}
		if _, err := parseChanges(text); err == nil {
			t.Errorf("%s passed", changed)
		}
	}
}

func TestSectionsTableIsComparedBothWays(t *testing.T) {
	t.Parallel()
	if all := Sections(); len(all) != 10 || all[0].Name != "to_sign" || all[9].Russian != "Ошибки оплаты" {
		t.Errorf("%v", all)
	}
	for old, changed := range map[string]string{
		"| to_sign | draft | to_sign |": "| to_sign | draft | to_seal |", "| working | inwork |": "| working | atwork |",
		"| to_pay | completed |": "| paid | completed |", "| paying | paying | — |": "| paying | draft | — |",
	} {
		text := strings.Replace(document, old, changed, 1)
		if text == document {
			t.Fatalf("%q is not in the document", old)
		}
		if _, err := parseSections(text); err == nil {
			t.Errorf("%s passed", changed)
		}
	}
}

// TestSections: every step of a life says the part of the state that it leads to.
func TestSections(t *testing.T) {
	t.Parallel()
	s := spec(&flowv1.TaskCreate{CompanyId: "c1", PriceKind: gross, Price: "100.00", ActRequired: true},
		act(Assign, &flowv1.TaskAssign{ExecutorId: "e1", Executor: stamp(entrepreneur, 1), Tariff: tariff}))
	w := flowtest.NewWorld(&s)
	for _, step := range [][2]string{
		{Create, "unassigned"}, {Assign, "to_sign"}, {Sign, "working"}, {Done, "act_awaited"}, {ActSignExecutor, ""}, {ActSign, ""},
	} {
		at := slices.IndexFunc(s.Acts, func(a flowtest.Act) bool { return a.Name == step[0] })
		m, refusal, err := w.Do(s.Acts[at])
		if refusal != nil || err != nil || m.Section != step[1] {
			t.Errorf("%s: section %q, want %q: %v %v", step[0], m.Section, step[1], refusal, err)
		}
	}
}
