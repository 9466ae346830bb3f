package taxpayer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// look tells the person that his months may be seen; answer gives him the service's word.
func (p *person) look() { p.must(flow.Command{Event: Look, Actor: "effect"}) }

// answer gives the service's word on a question: kopecks by month, or one sum of all its months.
func (p *person) answer(number uint32, sums ...int64) {
	said := &flowv1.NpdAnswer{}
	for _, sum := range sums {
		said.Incomes = append(said.Incomes, kopecks(sum))
	}
	if q := p.data().GetAsking(); len(sums) == 1 {
		for range q.GetUntil() - q.GetMonth() {
			said.Incomes = append(said.Incomes, "0.00")
		}
	}
	p.must(flow.Command{Event: incomeDone, Actor: "effect", Number: number, Answer: &port.Answer{Result: port.Done, Body: string(flow.Bytes(said))}})
}

func (p *person) must(c flow.Command) {
	m, refusal := it.Step(p.view, c)
	if refusal != nil {
		panic(refusal)
	}
	p.take(m)
}

// bureau is the tax service's own book of one person, in kopecks: what we registered, and what
// others did; and what of ours is still on its way to us.
type bureau struct {
	t *rapid.T
	p *person

	others  map[uint32]*[12]int64        // by year and month
	tasks   map[string]*flowv1.YearShare // as the task knows them
	stands  map[string]*flowv1.YearShare // receipts
	facts   []telling
	heard   map[string]int // tellings by task
	said    map[string]int
	words   []sentence
	number  int
	believe sentence // the word that counts, of its year
}

// telling is a fact of a task on its way, and which of the task's it is.
type telling struct {
	task string
	nth  int
	c    *flowv1.TaxpayerChange
}

// sentence is a word of the service: about which question, and what was true then.
type sentence struct {
	number, year uint32
	months       []int64
	others       int64 // of the year up to the last month
}

func (b *bureau) tell(task string, now *flowv1.YearShare) {
	b.facts = append(b.facts, telling{task, b.said[task], &flowv1.TaxpayerChange{Task: task, Was: b.tasks[task], Now: now}})
	b.said[task]++
	if b.tasks[task] = now; now == nil {
		delete(b.tasks, task)
	}
}

// months are what is registered of a year's months, 1 to 12.
func (b *bureau) months(year, from, to uint32) (sums []int64) {
	for m := from; m <= to; m++ {
		sum := b.of(year)[m-1]
		for _, s := range b.stands {
			if s.GetYear() == year && strings.HasPrefix(s.GetDay(), fmt.Sprintf("%d-%02d", year, m)) {
				sum += inKopecks(s.GetGross())
			}
		}
		sums = append(sums, sum)
	}
	return sums
}

// of is what others have registered, by month.
func (b *bureau) of(year uint32) *[12]int64 {
	if b.others[year] == nil {
		b.others[year] = &[12]int64{}
	}
	return b.others[year]
}

// upTo is what others have registered of a year's first months.
func (b *bureau) upTo(year, month uint32) (sum int64) {
	for _, of := range b.of(year)[:month] {
		sum += of
	}
	return sum
}

func inKopecks(amount string) int64 {
	return rat(amount).Num().Int64() * 100 / rat(amount).Denom().Int64()
}

// hear has the person hear one fact, in any order.
func (b *bureau) hear(i int) {
	f := b.facts[i]
	if _, refusal := b.p.change(f.c); refusal != nil {
		b.t.Fatal(refusal)
	}
	b.facts = slices.Delete(b.facts, i, i+1)
	if b.heard[f.task]++; f.nth != b.heard[f.task]-1 {
		b.heard[f.task] += 1000 // out of its order: nothing is checked until all is heard
	}
}

// settled says whether what was heard of every task is what the task said at some time.
func (b *bureau) settled() bool {
	return !slices.ContainsFunc(slices.Collect(maps.Values(b.heard)), func(n int) bool { return n >= 1000 })
}

// word has the service answer the open question as things are.
func (b *bureau) word() {
	if q := b.p.data().GetAsking(); q != nil {
		b.words = append(b.words, sentence{q.GetNumber(), q.GetYear(), b.months(q.GetYear(), q.GetMonth(), q.GetUntil()), b.upTo(q.GetYear(), q.GetUntil())})
	}
}

