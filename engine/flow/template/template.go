package template

import (
	_ "embed"
	"encoding/hex"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed template.md
var document string

// Name is the flow's name.
const Name = "template"

// States.
const (
	Submitted = "submitted"
	Approved  = "approved"
	Refused   = "refused"
	Withdrawn = "withdrawn"
)

// Commands, with their bodies.
const (
	Submit   = "submit"   // TemplateSubmit
	Approve  = "approve"  // no body
	Refuse   = "refuse"   // TemplateRefuse
	Withdraw = "withdraw" // no body
)

var words = flow.Words{
	States: []string{Submitted, Approved, Refused, Withdrawn},
	Events: []string{Submit, Approve, Refuse, Withdraw},
}

// New gives the flow of template.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/template/template.md", document, decide, words)
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	d := flow.ReadData(v, &flowv1.TemplateData{})
	var refusal *fault.Refusal
	switch c.Event {
	case Submit:
		refusal = submit(c, d)
	case Approve, Refuse:
		if v.State == Submitted { // else the table has no row: wrong_state
			refusal = decided(v, c, d)
		}
	}
	return flow.Decision{Data: flow.Bytes(d)}, refusal
}

func submit(c flow.Command, d *flowv1.TemplateData) *fault.Refusal {
	var b flowv1.TemplateSubmit
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("company_id", b.CompanyId); refusal != nil {
		return refusal
	}
	if raw, err := hex.DecodeString(b.Sha256); err != nil || len(raw) != 32 || b.Kind == "" {
		return fault.Refuse(fault.Malformed, "sha256", "kind or hash of the text is missing")
	}
	d.CompanyId, d.Kind, d.Sha256, d.SubmittedBy, d.Version = b.CompanyId, b.Kind, b.Sha256, c.Actor, 1
	return nil
}

// decided is the word of somebody else than the author.
func decided(v flow.View, c flow.Command, d *flowv1.TemplateData) *fault.Refusal {
	if c.Actor == d.SubmittedBy {
		return fault.Refuse(fault.OwnRequest, "", "who submitted a template does not decide about it")
	}
	if c.Event == Refuse {
		var b flowv1.TemplateRefuse
		if refusal := flow.ReadBody(c, &b); refusal != nil {
			return refusal
		}
		if b.Version <= d.Version {
			return fault.Refuse(fault.WrongState, "version", "version %d is not above the kept version %d", b.Version, d.Version).With("state", v.State)
		}
		d.Version = b.Version
	}
	d.DecidedBy, d.DecidedAt = c.Actor, flow.Text(v.Clock)
	return nil
}
