package world

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// provider keeps what it was given and answers as it is told.
type provider struct {
	got    []port.Notice
	answer port.Answer
}

func (p *provider) Notify(_ context.Context, n port.Notice) port.Answer {
	p.got = append(p.got, n)
	return p.answer
}

// directory has one address a channel.
type directory struct {
	at     map[string]string
	broken error
}

func (d directory) Address(_ context.Context, channel, book, kind, id string, version uint32) (string, bool, error) {
	if book != "main" || kind != "registration" || id != "r1" || version != 2 {
		return "", false, d.broken
	}
	return d.at[channel], d.at[channel] != "", d.broken
}

// told derives secrets that a person can read.
type told struct{}

func (told) Code(purpose, id string, number uint32) string {
	return fmt.Sprintf("%s/%s/%d", purpose, id, number)
}
func (told) Link(purpose, id string, number uint32) string {
	return fmt.Sprintf("%s/%s/%d", purpose, id, number)
}

var noon = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func notifier(p *provider, d directory) port.Port {
	return FromNotify(NotifyOptions{
		Channels: map[string]port.Notifier{SMS: p, Mail: p}, Read: d, Secrets: told{}, Site: "https://provodka.example", Now: func() time.Time { return noon },
	})
}

func telling(verb string, change func(*flowv1.NotifyAsk)) port.Ask {
	b := &flowv1.NotifyAsk{
		Book: "main", Purpose: "registration_code", To: "registration", Id: "r1", Version: 2, About: "r1", Number: 3, Until: noon.Add(time.Minute).Format(time.RFC3339Nano),
	}
	if verb == Mail {
		b.Purpose = "registration_link"
	}
	if change != nil {
		change(b)
	}
	return ask(verb, b)
}

var book2 = directory{at: map[string]string{SMS: "+79151234567", Mail: "buh@romashka.example", Push: "device"}}

func TestPeopleAreToldWithDerivedSecrets(t *testing.T) {
	t.Parallel()
	p := &provider{answer: port.Answer{Result: port.Done, Status: "100", Event: "sms-1"}}
	n := notifier(p, book2)
	if a := n.Send(t.Context(), telling(SMS, nil)); a != p.answer {
		t.Errorf("%+v", a)
	}
	if a := n.Find(t.Context(), telling(Mail, nil)); a != p.answer { // to ask is to tell again
		t.Errorf("%+v", a)
	}
	sms, mail := p.got[0], p.got[1]
	if sms.To != "+79151234567" || sms.Subject != "" || !strings.Contains(sms.Text, "Код подтверждения: registration_code/r1/3.") || sms.Attempt != attempt {
		t.Errorf("%+v", sms)
	}
	if mail.To != "buh@romashka.example" || mail.Subject != "Завершите регистрацию" ||
		!strings.Contains(mail.Text, "\n\nhttps://provodka.example/registration/r1#3.registration_link/r1/3\n\n") {
		t.Errorf("%+v", mail)
	}
}

func TestWhatCannotBeToldIsRefusedUnsent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask  port.Ask
		dir  directory
		want port.Result
		code fault.Code
	}{
		"no body":            {port.Ask{Attempt: attempt, Verb: SMS, Body: []byte("\xff")}, book2, port.Refused, fault.Malformed},
		"no such purpose":    {telling(SMS, func(b *flowv1.NotifyAsk) { b.Purpose = "x" }), book2, port.Refused, fault.Malformed},
		"another channel":    {telling(Mail, func(b *flowv1.NotifyAsk) { b.Purpose = "registration_code" }), book2, port.Refused, fault.Malformed},
		"too late":           {telling(SMS, func(b *flowv1.NotifyAsk) { b.Until = noon.Format(time.RFC3339Nano) }), book2, port.Refused, fault.NoticeLate},
		"no moment":          {telling(SMS, func(b *flowv1.NotifyAsk) { b.Until = "noon" }), book2, port.Refused, fault.NoticeLate},
		"nobody of the id":   {telling(SMS, func(b *flowv1.NotifyAsk) { b.Version = 9 }), book2, port.Refused, fault.NotFound},
		"no address":         {telling(SMS, nil), directory{}, port.Refused, fault.NotFound},
		"the database gone":  {telling(SMS, nil), directory{broken: errBroken}, port.Unknown, ""},
		"no number":          {telling(SMS, func(b *flowv1.NotifyAsk) { b.Number = 0 }), book2, port.Refused, fault.Malformed},
		"nothing it is of":   {telling(SMS, func(b *flowv1.NotifyAsk) { b.About = "" }), book2, port.Refused, fault.Malformed},
		"an address with CR": {telling(Mail, nil), directory{at: map[string]string{Mail: "a@b\r\nc"}}, port.Refused, fault.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &provider{}
			if a := notifier(p, c.dir).Send(t.Context(), c.ask); a.Result != c.want || a.Code != c.code || len(p.got) > 0 {
				t.Errorf("%+v, sent %+v", a, p.got)
			}
		})
	}
	none := FromNotify(NotifyOptions{Read: book2, Secrets: told{}, Now: func() time.Time { return noon }})
	if a := none.Send(t.Context(), telling(SMS, nil)); a.Result != port.Refused || a.Code != fault.ChannelMissing {
		t.Errorf("%+v", a)
	}
}

