package main_test

import (
	"bufio"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"connectrpc.com/connect"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/store"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// lookRows strike a look at the public list.
var lookRows = []struck{
	{at: "npdstatus", op: "check", fault: stage.Slow, nth: 1, end: "registered"},
	{at: "npdstatus", op: "check", fault: stage.Silent, nth: 1, end: "registered"},
	{at: "npdstatus", op: "check", fault: stage.Error, nth: 1, end: "registered"},
	{at: "npdstatus", op: "check", fault: stage.Refuse, nth: 1, end: "registered"},
	{at: "npdstatus", op: "check", fault: stage.UnknownStatus, nth: 1, end: "registered"},
}

// messageRows strike a message. One that was taken without an answer goes out again: a relay
// knows it by its id and keeps one, a phone and a device get two.
var messageRows = []struck{
	{at: "sms", fault: stage.Slow, nth: 1, end: "sent", copies: 1},
	{at: "sms", fault: stage.Silent, nth: 1, end: "sent", copies: 1},
	{at: "sms", fault: stage.SilentApplied, nth: 1, end: "sent", copies: 2},
	{at: "sms", fault: stage.Error, nth: 1, end: "sent", copies: 1},
	{at: "sms", fault: stage.ErrorApplied, nth: 1, end: "sent", copies: 2},
	{at: "sms", fault: stage.InProgress, nth: 1, polls: 1, end: "sent", copies: 1},
	{at: "sms", fault: stage.UnknownStatus, nth: 1, end: "sent", copies: 1},
	{at: "sms", fault: stage.Refuse, end: "refused"},
	{at: "sms", fault: stage.Fail, end: "refused"},
	{at: "sms", fault: stage.Lost, nth: 1, end: "sent", copies: 1},
	{at: "sms", fault: stage.Duplicate, nth: 1, end: "sent", copies: 1},
	{at: "sms", fault: stage.Reordered, nth: 1, end: "sent", copies: 1},

	{at: "mail", fault: stage.Slow, nth: 1, end: "sent", copies: 1},
	{at: "mail", fault: stage.Silent, nth: 1, end: "sent", copies: 1},
	{at: "mail", fault: stage.SilentApplied, nth: 1, end: "sent", copies: 1},
	{at: "mail", fault: stage.SilentApplied, nth: 1, delay: 50, end: "sent", copies: 1}, // hangs up after DATA
	{at: "mail", fault: stage.Error, nth: 1, end: "sent", copies: 1},
	{at: "mail", fault: stage.Error, nth: 1, code: "421", end: "sent", copies: 1},
	{at: "mail", fault: stage.ErrorApplied, nth: 1, end: "sent", copies: 1},
	{at: "mail", fault: stage.Refuse, end: "refused"},
	{at: "mail", fault: stage.Refuse, code: "552", end: "refused"},
	{at: "mail", fault: stage.UnknownStatus, end: "unsent"},                      // of this message for ever: it is asked about until nobody needs it
	{at: "mail", op: "rcpt", fault: stage.Error, nth: 1, end: "sent", copies: 1}, // greylisted
	{at: "mail", op: "rcpt", fault: stage.Error, nth: 1, code: "451", end: "sent", copies: 1},
	{at: "mail", op: "rcpt", fault: stage.Refuse, end: "refused"},
	{at: "mail", op: "rcpt", fault: stage.Refuse, code: "553", end: "refused"},

	{at: "push", fault: stage.Slow, nth: 1, end: "sent", copies: 1},
	{at: "push", fault: stage.Silent, nth: 1, end: "sent", copies: 1},
	{at: "push", fault: stage.Silent, end: "failed"},
	{at: "push", fault: stage.SilentApplied, nth: 1, end: "sent", copies: 2},
	{at: "push", fault: stage.Error, nth: 1, end: "sent", copies: 1},
	{at: "push", fault: stage.Error, end: "failed"},
	{at: "push", fault: stage.ErrorApplied, nth: 1, end: "sent", copies: 2},
	{at: "push", fault: stage.ErrorApplied, end: "failed", copies: 2},
	{at: "push", fault: stage.UnknownStatus, nth: 1, end: "sent", copies: 1},
	{at: "push", fault: stage.UnknownStatus, code: "TOO_MANY_REQUESTS", end: "failed"},
	{at: "push", fault: stage.Refuse, end: "dead"},
	{at: "push", fault: stage.Refuse, code: "UNREGISTERED", end: "dead"},
}

func mailOf(row int) string { return fmt.Sprintf("row-%d@example.com", row) }

func deviceOf(row int) string { return fmt.Sprintf("device-of-row-%d.", row) }

// reader is what a sandbox's books know a row's reader by.
func (r struck) reader(row int) string {
	switch r.at {
	case "sms":
		return strings.TrimPrefix(requisite.ExamplePhone(number(row)), "+")
	case "mail":
		return mailOf(row)
	}
	return deviceOf(row)
}

// delivered waits for a message, or for the try that shows that it will not come.
func (m *matrix) delivered(name string, i int, r struck) {
	eventually(m.t, name+" is "+r.end, func() bool {
		if r.op == "rcpt" && r.copies == 0 {
			return m.counted(`provodka_answers_total{port="notify",result="refused"}`) > 0 // the relay never saw a message
		}
		tried, came := m.came(i, r)
		return tried && came == r.copies
	})
}

// came says whether a row's reader was to be told anything, and how often he was.
func (m *matrix) came(i int, r struck) (tried bool, copies int) {
	for _, p := range m.books(r.at).Payments {
		if p.Account == r.reader(i) {
			tried, copies = true, copies+p.ExecutedCount
		}
	}
	return tried, copies
}

// pushes logs a person in by his phone, notes his device, and gives him a task: his device is told.
func (m *matrix) pushes(name string, i int, who string, r struck) {
	ctx, phone := m.t.Context(), requisite.ExamplePhone(number(i))
	var his *client.Client
	err := m.admitted(func() error {
		_, err := m.api.App.StartLogin(ctx, &executorv1.StartLoginRequest{Book: m.Book, Phone: phone})
		return err
	})
	if err == nil {
		n := &newcomer{t: m.t, f: devFile{Sandboxes: m.Sandboxes}}
		code := n.sent("sms", phone[1:], `(\d{6})`)
		err = m.admitted(func() error {
			begun, err := m.api.App.ConfirmLogin(ctx, &executorv1.ConfirmLoginRequest{Book: m.Book, Phone: phone, Code: code})
			if err == nil {
				his, err = client.New(m.API, begun.GetToken(), client.WithBook(m.Book))
			}
			return err
		})
	}
	if err == nil {
		err = m.admitted(func() error {
			_, err := his.App.ConfirmMyInn(ctx, &executorv1.ConfirmMyInnRequest{Book: m.Book, Inn: requisite.ExamplePersonINN(number(i))})
			return err
		})
	}
	if err == nil {
		_, err = his.App.RegisterMyDevice(ctx, &executorv1.RegisterMyDeviceRequest{Book: m.Book, Token: deviceOf(i)})
	}
	if err == nil {
		_, err = m.api.Tasks.CreateTask(ctx, &taskv1.CreateTaskRequest{Book: m.Book, CompanyId: m.company, Task: &taskv1.TaskDraft{
			Title: name, Description: "Сделать", Category: "Разработка", AmountGross: "100.00", Executor: &taskv1.ExecutorRef{ExecutorId: who},
		}})
	}
	if err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	m.delivered(name, i, r)
	db, err := store.Open(ctx, m.DSN, store.Options{Logger: slog.New(slog.DiscardHandler), MaxConns: 1})
	if err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	defer db.Close()
	eventually(m.t, name+" leaves its device noted, or forgotten", func() bool {
		left, err := db.Devices(ctx, m.Book, who)
		return err == nil && (len(left) == 0) == (r.end == "dead")
	})
}

// admitted asks until the bound of tries from one address lets it through.
func (m *matrix) admitted(ask func() error) (err error) {
	eventually(m.t, "a try is admitted", func() bool {
		err = ask()
		return connect.CodeOf(err) != connect.CodeResourceExhausted
	})
	return err
}

// told compares what came to readers with what we say of messages: all that we say was sent came,
// and no row's reader got more copies than foretold.
func (m *matrix) told() {
	m.t.Helper()
	ends := map[string]int{}
	for i, r := range m.rows {
		if r.at != "sms" && r.at != "mail" && r.at != "push" {
			continue
		}
		if _, copies := m.came(i, r); copies != r.copies {
			m.t.Errorf("row %d: %s %s %s: %d copies came, want %d", i, r.at, r.op, r.fault, copies, r.copies)
		}
		ends[r.at+" "+r.end]++
	}
	came := 0
	for _, name := range []string{"sms", "mail"} {
		for _, b := range m.books(name).Business {
			came += min(b.ExecutedCount, 1)
		}
	}
	for metric, want := range map[string]int{
		`provodka_answers_total{port="notify",result="done"}`:    came,
		`provodka_answers_total{port="notify",result="refused"}`: ends["sms refused"] + ends["mail refused"],
		`provodka_pushes_total{result="sent"}`:                   ends["push sent"],
		`provodka_pushes_total{result="failed"}`:                 ends["push failed"],
		`provodka_pushes_total{result="dead"}`:                   ends["push dead"],
	} {
		eventually(m.t, fmt.Sprintf("%s is %d", metric, want), func() bool { return m.counted(metric) == want })
	}
}

// counted reads one of our metrics; one that nothing was counted under is 0.
func (m *matrix) counted(name string) (n int) {
	answer, err := http.Get(m.Metrics)
	m.must(err)
	defer answer.Body.Close() //nolint:errcheck // a test
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			_, err = fmt.Sscan(value, &n)
			m.must(err)
		}
	}
	return n
}