// deliver brings a word, the first time or again.
func (b *bureau) deliver(w sentence) {
	before := b.p.data()
	b.p.answer(w.number, w.months...)
	after := b.p.data()
	open := before.GetAsking().GetNumber() == w.number && before.GetAsking() != nil
	year := YearOf(after, w.year)
	if !open && !proto.Equal(before.GetAsking(), after.GetAsking()) || !open && year != YearOf(before, w.year) {
		b.t.Fatalf("a word that nobody waited for changed something: %v", after)
	}
	if !open || after.GetDoubts() > 0 || year.ElsewhereAt != before.GetAsking().GetAt() {
		return
	}
	b.believe = w
	if before.GetDoubts() < mostDoubts-1 && inKopecks(year.Elsewhere) > w.others {
		b.t.Fatalf("%s are elsewhere by a sure word, %d kopecks in truth", year.Elsewhere, w.others)
	}
}

// check: nothing is hidden. What was earned elsewhere when the believed word was said, and what
// stands of ours as far as it was heard, counts.
func (b *bureau) check() {
	w := b.believe
	seen := YearOf(b.p.data(), w.year)
	if w.number == 0 || !b.settled() {
		return
	}
	if seen.Elsewhere == "" {
		b.t.Fatal("what was known is unknown")
	}
	least := w.others
	for task, s := range b.stands {
		heard := !slices.ContainsFunc(b.facts, func(f telling) bool { return f.task == task })
		if heard && s.GetYear() == w.year {
			least += inKopecks(s.GetGross())
		}
	}
	if counts := inKopecks(seen.Elsewhere) + inKopecks(seen.Registered.String()); counts < least {
		b.t.Fatalf("%d kopecks count, %d are earned: %v", counts, least, b.p.data())
	}
}

func (b *bureau) step() {
	task := func(of map[string]*flowv1.YearShare, stage flowv1.YearStage) string {
		var names []string
		for _, n := range slices.Sorted(maps.Keys(of)) {
			if of[n].GetStage() == stage {
				names = append(names, n)
			}
		}
		if len(names) == 0 {
			return ""
		}
		return rapid.SampledFrom(names).Draw(b.t, "task")
	}
	now := uint32(b.p.view.Clock.In(flow.Moscow).Year())
	switch what := rapid.IntRange(0, 10).Draw(b.t, "what"); {
	case what == 0: // others pay, or take it back
		month := &b.of(now)[b.p.view.Clock.In(flow.Moscow).Month()-1]
		*month = max(0, *month+rapid.Int64Range(-100_000_00, 400_000_00).Draw(b.t, "others"))
	case what <= 2: // a payment begins
		b.number++
		name := fmt.Sprintf("t%02d", b.number)
		gross := rapid.Int64Range(1_00, 300_000_00).Draw(b.t, "gross")
		a, refusal := b.p.change(&flowv1.TaxpayerChange{Task: name, Question: ask(taken, selfEmployed, b.p.view.Day, kopecks(gross))})
		if refusal != nil {
			_, named := refusal.Facts[FactElsewhere]
			if known := YearOf(b.p.data(), now).Elsewhere != ""; refusal.Code != fault.IncomeCap || named != known {
				b.t.Fatal(refusal, refusal.Facts)
			}
			return
		}
		if a.GetAsking() { // put off: it changed nothing
			if b.p.data().GetAsking() == nil || a.GetShare() != nil || a.GetFree() != "" {
				b.t.Fatalf("%v", b.p.data())
			}
			return
		}
		b.tasks[name] = a.Share
		y := YearOf(b.p.data(), now)
		if y.Elsewhere != "" && inKopecks(y.Elsewhere)+inKopecks(y.Registered.String())+inKopecks(y.Reserved.String()) > 240_000_000 {
			b.t.Fatalf("granted above the cap: %v", b.p.data())
		}
	case what == 3: // its receipt is formed
		if name := task(b.tasks, taken); name != "" {
			share := proto.CloneOf(b.tasks[name])
			share.Stage = registered
			b.stands[name] = share
			b.tell(name, share)
		}
	case what == 4: // a receipt is annulled, by the person or by us: the service knows first
		if name := task(b.stands, registered); name != "" {
			delete(b.stands, name)
			b.tell(name, nil)
		}
	case what <= 6 && len(b.facts) > 0:
		b.hear(rapid.IntRange(0, len(b.facts)-1).Draw(b.t, "fact"))
	case what == 7:
		b.p.look()
	case what == 8:
		b.word()
	case what == 9 && len(b.words) > 0:
		b.deliver(rapid.SampledFrom(b.words).Draw(b.t, "word"))
	case what == 10:
		b.p.view.Clock = b.p.view.Clock.Add(time.Duration(rapid.SampledFrom([]int{1, 50, 4000, 40_000, 3_000_000}).Draw(b.t, "seconds")) * time.Second)
		b.p.view.Day = b.p.view.Clock.In(flow.Moscow).Format(time.DateOnly)
	}
}

