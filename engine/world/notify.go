package world

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Channels of messages: the verbs of the port "notify".
const (
	SMS  = "sms"
	Mail = "mail"
	Push = "push"
)

//go:embed notify.md
var notifyText string

// letter is what one purpose tells.
type letter struct{ channel, subject, text string }

var placeholder = regexp.MustCompile(`\{([a-z_]*)\}`)

// parseLetters reads the table of texts and refuses what could not be sent.
func parseLetters(text string) (map[string]letter, error) {
	tables, err := machine.ParseTables("engine/world/notify.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Texts")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Purpose", "Channel", "Subject", "Text", "Meaning"); err != nil {
		return nil, err
	}
	letters := map[string]letter{}
	for _, r := range t.Rows {
		l := letter{r.Cell("Channel"), r.Cell("Subject"), strings.ReplaceAll(r.Cell("Text"), "<br>", "\n")}
		purpose := letterOf(r.Cell("Purpose"), l.channel)
		_, twice := letters[purpose]
		switch {
		case r.Cell("Purpose") == "" || twice:
			return nil, r.Errorf("purpose %q is empty, or listed twice for a channel", r.Cell("Purpose"))
		case !slices.Contains([]string{SMS, Mail, Push}, l.channel):
			return nil, r.Errorf("%q is no channel", l.channel)
		case (l.channel == SMS) != (l.subject == ""):
			return nil, r.Errorf("an SMS has no subject, everything else has one")
		case strings.Count(placeholder.ReplaceAllString(l.subject+l.text, ""), "{") > 0:
			return nil, r.Errorf("a brace opens no placeholder")
		}
		if refusal := (port.Notice{Attempt: "a", To: "a", Subject: l.subject, Text: l.text}).Check(); refusal != nil {
			return nil, r.Errorf("%s", refusal.Reason)
		}
		letters[purpose] = l
	}
	return letters, nil
}

// letterOf names what a purpose tells by a channel.
func letterOf(purpose, channel string) string { return purpose + " " + channel }

// AddressReader finds where somebody is reached.
type AddressReader interface {
	// Address is the phone, mail address or device that a version of a document of a kind
	// has for a channel; version 0 is the newest. False when there is none.
	Address(ctx context.Context, channel, book, kind, id string, version uint32) (string, bool, error)
}

// Secrets derives what a message carries and nobody stores.
type Secrets interface {
	// Code is a code of digits.
	Code(purpose, id string, number uint32) string
	// Link is the secret part of a link.
	Link(purpose, id string, number uint32) string
}

// NotifyOptions say how people are told. A channel without a notifier refuses.
type NotifyOptions struct {
	Channels map[string]port.Notifier // by SMS, Mail, Push
	Read     AddressReader
	Secrets  Secrets
	Site     string // address of our pages, without a slash at the end
	Now      func() time.Time
}

// notify is the providers of messages behind the engine's shape.
type notify struct {
	NotifyOptions
	letters map[string]letter

	mu   sync.Mutex
	sent map[string]sending // attempts whose fate nobody knows
}

// sending is how often a message went out without an answer, and when it may again.
type sending struct {
	times int
	next  time.Time
}

// FromNotify serves the port "notify": verbs sms, mail and push (NotifyAsk). A table of
// texts that cannot be sent stops the program.
func FromNotify(o NotifyOptions) port.Port {
	letters, err := parseLetters(notifyText)
	if err != nil {
		panic(err)
	}
	return &notify{NotifyOptions: o, letters: letters, sent: map[string]sending{}}
}

