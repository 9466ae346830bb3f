package remittance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

const (
	id    = "ndfl-2026-11-1"
	later = "ndfl-2026-10-2" // a period that an offset pays: over on every day of the tests
)

func act(event string, m proto.Message) flowtest.Act {
	c := flow.Command{Event: event, Actor: "finance"}
	if m != nil {
		c.Body = flow.Bytes(m)
	}
	return flowtest.Act{Name: event, Command: c}
}

func spec(sum string) flowtest.Spec {
	flips := 2
	if testing.Short() {
		flips = 1
	}
	return flowtest.Spec{
		Flow: it, ID: id, Day: "2026-11-23", Owners: map[string]string{"order": id, "period": id},
		Acts: []flowtest.Act{
			act(Order, &flowv1.RemittanceOrder{Amount: sum}), act(Retry, nil), act(Cancel, &flowv1.RemittanceCancel{Reason: "letter-7"}),
		},
		Once: []string{pay}, Law: law, Attempts: 3, Flips: flips,
	}
}

// law: the accounts are what the order says, and the bank account has moved by the amount
// once for every payment that the bank's last word says is out; nobody gives back what was not
// paid twice.
func law(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.RemittanceData{})
	want := map[string]money.Amount{
		"remitting:" + id: amount(d.Reserved).Neg(), "claim:" + id: amount(d.Claimed), "claim:enp": amount(d.Overpaid),
		"bank:settlement": money.Zero, "enp:" + later: money.Zero,
	}
	out, known := 0, amount(d.Overpaid)
	for _, g := range d.Given {
		known = known.Add(amount(g.Amount))
		account := "claim:enp" // the line books what came back
		if g.Period != "" {
			account = "enp:" + g.Period
		}
		want[account] = want[account].Add(amount(g.Amount))
	}
	if d.Settled || d.Claimed != "" {
		known = known.Add(amount(d.Amount))
	}
	for _, try := range w.Tries {
		if try.Last == port.Done {
			want["bank:settlement"] = want["bank:settlement"].Sub(amount(d.Amount))
			out++
		}
	}
	if last := w.Way.Act; (strings.HasPrefix(last, Refund) || strings.HasPrefix(last, Offset)) && amount(d.Overpaid).Sign() < 0 {
		return fmt.Errorf("%s was given back that the budget did not have", amount(d.Overpaid).Neg())
	} else if strings.HasPrefix(last, Repay) && amount(d.Overpaid).Sign() > 0 {
		return fmt.Errorf("%s was paid again that was not owed", amount(d.Overpaid))
	}
	if want["bank:settlement"].Add(known).Sign() != 0 { // what is out is the tax, paid twice, or given back
		return fmt.Errorf("%d payments are out, the order says %s", out, known)
	}
	for account, sum := range want {
		if !w.Balance(account).Equal(sum) {
			return fmt.Errorf("%s holds %s, the order says %s", account, w.Balance(account), sum)
		}
	}
	paid := w.View.State == Paid
	if pool := w.Balance("enp:" + id); paid != pool.Equal(amount(d.Amount)) && w.View.State != Paying {
		return fmt.Errorf("the pool has moved by %s in %s", pool, w.View.State)
	}
	if paid != (d.PaidDay != "") || paid != d.Settled && w.View.State != Paying || w.View.State == Canceled && out > 0 {
		return fmt.Errorf("%s on %q with %d payments out", w.View.State, d.PaidDay, out)
	}
	return nil
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "remittance.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	owed := npdSpec("6.38", "6.38")
	owed.Acts, owed.Flips, owed.Attempts = append(owed.Acts, act(Refund, &flowv1.RemittanceRefund{Remittance: npdID, Line: "l1", Amount: "6.38"})), 1, 3
	owed.Given = func(w *flowtest.World) int { return len(flow.ReadData(w.View, &flowv1.RemittanceData{}).Given) }
	flowtest.Covered(t, it, flowtest.Explore(t, owed), flowtest.Explore(t, spec("130.00")), flowtest.Explore(t, npdSpec("6.38", "6.38")), flowtest.Explore(t, npdSpec("6.38")),
		flowtest.Explore(t, npdSpec("6.38", "6.39")), flowtest.Explore(t, npdSpec("6.38", "6.38", "6.38")),
		flowtest.Explore(t, ownSpec()), flowtest.Explore(t, ownSpec("6.39")), flowtest.Explore(t, twiceSpec("130.00", "80.00", "130.00")))
}

