package executor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

const civil = flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT

// blockedOn is a blocked executor on a day.
func blockedOn(t require, day string) *flowtest.World {
	s := spec()
	s.Day = day
	w := flowtest.NewWorld(&s)
	for _, a := range []flowtest.Act{s.Acts[0], act(Block, &flowv1.ExecutorBlock{Code: "request"})} {
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatalf("%s: %v %v", a.Name, refusal, err)
		}
	}
	return w
}

type require interface{ Fatalf(string, ...any) }

// Nobody is erased before the last day of every term, and anybody on the day after.
func TestDocumentsAreKept(t *testing.T) {
	t.Parallel()
	yearsOf := map[flowv1.EmploymentKind]int{selfEmployed: 5, civil: 6, flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR: 5}
	rapid.Check(t, func(t *rapid.T) {
		body, until := &flowv1.ExecutorErase{}, time.Time{}
		for range rapid.IntRange(0, 4).Draw(t, "years") {
			year := rapid.IntRange(2019, 2030).Draw(t, "year")
			kind := rapid.SampledFrom([]flowv1.EmploymentKind{selfEmployed, civil, flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR}).Draw(t, "kind")
			body.Paid = append(body.Paid, &flowv1.ExecutorPaidYear{Year: uint32(year), Kind: kind})
			if end := time.Date(year+yearsOf[kind]+1, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -1); end.After(until) {
				until = end
			}
		}
		day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 5000).Draw(t, "day"))
		if len(body.GetPaid()) > 0 && rapid.Bool().Draw(t, "at the border") {
			day = until.AddDate(0, 0, rapid.IntRange(0, 1).Draw(t, "after"))
		}
		w := blockedOn(t, day.Format(time.DateOnly))
		_, refusal, err := w.Do(act(Erase, body))
		if err != nil {
			t.Fatalf("%v", err)
		}
		if day.After(until) {
			if refusal != nil || w.View.State != Erasing || len(w.Tries) != 1 {
				t.Fatalf("%s, kept until %s: %v %s", day, until, refusal, w.View.State)
			}
			return
		}
		if refusal == nil || refusal.Code != fault.KeptByLaw || refusal.Facts[FactUntil] != until.Format(time.DateOnly) || refusal.Facts[FactRule] == "" {
			t.Fatalf("%s, kept until %s: %+v", day, until, refusal)
		}
	})
}

func TestErasureIsRefused(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	if _, refusal, err := w.Do(s.Acts[0]); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	if _, refusal, _ := w.Do(act(Erase, &flowv1.ExecutorErase{})); refusal == nil || refusal.Code != fault.WrongState {
		t.Errorf("who may be chosen for tasks is erased: %v", refusal)
	}
	w = blockedOn(t, "2026-03-02")
	for what, want := range map[*flowv1.ExecutorErase]fault.Code{
		{Unpaid: true}: fault.WrongState, {Paid: []*flowv1.ExecutorPaidYear{{Year: 2010}}}: fault.Malformed,
	} {
		if _, refusal, _ := w.Do(act(Erase, what)); refusal == nil || refusal.Code != want {
			t.Errorf("%v: %v, want %s", what, refusal, want)
		}
	}
	_, refusal, _ := w.Do(act(Erase, &flowv1.ExecutorErase{Paid: []*flowv1.ExecutorPaidYear{{Year: 2021, Kind: selfEmployed}, {Year: 2020, Kind: civil}}}))
	if refusal == nil || !strings.Contains(refusal.Reason, "2026-12-31") || refusal.Field != "executor_id" {
		t.Errorf("%+v", refusal)
	}
}

// The record says that somebody was erased, and nothing of whom.
func TestErasureLeavesNoVersions(t *testing.T) {
	t.Parallel()
	w := blockedOn(t, "2026-03-02")
	if _, refusal, err := w.Do(act(Erase, &flowv1.ExecutorErase{})); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	if d := flow.ReadData(w.View, &flowv1.ExecutorData{}); d.GetProfileVersion() != 1 || d.GetErasedDay() != "2026-03-02" {
		t.Errorf("before it is done: %v", d)
	}
	if _, refusal, _ := w.Do(flowtest.Act{Name: eraseDone, Command: flow.Command{Event: eraseDone, Actor: "effect", Number: 1, Answer: &port.Answer{Result: port.Done}}}); refusal != nil {
		t.Fatal(refusal)
	}
	if d := flow.ReadData(w.View, &flowv1.ExecutorData{}); w.View.State != Erased || d.GetProfileVersion() != 0 || d.GetRequisitesVersion() != 0 {
		t.Errorf("%s %v", w.View.State, d)
	}
	if _, refusal, _ := w.Do(act(Register, &flowv1.ExecutorRegister{Kind: selfEmployed, ProfileVersion: 2})); refusal == nil {
		t.Error("an erased executor was registered again")
	}
}

func TestTermsAreChecked(t *testing.T) {
	t.Parallel()
	good := "## Keep\n\n| Kind | Years | Rule |\n|---|---|---|\n| selfemployed | 5 | a |\n| entrepreneur | 5 | b |\n%s\n"
	if got, err := readTerms(fmt.Sprintf(good, "| civil_contract | 50 | c |")); err != nil || got[civil].years != 50 {
		t.Errorf("%v %v", got, err)
	}
	for _, row := range []string{"", "| civil_contract | -1 | c |", "| civil_contract | 5 | |", "| selfemployed | 5 | c |", "| slave | 5 | c |"} {
		if _, err := readTerms(fmt.Sprintf(good, row)); err == nil {
			t.Errorf("%q passed", row)
		}
	}
}