// Whatever the order in which receipts, annulments and words are made and heard of, words twice or
// late, around the turn of a year too: a sure word counts nothing twice, nothing is hidden, nobody is granted more
// than the cap; and once everything is heard and asked for anew, elsewhere is what others paid.
func TestElsewhereIsWhatOthersPaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := &bureau{
			t: t, p: newPerson(), others: map[uint32]*[12]int64{}, tasks: map[string]*flowv1.YearShare{}, stands: map[string]*flowv1.YearShare{},
			heard: map[string]int{}, said: map[string]int{},
		}
		b.p.view.Clock = rapid.SampledFrom([]time.Time{time.Date(2026, 4, 2, 9, 0, 0, 0, time.UTC), time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)}).Draw(t, "begins")
		b.p.view.Day = b.p.view.Clock.Format(time.DateOnly)
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			b.step()
			b.check()
		}
		for len(b.facts) > 0 {
			b.hear(rapid.IntRange(0, len(b.facts)-1).Draw(t, "fact"))
		}
		for task, share := range b.tasks {
			if share.GetStage() == taken {
				b.p.change(&flowv1.TaxpayerChange{Task: task, Was: share})
			}
		}
		for range 2 { // what is open still, and a question behind everything
			for b.p.data().GetAsking() != nil {
				b.word()
				b.deliver(b.words[len(b.words)-1])
			}
			b.p.view.Clock = b.p.view.Clock.Add(fresh + time.Second)
			b.p.view.Day = b.p.view.Clock.In(flow.Moscow).Format(time.DateOnly)
			b.p.look()
		}
		for b.p.data().GetAsking() != nil {
			b.word()
			b.deliver(b.words[len(b.words)-1])
		}
		year := uint32(b.p.view.Clock.In(flow.Moscow).Year())
		if got := YearOf(b.p.data(), year); b.p.data().GetAsking() != nil || inKopecks(got.Elsewhere) != b.upTo(year, 12) || got.Elsewhere == "" {
			t.Fatalf("%s are elsewhere, others have paid %d kopecks: %v", got.Elsewhere, b.upTo(year, 12), b.p.data())
		}
	})
}

// A payment waits for a new word when the last is two days old, or six hours once most of the cap is
// used; for silence no longer than a minute, and not at all for who does not let us see.
func TestAPaymentWaitsForANewWord(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		total   int64         // kopecks, told at first; -1: nothing is
		after   time.Duration // the payment
		refused bool          // the permission is gone
		day     string        // of the payment; "" is today
		waits   bool
	}{
		"young":                  {100_00, 47 * time.Hour, false, "", false},
		"old":                    {100_00, 49 * time.Hour, false, "", true},
		"young and near the cap": {1_920_000_00, 5 * time.Hour, false, "", false},
		"old and near the cap":   {1_920_000_00, 7 * time.Hour, false, "", true},
		"not quite near":         {1_919_000_00, 7 * time.Hour, false, "", false},
		"nothing told":           {-1, 2 * time.Minute, false, "", false}, // the open question has had its minute
		"being asked":            {-1, 30 * time.Second, false, "", true},
		"not allowed":            {100_00, 49 * time.Hour, true, "", false},
		"of another year":        {100_00, 49 * time.Hour, false, "2027-01-01", false},
		"of a year not told":     {100_00, 304 * 24 * time.Hour, false, "", true}, // the next, by now
	} {
		p := newPerson()
		p.look()
		if tc.total >= 0 {
			p.answer(1, tc.total)
		}
		if tc.refused {
			p.view.Clock = p.view.Clock.Add(2 * fresh)
			p.look()
			p.must(flow.Command{Event: incomeRefused, Actor: "effect", Number: 2, Answer: &port.Answer{Result: port.Refused}})
		}
		p.view.Clock = p.view.Clock.Add(tc.after)
		p.view.Day = p.view.Clock.In(flow.Moscow).Format(time.DateOnly)
		day := tc.day
		if day == "" {
			day = p.view.Day
		}
		asked := p.view.Attempts[income]
		if a, refusal := p.change(&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, day, "1.00")}); refusal != nil || a.GetAsking() {
			t.Errorf("%s: an acceptance waits: %v %v", name, a, refusal)
		}
		if a, refusal := p.change(&flowv1.TaxpayerChange{Question: ask(taken, civilContract, day, "1.00")}); tc.day == "" && day[:4] == "2026" && (refusal != nil || a.GetAsking()) {
			t.Errorf("%s: a civil contract waits: %v %v", name, a, refusal)
		}
		pay := &flowv1.TaxpayerChange{Question: ask(taken, selfEmployed, day, "1.00")}
		for range 2 { // it asks once
			a, refusal := p.change(pay)
			if refusal != nil || a.GetAsking() != tc.waits || (a.GetShare() == nil) != tc.waits {
				t.Fatalf("%s: %v %v", name, a, refusal)
			}
			if !tc.waits {
				break
			}
		}
		if n := p.view.Attempts[income]; tc.waits && n > asked+1 || !tc.waits && n != asked {
			t.Errorf("%s: asked %d times, before %d", name, n, asked)
		}
		if !tc.waits {
			continue
		}
		p.answer(p.view.Attempts[income], 200_00)
		if a, refusal := p.change(pay); refusal != nil || a.GetShare() == nil {
			t.Errorf("%s: the word is there: %v %v", name, a, refusal)
		}
	}
	p := newPerson() // silence
	p.look()
	p.answer(1, 100_00)
	p.view.Clock = p.view.Clock.Add(3 * 24 * time.Hour)
	pay := &flowv1.TaxpayerChange{Question: ask(taken, selfEmployed, p.view.Day, "1.00")}
	if a, _ := p.change(pay); !a.GetAsking() {
		t.Fatal(a)
	}
	p.view.Clock = p.view.Clock.Add(patience)
	if a, refusal := p.change(pay); refusal != nil || a.GetShare() == nil {
		t.Errorf("a minute of silence is enough: %v %v", a, refusal)
	}
}