// twiceSpec is an order that the bank pays twice, and of which the budget gives back this much
// by a refund and that much by an offset, as often as it has it.
func twiceSpec(sum, refund, offset string) flowtest.Spec {
	s := spec(sum)
	s.Acts = append(s.Acts, act(Refund, &flowv1.RemittanceRefund{Remittance: id, Line: "l1", Amount: refund}),
		act(Offset, &flowv1.RemittanceOffset{Period: later, Amount: offset}), act(Repay, &flowv1.RemittanceRepay{Period: later, Amount: refund}))
	s.Flips = 1
	return s
}

// ownSpec is a person who pays by himself, found out at once, or after the tax service has
// said these sums.
func ownSpec(said ...string) flowtest.Spec {
	s := npdSpec("6.38", said...)
	s.Acts = append(s.Acts, act(OrderOwn, &flowv1.RemittanceOwn{Amount: "6.38", RequisitesVersion: 2}))
	s.Once = []string{pay, give}
	return s
}

const npdID = "npd-2026-11.executor-9"

// npdSpec is an order of NPD about which the tax service says these sums.
func npdSpec(sum string, said ...string) flowtest.Spec {
	s := spec(sum)
	s.ID, s.Day = npdID, "2026-12-13"
	s.Owners = map[string]string{"order": npdID, "executor": "executor-9", "period": "npd-2026-11"}
	s.Acts = append(s.Acts, act(OrderNPD, &flowv1.RemittanceNpd{Amount: sum}))
	s.Attempts, s.Law = 2, npdLaw
	s.Reply = func(try flowtest.Try, r port.Result, a *port.Answer) {
		if try.Effect.Ask != find || r != port.Done {
			return
		}
		all := &flowv1.TaxDocuments{}
		for _, sum := range said {
			all.Documents = append(all.Documents, &flowv1.TaxDocument{Uin: "18207700230000000017", Amount: sum, DueDay: "2026-12-28"})
		}
		a.Body = string(flow.Bytes(all))
	}
	return s
}

// npdLaw: what is held for the person has moved by what is set aside, claimed and paid; the
// bank has moved only by a document of the sum that is held, or to the person.
func npdLaw(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.RemittanceData{})
	want := map[string]money.Amount{
		"remitting:" + npdID: amount(d.Reserved).Neg(), "claim:" + npdID: amount(d.Claimed), "bank:settlement": money.Zero,
		"claim:enp": money.Zero, "claim:executor-9": money.Zero, // who has it twice owes it back
	}
	twice := "claim:enp"
	if d.RequisitesVersion > 0 {
		twice = "claim:executor-9"
	}
	want[twice] = amount(d.Overpaid)
	for _, g := range d.Given { // the line books what came back
		want[twice] = want[twice].Add(amount(g.Amount))
	}
	for _, try := range w.Tries {
		if (try.Effect.Ask == pay || try.Effect.Ask == give) && try.Last == port.Done {
			want["bank:settlement"] = want["bank:settlement"].Sub(amount(d.Amount))
		}
		if try.Effect.Ask == pay && (len(d.Documents) != 1 || d.Documents[0].GetAmount() != d.Amount) {
			return fmt.Errorf("paid without a document of the sum: %v", d.Documents)
		}
	}
	held := money.Zero
	for account, sum := range want {
		if !w.Balance(account).Equal(sum) {
			return fmt.Errorf("%s holds %s, the order says %s", account, w.Balance(account), sum)
		}
		held = held.Sub(sum)
	}
	if got := w.Balance("tax-npd:executor-9:remitted"); !got.Equal(held) {
		return fmt.Errorf("of the person's tax %s was passed on, want %s", got, held)
	}
	return nil
}

