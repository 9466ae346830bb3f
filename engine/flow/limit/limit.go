package limit

import (
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Name is the flow's name. A limit's id is the company's.
const Name = "limit"

// Open is the only state.
const Open = "open"

// Change is the only command; its body is LimitChange.
const Change = "change"

var words = flow.Words{States: []string{Open}, Events: []string{Change}}

// New gives the flow of limit.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/limit/limit.md", document, decide, words)
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	if c.Event != Change {
		return flow.Decision{}, flow.WrongState(v, c)
	}
	var b flowv1.LimitChange
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return flow.Decision{}, refusal
	}
	d := flow.ReadData(v, &flowv1.LimitData{})
	d.Answer = &flowv1.LimitAnswer{}
	paid, refusal := Paid(d.Paid).Change(b.GetCountsWas(), b.GetCountsNow(), v.Day)
	if q := b.GetQuestion(); refusal == nil && q != nil {
		paid, d.Answer.Count, refusal = paid.Ask(q, v.Day)
	}
	if refusal != nil {
		return flow.Decision{}, refusal
	}
	d.Paid = paid
	return flow.Decision{Data: flow.Bytes(d)}, nil
}

// Answer is what the last change of a company's payments gave.
func Answer(data []byte) *flowv1.LimitAnswer {
	return flow.ReadData(flow.View{ID: Name, Data: data}, &flowv1.LimitData{}).GetAnswer()
}
