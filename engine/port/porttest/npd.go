package porttest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/stage"
)

// NPDFake is the tax service's sandbox as the suite of bindings sees it.
type NPDFake struct {
	IncomeFake
	// Answers says how a person answers requests for permissions: "yes", "no", "" not yet;
	// a yes leaves out what the person refuses.
	Answers func(t *testing.T, inn, answer string, refuses ...string)
	// Left makes a person take the binding back at a moment.
	Left func(t *testing.T, inn string, at time.Time)
	// Renamed makes a person have another INN.
	Renamed func(t *testing.T, previous, inn string)
}

// wanted is what the suite asks people to allow.
var wanted = []string{"INCOME_LIST", "INCOME_REGISTRATION"}

// ExerciseNPD holds an adapter of port.NPD against its sandbox, as ExerciseIncome does.
func ExerciseNPD(t *testing.T, fresh func(t *testing.T) (port.NPD, NPDFake)) {
	t.Helper()
	for name, exercise := range map[string]func(*testing.T, port.NPD, NPDFake){
		"said yes": npdYes, "said no": npdNo, "bound already": npdAlready, "rights are missing": npdGrant, "not on NPD": npdNobody,
		"by the phone of another": npdOther, "standings": npdStandings, "in doubt": npdInDoubt, "who left": npdLeavers, "changed INN": npdINNChanges, "unbound": npdUnbind,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			npd, fake := fresh(t)
			exercise(t, npd, fake)
		})
	}
}

func npdPerson(n uint64) string { return Income(n).INN }

// requested asks a person and gives the order.
func requested(t *testing.T, npd port.NPD, r port.BindRequest) string {
	t.Helper()
	order, s, a := npd.Bind(t.Context(), r)
	want(t, "Bind", a, port.Done)
	if order == "" || s != nil {
		t.Fatalf("Bind: order %q, %+v", order, s)
	}
	return order
}

func npdUnbind(t *testing.T, npd port.NPD, fake NPDFake) {
	inn := npdPerson(1)
	fake.Person(t, inn, Willing)
	for range 2 { // twice is once
		want(t, "Unbind", npd.Unbind(t.Context(), inn), port.Done)
	}
	if s, a := npd.Standing(t.Context(), inn); a.Result != port.Done || s.Bound {
		t.Errorf("after it: %+v, %+v", s, a)
	}
	want(t, "Unbind of nobody", npd.Unbind(t.Context(), npdPerson(99)), port.Done)
}

func npdYes(t *testing.T, npd port.NPD, fake NPDFake) {
	inn := npdPerson(1)
	fake.Person(t, inn, Unbound)
	order := requested(t, npd, port.BindRequest{INN: inn, Permissions: wanted})
	for range 2 {
		s, a := npd.Bound(t.Context(), order, inn)
		want(t, "Bound before an answer", a, port.Done)
		if s != nil {
			t.Errorf("nobody has answered: %+v", s)
		}
	}
	fake.Answers(t, inn, "yes")
	for range 2 {
		s, a := npd.Bound(t.Context(), order, inn)
		want(t, "Bound", a, port.Done)
		if s == nil || !s.Registered || !s.Bound || !slices.Equal(slices.Sorted(slices.Values(s.Permissions)), wanted) {
			t.Errorf("%+v", s)
		}
	}
	s, a := npd.Standing(t.Context(), inn)
	want(t, "Standing", a, port.Done)
	if !s.Bound || s.Code != "" {
		t.Errorf("%+v", s)
	}
}

func npdNo(t *testing.T, npd port.NPD, fake NPDFake) {
	inn := npdPerson(1)
	fake.Person(t, inn, Unbound)
	order := requested(t, npd, port.BindRequest{INN: inn, Permissions: wanted})
	fake.Answers(t, inn, "no")
	s, a := npd.Bound(t.Context(), order, inn)
	want(t, "Bound", a, port.Refused)
	if s != nil {
		t.Errorf("%+v", s)
	}
}