func TestRandomWalks(t *testing.T) {
	t.Parallel()
	flowtest.Walk(t, func(rt *rapid.T) flowtest.Spec {
		sum := func(name string) string {
			return money.RUB.Format(money.New(rapid.Int64Range(1, 1<<50).Draw(rt, name), 2))
		}
		return twiceSpec(sum("kopecks"), sum("refund"), sum("offset"))
	})
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, flowtest.Script{Spec: spec("130.00"), Command: command, Show: show})
}

// command reads: order SUM, retry, cancel REASON, refund LINE SUM, offset PERIOD SUM.
func command(_ *flowtest.World, words []string) (flow.Command, error) {
	switch {
	case words[0] == Retry:
		return act(Retry, nil).Command, nil
	case words[0] == Refund && len(words) == 3:
		return act(Refund, &flowv1.RemittanceRefund{Remittance: id, Line: words[1], Amount: words[2]}).Command, nil
	case words[0] == Offset && len(words) == 3:
		return act(Offset, &flowv1.RemittanceOffset{Period: words[1], Amount: words[2]}).Command, nil
	case words[0] == Repay && len(words) == 3:
		return act(Repay, &flowv1.RemittanceRepay{Period: words[1], Amount: words[2]}).Command, nil
	case len(words) != 2:
		return flow.Command{}, fmt.Errorf("order SUM, retry, cancel REASON, refund LINE SUM, offset PERIOD SUM, repay PERIOD SUM")
	case words[0] == Order:
		return act(Order, &flowv1.RemittanceOrder{Amount: words[1]}).Command, nil
	}
	return act(words[0], &flowv1.RemittanceCancel{Reason: words[1]}).Command, nil
}

// show tells what finance asks about an order.
func show(data []byte) []string {
	d := flow.ReadData(flow.View{Data: data}, &flowv1.RemittanceData{})
	lines := []string{fmt.Sprintf("%s of %s, due %s, paid %q, error %q", d.Amount, d.Period, d.DueDay, d.PaidDay, d.ErrorCode)}
	for _, a := range d.Attempts {
		lines = append(lines, fmt.Sprintf("attempt %d to %s: %s", a.Number, a.Requisites, a.Result))
	}
	for _, g := range d.Given {
		lines = append(lines, fmt.Sprintf("given back %s on %s by line %q, period %q; %q left", g.Amount, g.Day, g.LineId, g.Period, d.Overpaid))
	}
	return lines
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		id, day, sum string
		code         fault.Code
		field        string
	}{
		"no sum":           {id, "2026-11-23", "", fault.AmountInvalid, "amount"},
		"zero":             {id, "2026-11-23", "0.00", fault.AmountInvalid, "amount"},
		"kopeck parts":     {id, "2026-11-23", "0.001", fault.AmountInvalid, "amount"},
		"no period":        {"november", "2026-11-23", "1.00", fault.Malformed, "id"},
		"a third half":     {"ndfl-2026-11-3", "2026-12-23", "1.00", fault.Malformed, "id"},
		"before its end":   {id, "2026-11-22", "1.00", fault.Malformed, "id"},
		"a first number":   {id + ".1", "2026-11-23", "1.00", fault.Malformed, "id"},
		"a strange number": {id + ".02", "2026-11-23", "1.00", fault.Malformed, "id"},
		"npd as a pool":    {"npd-2026-10", "2026-11-23", "1.00", fault.Malformed, "id"},
		"before the rules": {"contributions-2022-11", "2026-11-23", "1.00", fault.Malformed, "id"},
	} {
		s := spec(tc.sum)
		s.ID, s.Day, s.Law = tc.id, tc.day, nil
		_, refusal, _ := flowtest.NewWorld(&s).Do(s.Acts[0])
		if refusal == nil || refusal.Code != tc.code || refusal.Field != tc.field {
			t.Errorf("%s: %v, want %s of %s", name, refusal, tc.code, tc.field)
		}
	}
	s := spec("1.00")
	s.ID, s.Law = id+".2", nil
	if m, refusal, err := flowtest.NewWorld(&s).Do(s.Acts[0]); refusal != nil || err != nil || m.Entry[0].Account != "enp:"+id || m.Entry[1].Account != "remitting:"+id+".2" {
		t.Errorf("a second order: %+v %v %v", m, refusal, err)
	}
}

