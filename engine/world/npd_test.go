package world

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

func (p *people) Person(context.Context, string, string) (string, string, bool, error) {
	return p.inn, requisite.ExamplePhone(1), p.inn != "", p.broken
}

func (p *people) Phone(context.Context, string, string) (string, uint32, error) {
	return requisite.ExamplePhone(1), 3, p.broken
}

// binding answers everything with one answer and one standing.
type binding struct {
	answer port.Answer
	stands *port.Standing
	asked  []port.BindRequest

	unbound []string
}

func (b *binding) Bind(_ context.Context, r port.BindRequest) (string, *port.Standing, port.Answer) {
	b.asked = append(b.asked, r)
	return "bind:1", b.stands, b.answer
}

func (b *binding) Bound(context.Context, string, string) (*port.Standing, port.Answer) {
	return b.stands, b.answer
}

func (b *binding) Standing(context.Context, string) (*port.Standing, port.Answer) {
	return b.stands, b.answer
}

func (b *binding) Earned(_ context.Context, _ string, year, from, to int) (months []money.Amount, a port.Answer) {
	for m := from; m <= to && b.answer.Result == port.Done; m++ {
		months = append(months, money.New(int64(100*year+m), 0))
	}
	return months, b.answer
}

func (b *binding) Unbind(_ context.Context, inn string) port.Answer {
	b.unbound = append(b.unbound, inn)
	return b.answer
}

func (b *binding) Leavers(context.Context, time.Time, time.Time, int, int) ([]port.Leaver, bool, port.Answer) {
	return nil, false, b.answer
}

func (b *binding) INNChanges(context.Context, int64, int) ([]port.INNChange, int64, port.Answer) {
	return nil, 0, b.answer
}

func (b *binding) Listed(context.Context, string, string) port.Answer { return b.answer }

var stranger = &port.Standing{Registered: true, Code: "TAXPAYER_UNBOUND"}

func TestNPD(t *testing.T) {
	t.Parallel()
	inn := requisite.ExamplePersonINN(1)
	about := &flowv1.NpdAsk{Book: "main", ExecutorId: "e", Permissions: []string{"A"}, Order: "bind:0"}
	for name, tc := range map[string]struct {
		verb   string
		change func(*people)
		answer port.Answer
		want   port.Result
		order  string
	}{
		"asked":              {"bind", func(*people) {}, port.Answer{Result: port.Done}, port.Done, "bind:1"},
		"polled":             {"bound", func(*people) {}, port.Answer{Result: port.Refused, Reason: "ИНН " + inn}, port.Refused, "bind:0"},
		"checked":            {"standing", func(*people) {}, port.Answer{Result: port.Done}, port.Done, "bind:0"},
		"silence":            {"standing", func(*people) {}, port.Unclear("x"), port.Unknown, ""},
		"nobody":             {"standing", func(p *people) { p.inn = "" }, port.Answer{Result: port.Done}, port.Refused, ""},
		"the database's end": {"standing", func(p *people) { p.broken = errBroken }, port.Answer{Result: port.Done}, port.Unknown, ""},
		"an unknown verb":    {"marry", func(*people) {}, port.Answer{Result: port.Done}, port.Refused, ""},
	} {
		reader := known()
		tc.change(reader)
		p := FromNPD(&binding{answer: tc.answer, stands: stranger}, reader)
		a, again := p.Send(t.Context(), ask(tc.verb, about)), p.Find(t.Context(), ask(tc.verb, about))
		var said flowv1.NpdAnswer
		if err := proto.Unmarshal([]byte(a.Body), &said); err != nil || a.Result != tc.want || a != again || said.GetOrder() != tc.order {
			t.Errorf("%s: %+v %v %v", name, a, &said, err)
		}
		if (tc.order != "") != (said.GetStanding().GetCode() == "TAXPAYER_UNBOUND") || a.Reason == "ИНН "+inn {
			t.Errorf("%s: %+v %v", name, a, &said)
		}
	}
	gone := known()
	gone.inn = ""
	for name, tc := range map[string]struct {
		answer port.Answer
		stands *port.Standing
		want   port.Result
	}{ // the request of somebody who is erased
		"not answered yet":    {port.Answer{Result: port.Done}, nil, port.Done},
		"no, or taken back":   {port.Answer{Result: port.Refused, Reason: "ИНН"}, nil, port.Refused},
		"silence":             {port.Unclear("x"), nil, port.Unknown},
		"a yes that is kept?": {port.Answer{Result: port.Done}, stranger, port.Unknown},
	} {
		a := FromNPD(&binding{answer: tc.answer, stands: tc.stands}, gone).Send(t.Context(), ask("bound", about))
		var said flowv1.NpdAnswer
		if err := proto.Unmarshal([]byte(a.Body), &said); err != nil || a.Result != tc.want || a.Reason == "ИНН" || (a.Result != port.Unknown) != (said.GetOrder() == "bind:0") || said.GetStanding() != nil {
			t.Errorf("%s: %+v %v", name, a, err)
		}
	}
	b := &binding{answer: port.Answer{Result: port.Done}}
	about.ByPhone = true
	if FromNPD(b, known()).Send(t.Context(), ask("bind", about)); len(b.asked) != 1 || b.asked[0].Phone == "" || b.asked[0].INN != inn {
		t.Errorf("%+v", b.asked)
	}
}