func npdAlready(t *testing.T, npd port.NPD, fake NPDFake) {
	fake.Person(t, npdPerson(1), Willing)
	order, s, a := npd.Bind(t.Context(), port.BindRequest{INN: npdPerson(1), Permissions: wanted})
	want(t, "Bind", a, port.Done)
	if order != "" || s == nil || !s.Bound {
		t.Errorf("order %q, %+v", order, s)
	}
}

// Somebody who is bound is asked for what is missing, and may give a part of it.
func npdGrant(t *testing.T, npd port.NPD, fake NPDFake) {
	inn := npdPerson(1)
	fake.Person(t, inn, NoPermission)
	order := requested(t, npd, port.BindRequest{INN: inn, Permissions: wanted})
	fake.Answers(t, inn, "yes")
	s, a := npd.Bound(t.Context(), order, inn)
	want(t, "Bound", a, port.Done)
	if s == nil || !slices.Contains(s.Permissions, "INCOME_REGISTRATION") || !slices.Contains(s.Permissions, "INCOME_LIST") {
		t.Errorf("%+v", s)
	}
	fake.Person(t, npdPerson(2), Unbound)
	order = requested(t, npd, port.BindRequest{INN: npdPerson(2), Permissions: wanted})
	fake.Answers(t, npdPerson(2), "yes", "INCOME_REGISTRATION")
	s, a = npd.Bound(t.Context(), order, npdPerson(2))
	want(t, "Bound in part", a, port.Done)
	if s == nil || slices.Contains(s.Permissions, "INCOME_REGISTRATION") {
		t.Errorf("%+v", s)
	}
}

func npdNobody(t *testing.T, npd port.NPD, fake NPDFake) {
	for _, standing := range []Standing{Stranger, Left} {
		fake.Person(t, npdPerson(1), standing)
		order, s, a := npd.Bind(t.Context(), port.BindRequest{INN: npdPerson(1), Permissions: wanted})
		want(t, string(standing), a, port.Refused)
		if order != "" || s == nil || s.Registered {
			t.Errorf("%s: %q %+v", standing, order, s)
		}
	}
	_, _, a := npd.Bind(t.Context(), port.BindRequest{INN: npdPerson(1), Permissions: []string{"EVERYTHING"}})
	want(t, "no such permission", a, port.Refused)
}

// A phone may be another person's by now: whoever answered is let go.
func npdOther(t *testing.T, npd port.NPD, fake NPDFake) {
	inn, phone := npdPerson(1), "+79150000001"
	fake.post(t, "/sandbox/people", []map[string]any{{"inn": inn, "phone": phone, "registered": true, "answers": "yes"}})
	order := requested(t, npd, port.BindRequest{INN: npdPerson(2), Phone: phone, Permissions: wanted})
	fake.Script(t, stage.Rule{Op: "unbind", Fault: stage.Error})
	_, a := npd.Bound(t.Context(), order, npdPerson(2))
	want(t, "Bound while unbinding fails", a, port.Unknown)
	fake.Script(t)
	for range 2 {
		s, a := npd.Bound(t.Context(), order, npdPerson(2))
		want(t, "Bound", a, port.Refused)
		if s != nil {
			t.Errorf("%+v", s)
		}
	}
	if s, _ := npd.Standing(t.Context(), inn); s == nil || s.Bound {
		t.Errorf("the other person is bound: %+v", s)
	}
	order = requested(t, npd, port.BindRequest{INN: inn, Permissions: wanted}) // and then everything of the person is erased
	for range 2 {
		_, a := npd.Bound(t.Context(), order, "")
		want(t, "Bound of nobody", a, port.Refused)
	}
	if s, _ := npd.Standing(t.Context(), inn); s == nil || s.Bound {
		t.Errorf("an erased person is bound: %+v", s)
	}
}

func npdStandings(t *testing.T, npd port.NPD, fake NPDFake) {
	for standing, wants := range map[Standing]port.Standing{
		Willing: {Registered: true, Bound: true}, NoPermission: {Registered: true, Bound: true, Code: "PERMISSION_NOT_GRANTED"},
		Unbound: {Registered: true, Code: "TAXPAYER_UNBOUND"}, Stranger: {Code: "TAXPAYER_UNREGISTERED"}, Left: {Bound: true, Code: "TAXPAYER_UNREGISTERED"},
	} {
		fake.Person(t, npdPerson(1), standing)
		s, a := npd.Standing(t.Context(), npdPerson(1))
		want(t, string(standing), a, port.Done)
		if s == nil || s.Registered != wants.Registered || s.Bound != wants.Bound || s.Code != wants.Code {
			t.Errorf("%s: %+v", standing, s)
		}
	}
}

