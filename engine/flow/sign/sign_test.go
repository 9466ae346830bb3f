package sign

import (
	"fmt"
	"strconv"
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

var file1, file2 = strings.Repeat("1", 64), strings.Repeat("2", 64)

func act(event string, m proto.Message) flowtest.Act {
	return flowtest.Act{Name: event, Command: flow.Command{Event: event, Actor: "signing", Body: flow.Bytes(m)}}
}

func ask(day, file string) flowtest.Act {
	a := act(Code, &flowv1.SignCode{
		TaskId: "task-1", CompanyId: "company-1", Document: Agreement, ExecutorId: "executor-1", ProfileVersion: 3,
		Sha256: file, Template: file1, Terms: 1,
	})
	a.Day, a.Name = day, "code for "+file[:1]+" on "+day
	return a
}

func invited(day, channel, executor string) flowtest.Act {
	a := act(Invite, &flowv1.SignInvite{TaskId: "task-1", CompanyId: "company-1", Document: Agreement, ExecutorId: executor, Channel: channel})
	a.Day, a.Name = day, "link by "+channel+" to "+executor+" on "+day
	return a
}

func entry(event string, number uint32, file string) flowtest.Act {
	a := act(event, &flowv1.SignEntry{Number: number, Sha256: file, Evidence: "task-1-agreement", EvidenceSha256: file2})
	a.Name = fmt.Sprint(event, " ", number, " of ", file[:1])
	return a
}

func spec(acts ...flowtest.Act) flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: ID("task-1", Agreement), Day: "2026-03-02", Acts: acts, Tells: []string{sendCode, sendLink, mailLink}, Attempts: 3,
		Codes: []fault.Code{fault.WrongState}, Law: law,
	}
}

// law: tries and codes are within their limits, what is signed was told to the task and
// taken by it, and the file of the signature is the one that the code was for.
func law(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.SignData{})
	if d.Code.GetWrong() > code.Tries || d.Codes > Codes || d.Links > Links {
		return fmt.Errorf("%d tries, %d codes, %d links", d.Code.GetWrong(), d.Codes, d.Links)
	}
	switch has := d.Signature != nil; {
	case has != (w.View.State == Telling || w.View.State == Signed):
		return fmt.Errorf("%s, signature %t", w.View.State, has)
	case has && (d.Signature.Sha256 != d.Sha256 || d.Signature.At == "" || d.Signature.EvidenceSha256 == ""):
		return fmt.Errorf("the signature is of another file, or has no evidence")
	case has && d.Code.GetAt() != "":
		return fmt.Errorf("the code that signed lives on")
	}
	if w.View.State != Signed {
		return nil
	}
	for _, t := range w.Tries {
		if t.Effect.Ask == tellTask && t.Effect.Number == w.View.Attempts[tellTask] && t.Last == port.Done {
			return nil
		}
	}
	return fmt.Errorf("signed, and the task has not taken it")
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "sign.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	signs := spec(ask("2026-03-02", file1), ask("2026-03-03", file2), entry(Wrong, 1, file1), entry(Confirm, 1, file1), entry(Confirm, 2, file2))
	signs.Attempts, signs.Told = 2, 2
	var guesses []flowtest.Act
	for day := range Codes + 1 {
		guesses = append(guesses, ask(fmt.Sprintf("2026-03-%02d", day+2), file1))
	}
	guess := spec(append(guesses, entry(Wrong, Codes, file1))...)
	guess.Told, guess.Deaf = Codes, true
	links := spec(invited("2026-03-02", SMS, "executor-1"), invited("2026-03-03", Mail, "executor-2"), ask("2026-03-03", file1), entry(Confirm, 1, file1))
	links.Attempts, links.Told = 1, 1
	late := flowtest.Script{Spec: spec(), Command: command, Show: show}
	flowtest.Covered(t, it, flowtest.Explore(t, signs), flowtest.Explore(t, links), flowtest.Explore(t, guess), flowtest.Story(t, late, lateAnswer), flowtest.Story(t, late, linkAgain))
}

// lateAnswer is a provider that answers when all codes are used up.
const lateAnswer = `code 1
code 1 24h
code 1 24h
code 1 24h
code 1 24h
code 1 24h
answer send_code done
`

// linkAgain is a link that is sent again while a code is out.
const linkAgain = `code 1
invite sms executor-1 1h
answer send_link unknown
answer send_link done
invite sms executor-1 24h
answer send_link refused
`

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, flowtest.Script{Spec: spec(), Command: command, Show: show})
}

// command reads: invite CHANNEL EXECUTOR, code FILE, wrong NUMBER, confirm NUMBER FILE; a duration at the end is how
// long the clock goes on before.
func command(w *flowtest.World, words []string) (flow.Command, error) {
	if by, err := time.ParseDuration(words[len(words)-1]); err == nil && len(words) > 2 {
		w.View.Clock, words = w.View.Clock.Add(by), words[:len(words)-1]
	}
	if words[0] == Invite {
		return invited("", words[1], words[2]).Command, nil
	}
	if words[0] == Code {
		return ask("", strings.Repeat(words[1], 64)).Command, nil
	}
	n, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		return flow.Command{}, err
	}
	file := file1
	if len(words) > 2 {
		file = strings.Repeat(words[2], 64)
	}
	return entry(words[0], uint32(n), file).Command, nil
}

