package closing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

const company = "company-1"

func act(event string, body []byte) flowtest.Act {
	return flowtest.Act{Name: event, Command: flow.Command{Event: event, Actor: "support", Body: body}}
}

func opened(from string) flowtest.Act {
	return act(Open, flow.Bytes(&flowv1.ClosingOpen{FromMonth: from}))
}

func looked(from, day string) flowtest.Act {
	a := act(Look, flow.Bytes(&flowv1.ClosingLook{FromMonth: from}))
	a.Day = day
	return a
}

// drawn is the document whose turn it is: books that changed under every second month.
func drawn(t flowtest.Try, r port.Result, a *port.Answer) {
	var ask flowv1.ClosingAsk
	if err := proto.Unmarshal(t.Effect.Body, &ask); err != nil {
		panic(err)
	}
	if r != port.Done || t.Effect.Number%3 == 0 {
		return
	}
	known := map[string]*flowv1.ClosingDocument{}
	for _, d := range ask.Documents {
		known[d.Month] = d
	}
	for month := ask.FromMonth; month <= ask.ToMonth; month = After(month) {
		d := &flowv1.ClosingDocument{Month: month, Day: ask.Day, PdfSha256: fmt.Sprint("pdf", t.Effect.Number), CsvSha256: "csv", Number: max(1, ask.Numbers[year(month)])}
		if was := known[month]; was != nil {
			if was.Day == ask.Day {
				continue
			}
			d.Number, d.Correction = was.Number, was.Correction+1
		}
		a.Body = string(flow.Bytes(d))
		return
	}
}

func spec() flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: company, Day: "2026-11-23", Attempts: 5, Reply: drawn, Law: numbered,
		Acts: []flowtest.Act{opened("2026-11"), looked("", "2026-12-03"), looked("2026-10", "2027-02-03"), looked("2026-13", "")},
	}
}

// numbered is the law of numbers: 1, 2, 3 of each year in the order of issue, corrections
// beside their first document, and nothing that was issued changes.
func numbered(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.ClosingData{})
	next, last := map[string]uint32{}, map[string]*flowv1.ClosingDocument{}
	for _, o := range d.Documents {
		switch was := last[o.Month]; {
		case was == nil && (o.Correction != 0 || o.Number != next[year(o.Month)]+1):
			return fmt.Errorf("%s is number %d correction %d, number %d was the last", o.Month, o.Number, o.Correction, next[year(o.Month)])
		case was == nil:
			next[year(o.Month)]++
		case o.Number != was.Number || o.Correction != was.Correction+1:
			return fmt.Errorf("correction %d of %s has number %d, behind correction %d of number %d", o.Correction, o.Month, o.Number, was.Correction, was.Number)
		}
		last[o.Month] = o
	}
	if w.View.State == Waiting && (d.LookFrom != "" || !strings.Contains(fmt.Sprint(w.Timers), monthOver)) {
		return fmt.Errorf("waits with the look %q and the timers %v", d.LookFrom, w.Timers)
	}
	return nil
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "closing.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	flowtest.Covered(t, it, flowtest.Explore(t, spec()))
}

// What does not fit the ask that is open is not issued.
func TestOnlyTheDocumentWhoseTurnItIs(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*flowv1.ClosingDocument){
		"another month":   func(d *flowv1.ClosingDocument) { d.Month = "2026-12" },
		"a number later":  func(d *flowv1.ClosingDocument) { d.Number = 2 },
		"a correction":    func(d *flowv1.ClosingDocument) { d.Correction = 1 },
		"another day":     func(d *flowv1.ClosingDocument) { d.Day = "2026-12-04" },
		"without a file":  func(d *flowv1.ClosingDocument) { d.PdfSha256 = "" },
		"without a sheet": func(d *flowv1.ClosingDocument) { d.CsvSha256 = "" },
	} {
		s := spec()
		s.Reply = func(_ flowtest.Try, _ port.Result, a *port.Answer) {
			d := &flowv1.ClosingDocument{Month: "2026-11", Number: 1, Day: "2026-12-03", PdfSha256: "p", CsvSha256: "c"}
			change(d)
			a.Body = string(flow.Bytes(d))
		}
		w := flowtest.NewWorld(&s)
		for _, a := range s.Acts[:2] {
			if _, refusal, err := w.Do(a); refusal != nil || err != nil {
				t.Fatal(refusal, err)
			}
		}
		m, refusal, err := w.Answer(w.Tries[0], port.Done, "")
		if refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
		d := flow.ReadData(w.View, &flowv1.ClosingData{})
		if m.On != drawRefused || len(d.Documents) != 0 || d.ErrorCode != string(fault.Malformed) {
			t.Errorf("%s: %s, %v", name, m.On, d)
		}
	}
}

// The looks of a company are on the 3rd of a month in Moscow, in the night, and not before a
// month of it is over.
func TestLooksAreOnTheThird(t *testing.T) {
	t.Parallel()
	msk := time.FixedZone("MSK", 3*60*60)
	for _, tc := range []struct{ clock, from, first, next string }{
		{"2026-11-23T12:00:00+03:00", "2026-11", "2026-12-03", "2026-12-03"},
		{"2026-12-31T23:59:59+03:00", "2026-12", "2027-01-03", "2027-01-03"},
		{"2026-12-01T00:00:00+03:00", "2026-10", "2026-12-03", "2026-12-03"}, // a company from before there were documents
		{"2026-12-20T12:00:00+03:00", "2026-10", "2026-12-21", "2027-01-03"},
		{"2026-12-02T23:59:59+03:00", "2026-11", "2026-12-03", "2026-12-03"},
		{"2026-12-03T07:00:00+03:00", "2026-11", "2026-12-04", "2027-01-03"},
	} {
		clock, err := time.Parse(time.RFC3339, tc.clock)
		if err != nil {
			t.Fatal(err)
		}
		s := &step{view: flow.View{ID: company, Clock: clock}, data: &flowv1.ClosingData{FromMonth: tc.from}}
		for at, want := range map[time.Time]string{s.first(): tc.first, nextMonth(company, clock): tc.next} {
			if in := at.In(msk); in.Format(time.DateOnly) != want || in.Hour() >= 6 || !at.After(clock) {
				t.Errorf("at %s of %s: %s, want %s", tc.clock, tc.from, in, want)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	try := func(a flowtest.Act, code fault.Code, field string) {
		t.Helper()
		_, refusal, _ := w.Do(a)
		if refusal == nil || refusal.Code != code || refusal.Field != field {
			t.Errorf("%s: %v, want %s of %s", a.Name, refusal, code, field)
		}
	}
	try(looked("", ""), fault.NotFound, "id")
	try(opened("2026-1"), fault.Malformed, "from_month")
	try(opened(""), fault.Malformed, "from_month")
	for _, a := range []flowtest.Act{opened("2026-11"), looked("", "2026-12-03")} {
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
	}
	try(looked("", ""), fault.WrongState, "event")
}