// The months that are asked for: all of the year once a month, then the last two, and all of them again when a
// receipt of ours was taken back, also while the service was asked; of Moscow's year.
func TestWhichMonthsAreAskedFor(t *testing.T) {
	t.Parallel()
	p := newPerson()
	want := func(at string, year, from, until uint32) {
		t.Helper()
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		p.view.Clock = moment
		p.look()
		if q := p.data().GetAsking(); q.GetYear() != year || q.GetMonth() != from || q.GetUntil() != until {
			t.Fatalf("%s: %v, want %d-%02d to %02d", at, q, year, from, until)
		}
	}
	said := func() { p.answer(p.view.Attempts[income], 100_00) }
	receipt := &flowv1.YearShare{Year: 2026, Kind: selfEmployed, Stage: registered, Gross: "10.00"}
	on := &flowv1.YearShare{Year: 2026, Kind: selfEmployed, Stage: taken, Gross: "10.00", BonusMost: "0.20"}
	tell := func(c *flowv1.TaxpayerChange) {
		if _, refusal := p.change(c); refusal != nil {
			t.Fatal(refusal)
		}
	}
	tell(&flowv1.TaxpayerChange{Now: receipt})
	tell(&flowv1.TaxpayerChange{Now: receipt})
	want("2026-05-10T00:00:00Z", 2026, 1, 5)
	said()
	want("2026-05-11T00:00:00Z", 2026, 4, 5)
	said()
	want("2026-05-31T21:00:00Z", 2026, 1, 6) // June begins in Moscow
	said()
	want("2026-06-02T00:00:00Z", 2026, 5, 6)
	said()
	tell(&flowv1.TaxpayerChange{Was: receipt})
	want("2026-06-02T00:00:01Z", 2026, 1, 6)
	tell(&flowv1.TaxpayerChange{Now: on}) // on its way: no word is sure from here on
	said()
	want("2026-06-03T00:00:00Z", 2026, 1, 6)
	said() // the third, which is believed
	want("2026-06-04T00:00:00Z", 2026, 5, 6)
	said()
	want("2026-06-05T00:00:00Z", 2026, 5, 6)
	said()
	want("2026-06-06T00:00:00Z", 2026, 5, 6)
	tell(&flowv1.TaxpayerChange{Was: receipt})
	said() // believed, though the receipt may be in what was known of the first months
	if y := YearOf(p.data(), 2026); y.Elsewhere != "200.00" || y.ElsewhereAt != "2026-06-06T00:00:00Z" {
		t.Fatalf("%+v %v", y, p.data())
	}
	want("2026-06-07T00:00:00Z", 2026, 1, 6)
	said()
	want("2026-12-31T20:59:59Z", 2026, 1, 12)
	said()
	want("2026-12-31T21:00:00Z", 2027, 1, 1)
}