// Whatever is no answer is Unknown, of every question.
func npdInDoubt(t *testing.T, npd port.NPD, fake NPDFake) {
	inn := npdPerson(1)
	fake.Person(t, inn, Unbound)
	order := requested(t, npd, port.BindRequest{INN: inn, Permissions: wanted})
	for op, question := range map[string]func() port.Answer{
		"bind": func() port.Answer {
			_, _, a := npd.Bind(t.Context(), port.BindRequest{INN: inn, Permissions: wanted})
			return a
		},
		"bind_status": func() port.Answer { _, a := npd.Bound(t.Context(), order, inn); return a },
		"status":      func() port.Answer { _, a := npd.Standing(t.Context(), inn); return a },
		"leavers": func() port.Answer {
			_, _, a := npd.Leavers(t.Context(), time.Unix(0, 0), time.Unix(1, 0), 0, 10)
			return a
		},
		"unbind":      func() port.Answer { return npd.Unbind(t.Context(), inn) },
		"inn_changes": func() port.Answer { _, _, a := npd.INNChanges(t.Context(), 0, 10); return a },
	} {
		for _, rule := range []stage.Rule{
			{Fault: stage.Silent, DelayMS: 1}, {Fault: stage.Error}, {Fault: stage.InProgress, Polls: 100}, {Fault: stage.Lost, Posts: 99},
			{Fault: stage.UnknownStatus, Status: "FROZEN"}, {Fault: stage.Refuse, Code: "INTERNAL_ERROR"}, {Fault: stage.Refuse, Code: "BRAND_NEW"}, {Fault: stage.Refuse, Code: "PARTNER_DENY"},
		} {
			rule.Op = op
			fake.Script(t, rule)
			want(t, fmt.Sprintf("%s, %s %s", op, rule.Fault, rule.Code), question(), port.Unknown)
		}
	}
	fake.Script(t)
	if s, a := npd.Bound(t.Context(), order, inn); a.Result != port.Done || s != nil {
		t.Errorf("doubt answered for the person: %+v %+v", s, a)
	}
}

func npdLeavers(t *testing.T, npd port.NPD, fake NPDFake) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	want7 := map[string]bool{}
	for n := range uint64(7) {
		fake.Left(t, npdPerson(n), at.Add(time.Duration(n)*time.Minute))
		want7[npdPerson(n)] = n < 5
	}
	var found []string
	for offset := 0; ; offset += 2 {
		list, more, a := npd.Leavers(t.Context(), at, at.Add(5*time.Minute), offset, 2)
		want(t, "Leavers", a, port.Done)
		for _, l := range list {
			if found = append(found, l.INN); !want7[l.INN] || l.At.Before(at) {
				t.Errorf("%+v", l)
			}
		}
		if !more {
			break
		}
	}
	if slices.Sort(found); len(slices.Compact(found)) != 5 {
		t.Errorf("%d found", len(found))
	}
}

func npdINNChanges(t *testing.T, npd port.NPD, fake NPDFake) {
	for n := range uint64(3) {
		fake.Renamed(t, npdPerson(n), npdPerson(n+100))
	}
	found := map[string]string{}
	for offset := int64(0); ; {
		list, next, a := npd.INNChanges(t.Context(), offset, 2)
		want(t, "INNChanges", a, port.Done)
		if len(list) == 0 {
			if next != offset {
				t.Errorf("nothing new, and the offset goes from %d to %d", offset, next)
			}
			break
		}
		for _, c := range list {
			found[c.Previous] = c.INN
		}
		offset = next
	}
	for n := range uint64(3) {
		if found[npdPerson(n)] != npdPerson(n+100) {
			t.Errorf("%v", found)
		}
	}
}
