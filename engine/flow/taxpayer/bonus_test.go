package taxpayer

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// service is the tax service's own book of one person's bonus, in kopecks, and what of it is
// still on its way to us.
type service struct {
	t     *rapid.T
	p     *person
	left  int64
	words []word
	facts []*flowv1.TaxpayerChange

	taken, receipts map[string]*flowv1.YearShare // by task
	full            map[string]int64             // 2 % of its income
	tasks           int
}

// word is what it says of the bonus: asked at a moment, said at a later one.
type word struct {
	asked time.Time
	said  int64 // -1: it has not answered yet
}

const gross, most = 10000, 200 // kopecks; what the bonus pays of it at most

func (s *service) change(c *flowv1.TaxpayerChange) *flowv1.TaxpayerAnswer {
	a, refusal := s.p.change(c)
	if refusal != nil {
		s.t.Fatal(refusal)
	}
	return a
}

// pay asks for a payment's tax, with a word if there is one.
func (s *service) pay(w *word) {
	s.tasks++
	task := "t" + strconv.Itoa(s.tasks)
	q := ask(taken, selfEmployed, "2026-03-02", kopecks(gross))
	if w != nil {
		q.BonusTold, q.BonusAskedAt = kopecks(w.said), flow.Text(w.asked)
	}
	s.taken[task] = s.change(&flowv1.TaxpayerChange{Task: task, Question: q}).Share
}

// register registers a payment's income: the service takes what it has, whatever we counted on.
func (s *service) register(task string) {
	of := min(most, s.left)
	s.left -= of
	share := proto.CloneOf(s.taken[task])
	share.Stage, share.Bonus = registered, ""
	if of > 0 {
		share.Bonus = kopecks(of)
	}
	s.facts = append(s.facts, &flowv1.TaxpayerChange{Task: task, Was: s.taken[task], Now: share})
	s.receipts[task], s.full[task] = share, of
	delete(s.taken, task)
}

// annul takes a receipt back, and its bonus comes back.
func (s *service) annul(task string) {
	s.left += s.full[task]
	s.facts = append(s.facts, &flowv1.TaxpayerChange{Task: task, Was: s.receipts[task]})
	delete(s.receipts, task)
}

func (s *service) hear(i int) {
	s.change(s.facts[i])
	s.facts = append(s.facts[:i:i], s.facts[i+1:]...)
}

// told is what readers are told; -1 = nobody has said.
func (s *service) told() int64 {
	text := YearOf(s.p.data(), 2026).Bonus
	if text == "" {
		return -1
	}
	return rat(text).Num().Int64() * 100 / rat(text).Denom().Int64()
}

// check: what is told is left, after all payments that are on their way have taken theirs.
func (s *service) check() {
	if room := max(s.left-most*int64(len(s.taken)), 0); s.told() > room {
		s.t.Fatalf("%d kopecks are told, %d are left for another payment", s.told(), room)
	}
}

func one[V any](t *rapid.T, of map[string]V, tasks int) (string, bool) {
	var names []string
	for i := range tasks + 1 {
		if name := fmt.Sprintf("t%d", i); len(of) > 0 {
			if _, ok := of[name]; ok {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return "", false
	}
	return rapid.SampledFrom(names).Draw(t, "task"), true
}

// Whatever the order in which receipts, annulments and words are made and heard of, words twice
// or late, no more is told than is left; and once everything is heard, and a word was asked for
// behind it, all of it.
func TestBonusToldIsLeft(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &service{
			t: t, p: newPerson(), left: rapid.SampledFrom([]int64{0, 150, 700, 1_000_000}).Draw(t, "left"),
			taken: map[string]*flowv1.YearShare{}, receipts: map[string]*flowv1.YearShare{}, full: map[string]int64{},
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			s.p.view.Clock = s.p.view.Clock.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "seconds")) * time.Second)
			s.step(rapid.IntRange(0, 7).Draw(t, "what"))
			s.check()
		}
		for len(s.facts) > 0 {
			s.hear(rapid.IntRange(0, len(s.facts)-1).Draw(t, "fact"))
			s.check()
		}
		for task, share := range s.taken {
			s.change(&flowv1.TaxpayerChange{Task: task, Was: share})
			delete(s.taken, task)
		}
		s.p.view.Clock = s.p.view.Clock.Add(apart + time.Second)
		s.pay(&word{s.p.view.Clock, s.left})
		for _, w := range s.words { // those from before say nothing any more
			if w.said >= 0 {
				s.pay(&w)
			}
		}
		for task, share := range s.taken {
			s.change(&flowv1.TaxpayerChange{Task: task, Was: share})
		}
		if s.told() != s.left {
			t.Fatalf("%d kopecks are told, %d are left", s.told(), s.left)
		}
	})
}

func (s *service) step(what int) {
	switch what {
	case 0:
		s.words = append(s.words, word{s.p.view.Clock, -1})
	case 1: // it answers, or answers what was asked again after a restart
		if len(s.words) > 0 {
			s.words[rapid.IntRange(0, len(s.words)-1).Draw(s.t, "word")].said = s.left
		}
	case 2:
		s.pay(nil)
	case 3:
		if len(s.words) > 0 {
			if w := s.words[rapid.IntRange(0, len(s.words)-1).Draw(s.t, "word")]; w.said >= 0 {
				s.pay(&w)
			}
		}
	case 4:
		if task, ok := one(s.t, s.taken, s.tasks); ok {
			s.register(task)
		}
	case 5:
		if task, ok := one(s.t, s.receipts, s.tasks); ok {
			s.annul(task)
		}
	default:
		if len(s.facts) > 0 {
			s.hear(rapid.IntRange(0, len(s.facts)-1).Draw(s.t, "fact"))
		}
	}
}

// The list of receipts that a word may not have is bounded, and what falls together in it is
// still taken off.
func TestReceiptsAreBounded(t *testing.T) {
	t.Parallel()
	p := newPerson()
	q := ask(taken, selfEmployed, "2026-03-02", "100.00")
	q.BonusTold, q.BonusAskedAt = "10000.00", flow.Text(p.view.Clock)
	for i := range 3 * mostReceipts {
		p.view.Clock = p.view.Clock.Add(time.Second)
		c := &flowv1.TaxpayerChange{Task: "t" + strconv.Itoa(i), Question: q}
		a, refusal := p.change(c)
		if refusal != nil {
			t.Fatal(refusal)
		}
		paid := proto.CloneOf(a.Share)
		paid.Stage = registered
		if _, refusal := p.change(&flowv1.TaxpayerChange{Task: c.Task, Was: a.Share, Now: paid}); refusal != nil {
			t.Fatal(refusal)
		}
	}
	if d := p.data(); len(d.BonusReceipts) != mostReceipts || YearOf(d, 2026).Bonus != "9808.00" {
		t.Errorf("%d receipts, %s left", len(d.BonusReceipts), YearOf(d, 2026).Bonus)
	}
	q.BonusTold, q.BonusAskedAt = "9808.00", flow.Text(p.view.Clock.Add(apart+time.Second))
	if a, refusal := p.change(&flowv1.TaxpayerChange{Task: "last", Question: q}); refusal != nil || a.Share.BonusBefore != "9808.00" || len(p.data().BonusReceipts) != 0 {
		t.Error(a, refusal, p.data())
	}
	q.BonusAskedAt = "yesterday"
	if a, refusal := p.change(&flowv1.TaxpayerChange{Task: "garbage", Question: q}); refusal != nil || a.Share.BonusBefore != "9806.00" {
		t.Error(a, refusal)
	}
}