// A payment on its way is seen by what it holds of the bonus. Where the table of the bonus ends, still needs
// another sign of it.
func TestAPaymentOnItsWayIsSeen(t *testing.T) {
	t.Parallel()
	p := newPerson()
	p.change(&flowv1.TaxpayerChange{Question: ask(taken, selfEmployed, "2099-12-31", "100.00")})
	if (&ledger{data: p.data()}).still() {
		t.Error("it is not")
	}
}

// A person of whom nothing is told keeps what he kept before, to the byte.
func TestNothingToldIsNothingKept(t *testing.T) {
	t.Parallel()
	p := newPerson()
	a, _ := p.change(&flowv1.TaxpayerChange{Task: "t", Question: ask(taken, selfEmployed, "2026-03-02", "100.00")})
	paid := proto.CloneOf(a.Share)
	paid.Stage = registered
	p.change(&flowv1.TaxpayerChange{Task: "t", Was: a.Share, Now: paid})
	want := flow.Bytes(&flowv1.TaxpayerData{
		Years: []*flowv1.PersonYear{{Year: 2026, Registered: "100.00"}}, Answer: &flowv1.TaxpayerAnswer{Share: paid, Free: "2399900.00"},
	})
	if p.asked != 0 || string(p.view.Data) != string(want) || YearOf(p.data(), 2026).Elsewhere != "" {
		t.Errorf("%v", p.data())
	}
}

// Two executors who are one person: what the former one keeps is in the total too.
func TestElsewhereOfTwoExecutors(t *testing.T) {
	t.Parallel()
	first, second := newPerson(), newPerson()
	second.view.ID = "e2"
	first.change(&flowv1.TaxpayerChange{Now: &flowv1.YearShare{Year: 2026, Kind: selfEmployed, Stage: registered, Gross: "300000.00"}})
	if refusal := first.tell(Yield, &flowv1.TaxpayerYield{To: "e2"}); refusal != nil {
		t.Fatal(refusal)
	}
	if refusal := second.tell(Rest, &flowv1.TaxpayerRest{Of: "e1", Years: Kept(first.data())}); refusal != nil {
		t.Fatal(refusal)
	}
	second.look()
	second.answer(1, 1_000_000_00)
	if y := YearOf(second.data(), 2026); y.Elsewhere != "700000.00" {
		t.Errorf("%+v", y)
	}
	if _, refusal := second.change(&flowv1.TaxpayerChange{Question: ask(held, selfEmployed, "2026-03-02", "1400000.01")}); refusal == nil || refusal.Facts[FactFree] != "1400000.00" {
		t.Errorf("%v", refusal)
	}
	first.look() // the other one is asked
	if first.asked != 0 {
		t.Error("who has yielded is asked about")
	}
}

// TestAnyOrderOfWords takes random walks through questions, answers of every kind, twice and late, and payments.
func TestAnyOrderOfWords(t *testing.T) {
	t.Parallel()
	share := &flowv1.YearShare{Year: 2026, Kind: selfEmployed, Stage: taken, Gross: "100.00", BonusMost: "2.00"}
	paid := proto.CloneOf(share)
	paid.Stage = registered
	act := func(name, event string, m proto.Message) flowtest.Act {
		c := flow.Command{Event: event, Actor: "effect"}
		if m != nil {
			c.Body = flow.Bytes(m)
		}
		return flowtest.Act{Name: name, Command: c}
	}
	spec := flowtest.Spec{
		Flow: it, ID: "e1", Day: "2026-03-02", Tells: []string{income}, Flips: 1,
		Acts: []flowtest.Act{
			act("look", Look, nil), act("take", Change, &flowv1.TaxpayerChange{Task: "t", Now: share}),
			act("receipt", Change, &flowv1.TaxpayerChange{Task: "t", Was: share, Now: paid}),
			act("nothing", Change, &flowv1.TaxpayerChange{Task: "t", Was: paid}), act("yield", Yield, &flowv1.TaxpayerYield{To: "e2"}),
		},
		Reply: func(t flowtest.Try, _ port.Result, a *port.Answer) {
			a.Body = string(flow.Bytes(&flowv1.NpdAnswer{Incomes: yearly(t.Effect.Body, "100.00")}))
		},
		Law: func(w *flowtest.World) error {
			d := flow.ReadData(w.View, &flowv1.TaxpayerData{})
			y := YearOf(d, 2026)
			if d.GetDoubts() >= mostDoubts || y.Elsewhere != "" && inKopecks(y.Elsewhere) > 100_00 {
				return fmt.Errorf("%v", d)
			}
			return nil
		},
		Codes: []fault.Code{fault.IncomeDenied},
	}
	flowtest.Walk(t, func(*rapid.T) flowtest.Spec { return spec })
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, flowtest.Script{
		Spec: flowtest.Spec{Flow: it, ID: "e1", Day: "2026-11-20", Tells: []string{income}},
		// command reads: look; STAGE TASK GROSS, gone TASK, move what a task is; said TOTAL is the service's word on the last question.
		Command: func(w *flowtest.World, words []string) (flow.Command, error) { return command(w, words) },
		Show:    show,
	})
}