// TestWhatNobodyAnswersIsSentMoreAndMoreSeldom: the engine asks every minute at most; a
// mailbox does not get a copy each time.
func TestWhatNobodyAnswersIsSentMoreAndMoreSeldom(t *testing.T) {
	t.Parallel()
	now, p := noon, &provider{answer: port.Unclear("silence")}
	n := FromNotify(NotifyOptions{
		Channels: map[string]port.Notifier{SMS: p, Mail: p}, Read: book2, Secrets: told{}, Site: "x", Now: func() time.Time { return now },
	})
	mail := telling(Mail, func(b *flowv1.NotifyAsk) { b.Until = noon.Add(7 * 24 * time.Hour).Format(time.RFC3339Nano) })
	asked := 0
	for ; now.Before(noon.Add(7 * 24 * time.Hour)); now = now.Add(time.Minute) {
		if a := n.Find(t.Context(), mail); a.Result != port.Unknown || a.Status == "" {
			t.Fatalf("%+v", a)
		}
		asked++
	}
	if len(p.got) < 10 || len(p.got) > 45 || asked < 10_000 {
		t.Errorf("%d copies of one mail, asked %d times", len(p.got), asked)
	}
	for _, m := range p.got {
		if m != p.got[0] {
			t.Errorf("%+v is not %+v", m, p.got[0])
		}
	}
	if a := n.Find(t.Context(), mail); a.Result != port.Refused || a.Code != fault.NoticeLate {
		t.Errorf("%+v", a)
	}
}

func TestAnswersTellNobody(t *testing.T) {
	t.Parallel()
	p := &provider{answer: port.Answer{Result: port.Refused, Status: "550 <buh@romashka.example>", Code: fault.NoticeRefused, Reason: "no such user buh@romashka.example", Body: "x"}}
	a := notifier(p, book2).Send(t.Context(), telling(Mail, nil))
	if a.Result != port.Refused || a.Code != fault.NoticeRefused || strings.Contains(a.Status+a.Reason+a.Body, "buh") || a.Reason == "" || a.Status == "" {
		t.Errorf("%+v", a)
	}
}

func TestTextsAreCheckedAtStart(t *testing.T) {
	t.Parallel()
	head := "## Texts\n\n| Purpose | Channel | Subject | Text | Meaning |\n|---|---|---|---|---|\n"
	for name, row := range map[string]string{
		"twice": "| a | sms | — | x | — |\n| a | sms | — | x | — |", "no channel": "| a | fax | — | x | — |", "sms with a subject": "| a | sms | s | x | — |",
		"mail without one": "| a | mail | — | x | — |", "a brace": "| a | sms | — | {Code | — |", "no text": "| a | sms | — | — | — |", "no purpose": "| — | sms | — | x | — |",
	} {
		if _, err := parseLetters(head + row + "\n"); err == nil {
			t.Errorf("%s passed", name)
		}
	}
	if letters, err := parseLetters(notifyText); err != nil || len(letters) < 2 {
		t.Error(letters, err)
	}
}