func TestRefusalsOfNPD(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		id, day, sum string
		field        string
	}{
		"nobody": {"npd-2026-11", "2026-12-13", "1.00", "id"}, "no month": {"npd-2026.executor-9", "2026-12-13", "1.00", "id"},
		"not over": {npdID, "2026-11-30", "1.00", "id"}, "zero": {npdID, "2026-12-13", "0.00", "amount"}, "another tax": {"ndfl-2026-11-1.executor-9", "2026-12-13", "1.00", "id"},
	} {
		s := npdSpec(tc.sum)
		s.ID, s.Day, s.Law = tc.id, tc.day, nil
		_, refusal, _ := flowtest.NewWorld(&s).Do(s.Acts[len(s.Acts)-1])
		if refusal == nil || refusal.Field != tc.field {
			t.Errorf("%s: %v", name, refusal)
		}
	}
	// January's NPD is due on 2 March 2026: a document of 28 February is its own.
	for name, tc := range map[string]struct {
		body  *flowv1.RemittanceOwn
		field string
	}{
		"no requisites": {&flowv1.RemittanceOwn{Amount: "6.38"}, "requisites_version"}, "nothing held": {&flowv1.RemittanceOwn{RequisitesVersion: 2}, "amount"},
	} {
		s := ownSpec()
		s.Law = nil
		if _, refusal, _ := flowtest.NewWorld(&s).Do(act(OrderOwn, tc.body)); refusal == nil || refusal.Field != tc.field {
			t.Errorf("%s: %v", name, refusal)
		}
	}
	s := npdSpec("6.38")
	s.ID, s.Day, s.Law = "npd-2026-01.executor-9", "2026-02-13", nil
	m, refusal, err := flowtest.NewWorld(&s).Do(s.Acts[len(s.Acts)-1])
	var ask flowv1.TaxDocumentAsk
	if refusal != nil || err != nil || proto.Unmarshal(m.Effects[0].Body, &ask) != nil || ask.FromDay != "2026-02-01" || ask.ToDay != "2026-03-02" || ask.ExecutorId != "executor-9" {
		t.Errorf("%v %v %v", refusal, err, &ask)
	}
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind  Kind
		month string
		want  string // id from to due, whether the calendar is known
	}{
		{NDFL, "2026-11", "ndfl-2026-11-1 2026-11-01 2026-11-22 2026-11-30 true, ndfl-2026-11-2 2026-11-23 2026-11-30 2026-12-07 true"}, // 28 Saturday; 5 Saturday
		{NDFL, "2026-12", "ndfl-2026-12-1 2026-12-01 2026-12-22 2026-12-28 true, ndfl-2026-12-2 2026-12-23 2026-12-31 2026-12-30 true"}, // 31 is a day off
		{NDFL, "2025-12", "ndfl-2025-12-1 2025-12-01 2025-12-22 2025-12-29 true, ndfl-2025-12-2 2025-12-23 2025-12-31 2025-12-30 true"},
		{NDFL, "2026-04", "ndfl-2026-04-1 2026-04-01 2026-04-22 2026-04-28 true, ndfl-2026-04-2 2026-04-23 2026-04-30 2026-05-05 true"},
		{NDFL, "2024-02", "ndfl-2024-02-1 2024-02-01 2024-02-22 2024-02-28 false, ndfl-2024-02-2 2024-02-23 2024-02-29 2024-03-05 false"}, // a leap year
		{Contributions, "2026-01", "contributions-2026-01 2026-01-01 2026-01-31 2026-03-02 true"},                                         // 28 February is a Saturday
		{Contributions, "2026-12", "contributions-2026-12 2026-12-01 2026-12-31 2027-01-28 false"},
	} {
		all, refusal := PeriodsOf(tc.kind, tc.month)
		if refusal != nil {
			t.Fatal(refusal)
		}
		var got []string
		for _, p := range all {
			got = append(got, fmt.Sprintf("%s %s %s %s %t", p.ID, p.From, p.To, p.Due, p.Calendar))
			if again, refusal := ParsePeriod("id", p.ID); refusal != nil || again != p {
				t.Errorf("%s is read as %+v, %v", p.ID, again, refusal)
			}
			if again, refusal := ParseOrder("id", p.Order(12)); refusal != nil || again != p {
				t.Errorf("%s is read as %+v, %v", p.Order(12), again, refusal)
			}
		}
		if text := strings.Join(got, ", "); text != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.kind, tc.month, text, tc.want)
		}
	}
	for _, wrong := range []string{"", "ndfl", "ndfl-2026-11", "ndfl-2026-11-", "ndfl-2026-13-1", "npd-2026-11-1", "contributions-2026-11-1", "ndfl-2026-11-1-1", "ndfl-2023-11-1"} {
		if p, refusal := ParsePeriod("id", wrong); refusal == nil {
			t.Errorf("%q is read as %+v", wrong, p)
		}
	}
}

