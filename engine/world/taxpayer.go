package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/port"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbChange is the verb of the port "taxpayer".
const verbChange = "change"

// taxpayers reaches the years of people on their own shards.
type taxpayers struct{ submit Submit }

// FromTaxpayer serves the port "taxpayer": verb change (TaxpayerChange) changes what a
// task is in its executor's year. The attempt is the command's key, so asking twice
// changes once and gives the first answer.
func FromTaxpayer(submit Submit) port.Port { return &taxpayers{submit} }

// Send implements port.Port.
func (t *taxpayers) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbChange {
		return unknownVerb(ask)
	}
	var body flowv1.TaxpayerChange
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	o := change(ctx, t.submit, ask, body.GetBook(), taxpayer.Name, body.GetExecutorId())
	answer := answerOf(ask, o)
	switch answer.Result {
	case port.Done:
		answer.Body = string(flow.Bytes(taxpayer.Answer(o.Record.GetMove().GetData())))
	case port.Refused:
		said := &flowv1.TaxpayerAnswer{Short: limit.ShortOf(o.Refusal)}
		if said.Short == nil {
			said.Free = o.Refusal.Facts[taxpayer.FactFree]
		}
		answer.Body = string(flow.Bytes(said))
	case port.Unknown, port.NotFound:
	}
	return answer
}

// Find implements port.Port.
func (t *taxpayers) Find(ctx context.Context, ask port.Ask) port.Answer { return t.Send(ctx, ask) }

// Memory implements port.Port.
func (t *taxpayers) Memory() time.Duration { return ownMemory }
