package porttest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
)

// NotifierFake is a provider's sandbox as the suite sees it.
type NotifierFake struct {
	Fake
	Subject bool // whether messages have a subject
}

// Notice is a good message.
func (f NotifierFake) Notice(n int, to string) port.Notice {
	m := port.Notice{Attempt: fmt.Sprintf("%032x", n+1), To: to, Text: fmt.Sprintf("Код подтверждения: %06d. Никому его не сообщайте.\nЁ №%d = 100%%.", n, n)}
	if f.Subject {
		m.Subject = fmt.Sprintf("Завершите регистрацию № %d: очень длинная тема письма, которая не помещается в одну строку", n)
	}
	return m
}

// copies is how often a text was really taken for an address, and when the sandbox looks
// at Message-IDs, how often it was handed over.
func (f NotifierFake) copies(t *testing.T, m port.Notice) (n int) {
	t.Helper()
	for _, p := range f.Books(t).Payments {
		if p.Purpose == m.Text && strings.TrimPrefix(m.To, "+") == p.Account && p.Detail["subject"] == m.Subject {
			n += p.ExecutedCount
		}
	}
	return n
}

// ExerciseNotifier holds an adapter of port.Notifier against its sandbox. fresh makes a new
// pair for each case and cleans it up by t; to is an address that the provider takes.
func ExerciseNotifier(t *testing.T, to string, fresh func(t *testing.T) (port.Notifier, NotifierFake)) {
	t.Helper()
	first := func(f stage.Fault) stage.Rule { return stage.Rule{Fault: f, Nth: 1, DelayMS: 1} }
	for name, c := range map[string]struct {
		rules   []stage.Rule
		results []port.Result // of one message handed over again and again
		least   int           // copies taken at the end, at least
		most    int
	}{
		"done":                   {nil, []port.Result{port.Done}, 1, 1},
		"twice is harmless":      {nil, []port.Result{port.Done, port.Done}, 1, 2},
		"slow":                   {[]stage.Rule{{Fault: stage.Slow, DelayMS: 20}}, []port.Result{port.Done}, 1, 1},
		"silence, not taken":     {[]stage.Rule{first(stage.Silent)}, []port.Result{port.Unknown, port.Done}, 1, 1},
		"silence after taking":   {[]stage.Rule{first(stage.SilentApplied)}, []port.Result{port.Unknown, port.Done}, 1, 2},
		"error, not taken":       {[]stage.Rule{first(stage.Error)}, []port.Result{port.Unknown, port.Done}, 1, 1},
		"error after taking":     {[]stage.Rule{first(stage.ErrorApplied)}, []port.Result{port.Unknown, port.Done}, 1, 2},
		"refused":                {[]stage.Rule{{Fault: stage.Refuse}}, []port.Result{port.Refused}, 0, 0},
		"a word nobody knows":    {[]stage.Rule{{Fault: stage.UnknownStatus}}, []port.Result{port.Unknown}, 0, 0},
		"a word nobody knows, 2": {[]stage.Rule{{Fault: stage.UnknownStatus, Code: "298"}}, []port.Result{port.Unknown}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			notifier, fake := fresh(t)
			fake.Script(t, c.rules...)
			m := fake.Notice(7, to)
			for i, result := range c.results {
				a := notifier.Notify(t.Context(), m)
				want(t, fmt.Sprint("hand-over ", i+1), a, result)
				whisper(t, m, a)
			}
			if n := fake.copies(t, m); n < c.least || n > c.most {
				t.Errorf("%d copies were taken, want %d to %d: %+v", n, c.least, c.most, fake.Books(t).Payments)
			}
		})
	}
	t.Run("not fit to be sent", func(t *testing.T) {
		t.Parallel()
		notifier, fake := fresh(t)
		for what, change := range map[string]func(*port.Notice){
			"no address": func(m *port.Notice) { m.To = "" }, "two addresses": func(m *port.Notice) { m.To += "," + m.To },
			"a header": func(m *port.Notice) { m.Subject = "тема\r\nBcc: x@example.ru" }, "a line in the address": func(m *port.Notice) { m.To += "\r\nDATA" },
			"no text": func(m *port.Notice) { m.Text = " \n" }, "no attempt": func(m *port.Notice) { m.Attempt = "" }, "a zero byte": func(m *port.Notice) { m.Text += "\x00" },
		} {
			m := fake.Notice(1, to)
			change(&m)
			a := notifier.Notify(t.Context(), m)
			want(t, what, a, port.Refused)
			if a.Status != port.NotSent || a.Code != fault.Malformed {
				t.Errorf("%s: %+v", what, a)
			}
		}
		if list := fake.Books(t).Payments; len(list) != 0 {
			t.Errorf("sent: %+v", list)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		t.Parallel()
		notifier, fake := fresh(t)
		fake.Script(t, stage.Rule{Fault: stage.Silent})
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		leaks(t, ctx, func(ctx context.Context) { want(t, "Notify", notifier.Notify(ctx, fake.Notice(1, to)), port.Unknown) })
		over, cancel := context.WithCancel(t.Context())
		cancel()
		want(t, "Notify when it is too late", notifier.Notify(over, fake.Notice(2, to)), port.Unknown)
		if n := fake.copies(t, fake.Notice(2, to)); n != 0 {
			t.Errorf("sent after the deadline, %d copies", n)
		}
	})
}

// whisper checks that an answer, which goes into the log, says nothing of the message.
func whisper(t *testing.T, m port.Notice, a port.Answer) {
	t.Helper()
	said := a.Status + a.Reason + a.Event + a.Body
	name, _, _ := strings.Cut(strings.TrimPrefix(m.To, "+"), "@")
	for _, word := range []string{name, "Код", "000007", "Завершите"} {
		if strings.Contains(said, word) {
			t.Errorf("the answer tells %q: %+v", word, a)
		}
	}
}