func command(w *flowtest.World, words []string) (flow.Command, error) {
	stages := map[string]flowv1.YearStage{"held": held, "taken": taken, "registered": registered}
	of := func(stage, gross string) *flowv1.YearShare {
		s := &flowv1.YearShare{Year: yearOf(w.View.Day), Kind: selfEmployed, Stage: stages[stage], Gross: gross, Day: w.View.Day}
		if stage == "taken" {
			s.BonusMost = kopecks(inKopecks(gross) / 50) // 2 %
		}
		return s
	}
	c := &flowv1.TaxpayerChange{Book: "main", ExecutorId: "e1", Task: "t"}
	switch words[0] {
	case Look:
		return flow.Command{Event: Look, Actor: "effect"}, nil
	case "hold", "take":
		c.Question = ask(map[string]flowv1.YearStage{"hold": held, "take": taken}[words[0]], selfEmployed, w.View.Day, words[1])
	case "move": // move taken 100.00 registered
		c.Was, c.Now = of(words[1], words[2]), of(words[3], words[2])
	case "gone": // gone registered 100.00
		c.Was = of(words[1], words[2])
	case "said": // said 100.00, or of an older question: said 100.00 1
		n := w.View.Attempts[income]
		if len(words) > 2 {
			if _, err := fmt.Sscan(words[2], &n); err != nil {
				return flow.Command{}, err
			}
		}
		var sums []string
		for i := range w.Tries {
			if t := &w.Tries[i]; t.Effect.Number == n {
				t.Last, sums = port.Done, yearly(t.Effect.Body, words[1])
			}
		}
		return flow.Command{Event: incomeDone, Actor: "effect", Number: n, Answer: &port.Answer{
			Result: port.Done, Body: string(flow.Bytes(&flowv1.NpdAnswer{Incomes: sums})),
		}}, nil
	default:
		return flow.Command{}, fmt.Errorf("%q", words)
	}
	return flow.Command{Event: Change, Actor: "effect", Body: flow.Bytes(c)}, nil
}

// yearly is a sum of the last month that a question asks for, and none of those before it.
func yearly(body []byte, sum string) []string {
	q := flow.ReadData(flow.View{Data: body}, &flowv1.NpdAsk{})
	return append(slices.Repeat([]string{"0.00"}, int(q.GetUntil()-q.GetMonth())), sum)
}

// show tells the years of a person, and what is being asked.
func show(data []byte) (lines []string) {
	d := flow.ReadData(flow.View{Data: data}, &flowv1.TaxpayerData{})
	for _, y := range d.GetYears() {
		seen := YearOf(d, y.GetYear())
		elsewhere := "unknown"
		if seen.Elsewhere != "" {
			elsewhere = seen.Elsewhere + " (asked " + seen.ElsewhereAt + ")"
		}
		lines = append(lines, fmt.Sprintf("%d: reserved %s, registered %s, elsewhere %s, free %s", y.GetYear(), seen.Reserved, seen.Registered, elsewhere,
			(&ledger{data: d}).free(&flowv1.YearShare{Year: y.GetYear(), Kind: selfEmployed})))
	}
	if q := d.GetAsking(); q != nil {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("asking about %d-%02d to %02d, of which %s is ours", q.GetYear(), q.GetMonth(), q.GetUntil(), cmp.Or(q.GetThen(), "nothing"))))
	}
	if d.GetDoubts() > 0 {
		lines = append(lines, fmt.Sprintf("doubts %d", d.GetDoubts()))
	}
	return lines
}