// Every day is in one period of each kind at most, and no due day is before the period's
// last but that of December, nor a day off.
func TestPeriodsOfManyYears(t *testing.T) {
	t.Parallel()
	for year := 2024; year < 2040; year++ {
		for month := 1; month <= 12; month++ {
			for _, kind := range Kinds() {
				all, refusal := PeriodsOf(kind, fmt.Sprintf("%d-%02d", year, month))
				if refusal != nil {
					t.Fatal(refusal)
				}
				before := ""
				for _, p := range all {
					december := kind == NDFL && month == 12 && p.From > fmt.Sprintf("%d-12-22", year)
					if p.From <= before || p.To < p.From || (p.Due <= p.To) != december {
						t.Errorf("%+v", p)
					}
					before = p.To
				}
				if end := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC); all[0].From[8:] != "01" || before != end.Format(time.DateOnly) {
					t.Errorf("%s %d-%d: %+v", kind, year, month, all)
				}
			}
		}
	}
}

func TestBrokenTablesAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to, want string }{
		"unknown kind":  {"| 2023-01-01 | — | contributions |", "| 2023-01-01 | — | vat |", "unknown kind"},
		"months":        {"| 1-11 |", "| 1-12 |", "overlaps"},
		"first day":     {"| 23 | last | 1-11 |", "| 32 | last | 1-11 |", "First"},
		"moves":         {"| 28 | later | НК РФ, ст. 226", "| 28 | sideways | НК РФ, ст. 226", "moves"},
		"due in":        {"| next | 5 |", "| soon | 5 |", "due in"},
		"kbk":           {"18201061201010000510", "1820106120101000051", "KBK"},
		"inn":           {"7727406020", "7727406021", "INN"},
		"account key":   {"40102810445370000059", "40102810545370000059", "key"},
		"holiday":       {"| 01-01 | 01-08 |", "| 01-08 | 01-01 |", "before they begin"},
		"moved":         {"| 2026-01-09 | off |", "| 2026-01-09 | dunno |", "neither off nor working"},
		"moved twice":   {"| 2026-01-09 | off |", "| 2026-12-31 | off |", "twice"},
		"day":           {"| 2026-01-09 | off |", "| 2026-01-32 | off |", "not YYYY-MM-DD"},
		"another row":   {"## Holidays", "| 2026-01-01 | — | enp | X | 7727406020 | 770801001 | 017003983 | Y | 40102810445370000059 | 03100643000000018500 | 01 | 18201061201010000510 | 0 | Z | Q |\n\n## Holidays", "overlaps"},
		"no requisites": {"## Requisites", "## Requisits", "Requisites"},
	} {
		if !strings.Contains(document, tc.from) {
			t.Fatalf("%s: nothing to replace", name)
		}
		text := document
		if name == "another row" {
			text = strings.Replace(text, "реквизиты ФНС |\n\n## Holidays", "реквизиты ФНС |\n"+tc.to, 1)
		} else {
			text = strings.Replace(text, tc.from, tc.to, 1)
		}
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), file) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// A row dated ahead takes effect on its day.
func TestRequisitesAheadTakeEffectOnTheirDay(t *testing.T) {
	t.Parallel()
	row := "| 2023-01-01 | — | enp |"
	old := document[strings.Index(document, row):]
	old = old[:strings.Index(old, "\n")]
	next := strings.Replace(strings.Replace(old, row, "| 2027-07-01 | — | enp |", 1), "| 01 |", "| 02 |", 1)
	text := strings.Replace(document, old, strings.Replace(old, row, "| 2023-01-01 | 2027-06-30 | enp |", 1)+"\n"+next, 1)
	parsed, err := parse(text)
	if err != nil || len(parsed.requisites) != 2 {
		t.Fatal(err, len(parsed.requisites))
	}
	for day, want := range map[string]string{"2027-06-30": "enp@2023-01-01", "2027-07-01": "enp@2027-07-01", "2022-12-31": ""} {
		got := ""
		for _, r := range parsed.requisites {
			if r.From <= day && (r.To == "" || day <= r.To) {
				got += r.ID()
			}
		}
		if got != want {
			t.Errorf("on %s %q, want %q", day, got, want)
		}
	}
	if _, refusal := RequisitesOn("2022-12-31"); refusal == nil || refusal.Code != fault.TaxRuleMissing {
		t.Errorf("%v", refusal)
	}
	if r, ok := LookupRequisites("enp@2023-01-01"); !ok || r.Budget.KBK != "18201061201010000510" {
		t.Errorf("%+v", r)
	}
}