func show(data []byte) []string {
	d := flow.ReadData(flow.View{Data: data}, &flowv1.SignData{})
	lines := []string{fmt.Sprintf("file %.1s of terms %d, code %d of %d, wrong %d", d.Sha256, d.Terms, d.Code.GetNumber(), d.Codes, d.Code.GetWrong())}
	if d.Links > 0 {
		lines = append(lines, fmt.Sprintf("link sent %d times, last by %s, unsent %q", d.Links, d.Channel, d.LinkUnsent))
	}
	if s := d.Signature; s != nil {
		lines = append(lines, fmt.Sprintf("signed %.1s at %s, evidence %s", s.Sha256, s.At, s.Evidence))
	}
	if d.Refusal != "" || d.Unsent != "" || d.Attention {
		lines = append(lines, fmt.Sprintf("refused %q, unsent %q, support looks %t", d.Refusal, d.Unsent, d.Attention))
	}
	return lines
}

func TestBodiesAreChecked(t *testing.T) {
	t.Parallel()
	good := &flowv1.SignCode{
		TaskId: "task-1", CompanyId: "company-1", Document: Act, ExecutorId: "executor-1", ProfileVersion: 1, Sha256: file1, Template: file2,
	}
	v := flow.View{Book: "main", ID: "task-1-act", State: "new", Clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Day: "2026-03-02"}
	if _, refusal := it.Step(v, flow.Command{Event: Code, Body: flow.Bytes(good)}); refusal != nil {
		t.Fatal(refusal)
	}
	for field, spoil := range map[string]func(*flowv1.SignCode){
		"task_id": func(b *flowv1.SignCode) { b.TaskId = "" }, "company_id": func(b *flowv1.SignCode) { b.CompanyId = "A" },
		"executor_id": func(b *flowv1.SignCode) { b.ExecutorId = "" }, "document": func(b *flowv1.SignCode) { b.Document = "poem" },
		"profile_version": func(b *flowv1.SignCode) { b.ProfileVersion = 0 }, "document_sha256": func(b *flowv1.SignCode) { b.Sha256 = "12" },
	} {
		b := proto.CloneOf(good)
		spoil(b)
		if _, refusal := it.Step(v, flow.Command{Event: Code, Body: flow.Bytes(b)}); refusal == nil || refusal.Field != field {
			t.Errorf("%s: %v", field, refusal)
		}
	}
}

// A refusal is in the record: of two things that are wrong it names the same one each time.
func TestRefusalsAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	v := flow.View{Book: "main", ID: "task-1-act", State: "new", Clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Day: "2026-03-02"}
	c := flow.Command{Event: Code, Body: flow.Bytes(&flowv1.SignCode{
		TaskId: "task-1", CompanyId: "company-1", Document: Act, ExecutorId: "executor-1", ProfileVersion: 1, Sha256: "1", Template: "2",
	})}
	_, first := it.Step(v, c)
	for range 50 {
		if _, again := it.Step(v, c); first == nil || again == nil || again.Reason != first.Reason {
			t.Fatalf("%v, then %v", first, again)
		}
	}
}

func TestLinksAreSentSeldom(t *testing.T) {
	t.Parallel()
	v := flow.View{Book: "main", ID: "task-1-agreement", State: "new", Clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Day: "2026-03-02", Attempts: map[string]uint32{}}
	send := func(executor, channel string) *fault.Refusal {
		m, refusal := it.Step(v, invited("", channel, executor).Command)
		if refusal == nil {
			v.State, v.Data = m.To, m.Data
			var ask flowv1.NotifyAsk
			if len(m.Effects) != 1 || proto.Unmarshal(m.Effects[0].Body, &ask) != nil || m.Effects[0].Verb != channel ||
				ask.About != LinkOf("task-1", Agreement, executor) || ask.Number != LinkNumber || ask.Facts["kind"] != Agreement {
				t.Fatalf("asks %+v %v", m.Effects, &ask)
			}
		}
		return refusal
	}
	for n := range Links {
		if refusal := send("executor-1", SMS); refusal != nil {
			t.Fatal(n, refusal)
		}
		v.Clock = v.Clock.Add(link.Pause - time.Second)
		if refusal := send("executor-1", SMS); refusal == nil || refusal.Code != fault.TooOften {
			t.Fatalf("too soon: %v", refusal)
		}
		v.Clock = v.Clock.Add(time.Second)
	}
	if refusal := send("executor-1", Mail); refusal == nil || refusal.Code != fault.TooOften {
		t.Errorf("the link went out %d times and again: %v", Links, refusal)
	}
	if refusal := send("executor-2", Mail); refusal != nil { // another executor has another link
		t.Error(refusal)
	}
	if refusal := send("executor-2", "pigeon"); refusal == nil || refusal.Field != "channel" {
		t.Error(refusal)
	}
}
