package push

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// service is a provider of messages: what it was handed, and its word on some tokens.
type service struct {
	mu    sync.Mutex
	got   []string
	words map[string]port.Answer
}

func (s *service) Notify(_ context.Context, n port.Notice) port.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, n.To+": "+n.Subject)
	if a, ok := s.words[n.To]; ok {
		return a
	}
	return port.Answer{Result: port.Done}
}

func (s *service) sorted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.got))
}

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// fresh makes a pusher with a clock of its own.
func fresh(t *testing.T, db *store.DB, s port.Notifier, now *time.Time, metrics prometheus.Registerer) *Pusher {
	t.Helper()
	p, err := New(Config{
		DB: db, Process: "a", Notifier: s, Now: func() time.Time { return *now }, Logger: slog.New(slog.DiscardHandler), Metrics: metrics,
		Tokens: func(_ context.Context, _ string, devices []store.Device) (map[string]string, error) {
			out := map[string]string{}
			for _, d := range devices {
				if len(d.Token) > 0 {
					out[d.ID] = string(d.Token)
				}
			}
			return out, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func record(says, on string, d *flowv1.TaskData) *journalv1.Record {
	raw, err := proto.Marshal(d)
	if err != nil {
		panic(err)
	}
	return &journalv1.Record{Book: "main", Move: &journalv1.Move{Flow: "task", Says: says, On: on, Data: raw}}
}

// TestWhoIsToldWhat: the first row that fits says the words, to the executor or the circle.
func TestWhoIsToldWhat(t *testing.T) {
	t.Parallel()
	now := start
	p := fresh(t, nil, &service{}, &now, nil)
	anna := &flowv1.TaskData{ExecutorId: "anna"}
	failed := func(code string) *flowv1.TaskData {
		return &flowv1.TaskData{ExecutorId: "anna", Error: &flowv1.TaskError{Code: code}}
	}
	for name, c := range map[string]struct {
		record *journalv1.Record
		title  string
		people []string
	}{
		"chosen":                {record("task.created", "create", anna), "Новое задание", []string{"anna"}},
		"created without":       {record("task.created", "create", &flowv1.TaskData{}), "", nil},
		"signed outside":        {record("task.created", "create_signed", anna), "", nil},
		"assigned":              {record("task.assigned", "assign", anna), "Новое задание", []string{"anna"}},
		"to a circle":           {record("task.offered", "offer", &flowv1.TaskData{Offer: &flowv1.TaskOffer{Circle: []string{"anna", "boris"}}}), "Предложено задание", []string{"anna", "boris"}},
		"to everybody":          {record("task.offered", "offer", &flowv1.TaskData{Offer: &flowv1.TaskOffer{To: flowv1.OfferTo_OFFER_TO_ALL}}), "", nil},
		"act":                   {record("task.act_awaited", "done_awaits_act", anna), "Подпишите акт", []string{"anna"}},
		"paid by the bank":      {record("task.payout_done", "payout_done", anna), "Оплата отправлена", []string{"anna"}},
		"receipt":               {record("task.paid", "income_done", anna), "Чек сформирован", []string{"anna"}},
		"paid, no receipt":      {record("task.paid", "payout_done_last", anna), "Задание оплачено", []string{"anna"}},
		"refused by the bank":   {record("task.failed", "payout_refused", failed("payout_refused")), "Банк отклонил выплату", []string{"anna"}},
		"rights revoked":        {record("task.failed", "check_refused", failed("income_denied")), "Верните права в «Мой налог»", []string{"anna"}},
		"our own trouble":       {record("task.failed", "take_refused", failed("tax_rule_missing")), "", nil},
		"what nobody is told":   {record("task.paying", "pay", anna), "", nil},
		"another flow":          {&journalv1.Record{Move: &journalv1.Move{Flow: "deal", Says: "task.paid"}}, "", nil},
		"a refusal":             {&journalv1.Record{Refusal: &journalv1.Refusal{}}, "", nil},
		"the bank took it back": {record("task.failed", "payout_taken_back", failed("payout_returned")), "Выплата вернулась", []string{"anna"}},
	} {
		m, told, err := p.told(c.record)
		if err != nil || told != (c.title != "") || told && (m.title != c.title || !slices.Equal(m.people, c.people)) {
			t.Errorf("%s: %+v %t %v", name, m, told, err)
		}
	}
	if _, _, err := p.told(&journalv1.Record{Move: &journalv1.Move{Flow: "task", Says: "task.paid", Data: []byte{0xff}}}); err == nil {
		t.Error("data that cannot be read is told")
	}
}

func TestWrongTablesAreRefused(t *testing.T) {
	t.Parallel()
	head := "## Messages\n\n| Says | On | Error | Title | Text | Meaning |\n|---|---|---|---|---|---|\n"
	for _, row := range []string{
		"| task.flew | — | — | Т | Текст | x |", "| task.paid | offer | — | Т | Текст | x |", "| task.failed | — | bad_weather | Т | Текст | x |",
		"| task.paid | — | — | — | Текст | x |", "| task.paid | — | — | Т | — | x |", "",
	} {
		if _, err := parseLetters(head + row + "\n"); err == nil {
			t.Errorf("%q passed", row)
		}
	}
}

// TestDevicesAreTold: every device of the person and nobody else's; the same words once in
// ten minutes; a dead token is forgotten, a silent service is tried twice and let go.
func TestDevicesAreTold(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), embedtest.DSN(t, store.Migrate), store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	for i, d := range []struct{ member, token string }{{"anna", "a1"}, {"anna", "a2"}, {"anna", "gone"}, {"boris", "b1"}, {"vera", "silent"}, {"erased", ""}} {
		err := db.PutDevice(t.Context(), store.Device{
			Book: "main", ID: fmt.Sprint("d", i), Member: d.member, Created: start.Add(time.Duration(i) * time.Minute), Token: []byte(d.token),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &service{words: map[string]port.Answer{
		"gone": {Result: port.Refused, Code: fault.NoticeRefused}, "silent": port.Unclear("no answer"),
	}}
	now := start.Add(time.Hour)
	metrics := prometheus.NewRegistry()
	p := fresh(t, db, s, &now, metrics)
	paid := func(people ...string) letterOf {
		return letterOf{message{"main", people, "Задание оплачено", "Деньги отправлены."}, "0.1"}
	}
	p.tell(t.Context(), []letterOf{paid("anna"), paid("anna"), paid("erased", "nobody")})
	if got := s.sorted(); strings.Join(got, "; ") != "a1: Задание оплачено; a2: Задание оплачено; gone: Задание оплачено" {
		t.Errorf("%v", got)
	}
	now = now.Add(quiet - time.Second)
	p.tell(t.Context(), []letterOf{paid("anna", "boris")})
	if got := s.sorted(); len(got) != 4 || got[2] != "b1: Задание оплачено" {
		t.Errorf("%v", got)
	}
	now = now.Add(time.Minute)
	p.tell(t.Context(), []letterOf{paid("anna"), paid("vera")})
	if got := s.sorted(); len(got) != 8 { // a1, a2 again, and two tries of the silent one
		t.Errorf("%v", got)
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range families[0].GetMetric() {
		got[m.GetLabel()[0].GetValue()] = fmt.Sprint(m.GetCounter().GetValue())
	}
	for result, want := range map[string]string{sent: "5", dead: "1", failed: "1", again: "2"} {
		if got[result] != want {
			t.Errorf("%s: %s, want %s", result, got[result], want)
		}
	}
}