func TestNPDStatus(t *testing.T) {
	t.Parallel()
	about := ask("check", &flowv1.NpdAsk{Book: "main", ExecutorId: "e"})
	for _, want := range []port.Answer{{Result: port.Done}, {Result: port.Refused, Code: fault.NotFound}, {Result: port.Unknown}} {
		if a := FromNPDStatus(&binding{answer: want}, known(), time.Now).Send(t.Context(), about); a != want {
			t.Errorf("%+v, want %+v", a, want)
		}
	}
	gone := known()
	gone.inn = ""
	if a := FromNPDStatus(&binding{answer: port.Answer{Result: port.Done}}, gone, time.Now).Send(t.Context(), about); a.Status != port.NotSent {
		t.Errorf("%+v", a)
	}
}

// denying is a tax service that lets us register nothing.
type denying struct{ counting }

func (d *denying) Check(context.Context, string) port.Answer {
	d.checks++
	return port.Answer{Result: port.Refused, Code: fault.IncomeDenied}
}

// A refused check is told before it is an answer; what cannot be told is asked again.
// The months of a year go into the answer, and silence is no zero.
func TestIncomeOfAYear(t *testing.T) {
	t.Parallel()
	about := ask("income", &flowv1.NpdAsk{Book: "main", ExecutorId: "e", Year: 2026, Month: 10, Until: 11})
	for _, want := range []port.Answer{{Result: port.Done}, {Result: port.Refused, Code: fault.IncomeDenied}, port.Unclear("x")} {
		a := FromNPD(&binding{answer: want}, known()).Send(t.Context(), about)
		said := &flowv1.NpdAnswer{}
		if err := proto.Unmarshal([]byte(a.Body), said); err != nil || a.Result != want.Result || a.Code != want.Code {
			t.Errorf("%+v %v", a, err)
		}
		if sums := map[port.Result]string{port.Done: "202610.00 202611.00"}[want.Result]; strings.Join(said.GetIncomes(), " ") != sums {
			t.Errorf("%s: %q", want.Result, said.GetIncomes())
		}
	}
}