// Due, over random withholdings, returns and remittances of two periods: nobody's tax is
// remitted beyond what was withheld, a second run right after the first finds nothing, and
// once every period is remitted and nothing is returned afterwards, all that is held is gone.
func TestDueOfRandomYears(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var byPeriod []int64 // what was withheld, less what was returned, by the period of the entry
		var remitted int64
		remit := func(upto int) {
			var atEnd, now int64
			for i, sum := range byPeriod {
				if now += sum; i <= upto {
					atEnd += sum
				}
			}
			due := Due(money.New(atEnd, 2), money.New(now, 2), money.New(remitted, 2))
			want := max(min(atEnd, now)-remitted, 0)
			if !due.Equal(money.New(want, 2)) {
				rt.Fatalf("due %s, want %d", due, want)
			}
			if remitted += want; want > 0 && (remitted > now || remitted > atEnd) {
				rt.Fatalf("remitted %d of %d at the end, %d now", remitted, atEnd, now)
			}
			if again := Due(money.New(atEnd, 2), money.New(now, 2), money.New(remitted, 2)); !again.IsZero() {
				rt.Fatalf("a second run finds %s", again)
			}
		}
		for period := range rapid.IntRange(1, 6).Draw(rt, "periods") {
			byPeriod = append(byPeriod, 0)
			for range rapid.IntRange(0, 5).Draw(rt, "entries") {
				sum := rapid.Int64Range(0, 1000).Draw(rt, "withheld")
				byPeriod[period] += sum
				if rapid.Bool().Draw(rt, "returned") {
					byPeriod[period] -= sum
				}
			}
			if late := rapid.IntRange(0, period).Draw(rt, "remit"); rapid.Bool().Draw(rt, "run") {
				remit(late)
			}
		}
		remit(len(byPeriod) - 1)
		var held int64
		for _, sum := range byPeriod {
			held += sum
		}
		if held != remitted {
			rt.Fatalf("held %d, remitted %d", held, remitted)
		}
	})
}