// Send implements port.Port.
func (n *notify) Send(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.NotifyAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	l, known := n.letters[letterOf(body.GetPurpose(), ask.Verb)]
	if !known {
		return port.Unsent(fault.Refuse(fault.Malformed, "purpose", "there is no text %q for %q", body.GetPurpose(), ask.Verb))
	}
	if until, err := time.Parse(time.RFC3339Nano, body.GetUntil()); body.GetUntil() != "" && (err != nil || !n.Now().Before(until)) {
		return port.Unsent(fault.Refuse(fault.NoticeLate, "until", "it could not be sent until %s", body.GetUntil()))
	}
	channel := n.Channels[ask.Verb]
	if channel == nil {
		return port.Unsent(fault.Refuse(fault.ChannelMissing, "verb", "no provider of %q is configured", ask.Verb))
	}
	to, ok, err := n.Read.Address(ctx, ask.Verb, body.GetBook(), body.GetTo(), body.GetId(), body.GetVersion())
	switch {
	case err != nil:
		return *unread("address")
	case !ok || to == "":
		return port.Unsent(fault.Refuse(fault.NotFound, "id", "version %d of %s %s has no address for %q", body.GetVersion(), body.GetTo(), body.GetId(), ask.Verb))
	}
	notice, wrong := n.write(l, &body)
	if wrong != "" {
		return port.Unsent(fault.Refuse(fault.Malformed, "facts", "the text needs %q", wrong))
	}
	notice.Attempt, notice.To = ask.Attempt, to
	if refusal := notice.Check(); refusal != nil {
		return port.Unsent(refusal)
	}
	if !n.turn(ask.Attempt) {
		return port.Unclear("not sent: it went out a moment ago, and nobody knows what became of it")
	}
	answer := discreet(channel.Notify(ctx, notice), to)
	if answer.Result != port.Unknown {
		n.mu.Lock()
		delete(n.sent, ask.Attempt)
		n.mu.Unlock()
	}
	return answer
}

// Pauses between two sends of one message: a relay that takes everything and answers
// nothing must not fill a mailbox. What is remembered of them is of this process.
const (
	firstPause  = 2 * time.Second
	mostPause   = 6 * time.Hour
	mostSending = 10_000
)

// turn says whether a message may go out now, and doubles the pause before the next time.
func (n *notify) turn(attempt string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	was, now := n.sent[attempt], n.Now()
	if now.Before(was.next) {
		return false
	}
	if len(n.sent) >= mostSending {
		clear(n.sent)
	}
	n.sent[attempt] = sending{was.times + 1, now.Add(min(firstPause<<min(was.times, 20), mostPause))}
	return true
}

// Find implements port.Port. Nobody can be asked what became of a message: it is sent
// again, with the same words, more and more seldom.
func (n *notify) Find(ctx context.Context, ask port.Ask) port.Answer { return n.Send(ctx, ask) }

// Memory implements port.Port: a message may come twice, however late.
func (n *notify) Memory() time.Duration { return ownMemory }

// write fills a letter in, and names the first placeholder that has no word.
func (n *notify) write(l letter, body *flowv1.NotifyAsk) (out port.Notice, missing string) {
	words := maps.Clone(body.GetFacts())
	if words == nil {
		words = map[string]string{}
	}
	words["site"], words["book"], words["about"] = n.Site, body.GetBook(), body.GetAbout()
	if body.GetNumber() > 0 && body.GetAbout() != "" {
		words["number"] = strconv.FormatUint(uint64(body.GetNumber()), 10)
		words["code"] = n.Secrets.Code(body.GetPurpose(), body.GetAbout(), body.GetNumber())
		words["link"] = n.Secrets.Link(body.GetPurpose(), body.GetAbout(), body.GetNumber())
	}
	fill := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(braced string) string {
			word := words[strings.Trim(braced, "{}")]
			if word == "" && missing == "" {
				missing = braced
			}
			return word
		})
	}
	out = port.Notice{Subject: fill(l.subject), Text: fill(l.text)}
	return out, missing
}

// discreet keeps the provider's words out of the log: they repeat addresses.
func discreet(a port.Answer, to string) port.Answer {
	a.Reason, a.Body = "", ""
	if a.Code != "" {
		a.Reason = a.Code.Lookup().Russian
	}
	if name, _, _ := strings.Cut(strings.TrimPrefix(to, "+"), "@"); strings.Contains(a.Status, name) {
		a.Status = fmt.Sprintf("status of %d bytes", len(a.Status))
	}
	return a
}