func TestWatched(t *testing.T) {
	t.Parallel()
	about := ask("check", &flowv1.IncomeAsk{Book: "main", ExecutorId: "e"})
	for name, tc := range map[string]struct {
		service *binding
		outcome *fault.Refusal
		told    int
		want    port.Result
	}{
		"told":               {&binding{answer: port.Answer{Result: port.Done}, stands: stranger}, nil, 1, port.Refused},
		"known already":      {&binding{answer: port.Answer{Result: port.Done}, stands: stranger}, fault.Refuse(fault.AlreadyExists, "id", "x"), 1, port.Refused},
		"not told":           {&binding{answer: port.Answer{Result: port.Done}, stands: stranger}, fault.Refuse(fault.Unavailable, "", "x"), 1, port.Unknown},
		"the service is mum": {&binding{answer: port.Unclear("x")}, nil, 0, port.Refused},
	} {
		told := 0
		submit := func(_ context.Context, r engine.Request) []engine.Outcome {
			op := r.Operations[0].GetFlow()
			if told++; op.GetFlow() != "npd" || op.GetEvent() != "observed" || op.GetOwner() != "e" || r.Operations[0].GetKey() != "effect:"+attempt+":npd" {
				t.Errorf("%s: %v", name, r)
			}
			return []engine.Outcome{{Refusal: tc.outcome}}
		}
		p := Watched(FromIncome(&denying{}, known()), tc.service, known(), submit)
		if a := p.Send(t.Context(), about); a.Result != tc.want || told != tc.told {
			t.Errorf("%s: %+v, told %d", name, a, told)
		}
		if a := p.Find(t.Context(), about); a.Result != tc.want {
			t.Errorf("%s, asked about: %+v", name, a)
		}
	}
	quiet := func(context.Context, engine.Request) []engine.Outcome { t.Error("told"); return nil }
	if a := Watched(FromIncome(&counting{}, known()), &binding{}, known(), quiet).Send(t.Context(), about); a.Result != port.Done {
		t.Errorf("%+v", a)
	}
}

// phones answers requests without a phone, as the service does, and the question how somebody
// stands with one.
type phones struct {
	binding
	theirs string
	silent bool
}

func (p *phones) Standing(context.Context, string) (*port.Standing, port.Answer) {
	if p.silent {
		return nil, port.Unclear("x")
	}
	return &port.Standing{Registered: true, Bound: true, Phone: p.theirs}, port.Answer{Result: port.Done}
}

// The books are told whether the tax service knows the person by our phone, under which
// version of his data, and neither phone.
func TestPhoneIsCompared(t *testing.T) {
	t.Parallel()
	const same, other, unsaid = flowv1.PhoneMatch_PHONE_MATCH_SAME, flowv1.PhoneMatch_PHONE_MATCH_OTHER, flowv1.PhoneMatch_PHONE_MATCH_UNSPECIFIED
	ours := requisite.ExamplePhone(1)
	bound := &port.Standing{Registered: true, Bound: true}
	for name, tc := range map[string]struct {
		verb   string
		phones phones
		want   flowv1.PhoneMatch
	}{
		"the night":                  {"standing", phones{theirs: ours}, same},
		"in the service's form":      {"standing", phones{theirs: ours[1:]}, same},
		"another":                    {"standing", phones{theirs: requisite.ExamplePhone(2)}, other},
		"none":                       {"standing", phones{}, unsaid},
		"no phone at all":            {"standing", phones{theirs: "мой"}, unsaid},
		"granted":                    {"bound", phones{binding: binding{stands: bound}, theirs: ours}, same},
		"granted, and then silence":  {"bound", phones{binding: binding{stands: bound}, theirs: ours, silent: true}, unsaid},
		"bound before":               {"bind", phones{binding: binding{stands: bound}, theirs: requisite.ExamplePhone(2)}, other},
		"not bound: nothing is said": {"bound", phones{binding: binding{stands: stranger}, theirs: ours}, unsaid},
	} {
		tc.phones.answer = port.Answer{Result: port.Done}
		a := FromNPD(&tc.phones, known()).Send(t.Context(), ask(tc.verb, &flowv1.NpdAsk{Book: "main", ExecutorId: "e", Order: "bind:0"}))
		var said flowv1.NpdAnswer
		if err := proto.Unmarshal([]byte(a.Body), &said); err != nil || said.GetStanding().GetPhone() != tc.want || (tc.want != unsaid) != (said.GetStanding().GetPhoneVersion() == 3) {
			t.Errorf("%s: %v %v", name, &said, err)
		}
		if strings.Contains(a.Body, ours[2:]) {
			t.Errorf("%s: the phone stands in the log", name)
		}
	}
}
