package world

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbStamp is the verb of the port "paper".
const verbStamp = "stamp"

// Stamper draws signed files with the stamps of their signatures.
type Stamper interface {
	// Stamp keeps the file with the stamps, and says its SHA-256.
	Stamp(ctx context.Context, ask *flowv1.StampAsk) (string, error)
}

// papers are files of documents behind the engine's shape.
type papers struct{ draw Stamper }

// FromPaper serves the port "paper": verb stamp (StampAsk) draws a signed file with its stamps
// and answers its hash (Stamped). The same ask draws the same bytes, so asking what became of
// it is drawing it again.
func FromPaper(draw Stamper) port.Port { return &papers{draw} }

// Send implements port.Port.
func (p *papers) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbStamp {
		return unknownVerb(ask)
	}
	var body flowv1.StampAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	sum, err := p.draw.Stamp(ctx, &body)
	if refusal := (*fault.Refusal)(nil); errors.As(err, &refusal) && refusal.Code.Lookup().Kind != fault.Busy {
		return port.Unsent(refusal)
	}
	if err != nil {
		return *unread("signed file")
	}
	side := body.GetExecutor()
	if body.GetSide() == task.SideCustomer {
		side = body.GetCustomer()
	}
	return port.Answer{Result: port.Done, Status: "done", Event: ask.Attempt, Body: string(flow.Bytes(&flowv1.Stamped{
		Document: body.GetDocument(), Side: body.GetSide(), SignedSha256: side.GetSha256(), At: side.GetAt(), Sha256: sum,
	}))}
}

// Find implements port.Port.
func (p *papers) Find(ctx context.Context, ask port.Ask) port.Answer { return p.Send(ctx, ask) }

// Memory implements port.Port.
func (p *papers) Memory() time.Duration { return ownMemory }
