package world

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// printer answers one thing.
type printer struct {
	sum string
	err error
}

func (p printer) Stamp(context.Context, *flowv1.StampAsk) (string, error) { return p.sum, p.err }

func TestFilesAreStamped(t *testing.T) {
	t.Parallel()
	ask := port.Ask{Attempt: "a", Verb: verbStamp, Body: flow.Bytes(&flowv1.StampAsk{
		Document: "act", Side: task.SideCustomer, Executor: &flowv1.Signature{Sha256: "f", At: "1"}, Customer: &flowv1.Signature{Sha256: "f", At: "2"},
	})}
	for name, tc := range map[string]struct {
		printer
		result port.Result
		code   fault.Code
	}{
		"drawn":         {printer{sum: "s"}, port.Done, ""},
		"no database":   {printer{err: errors.New("gone")}, port.Unknown, ""},
		"too many":      {printer{err: fault.Refuse(fault.Unavailable, "", "busy")}, port.Unknown, ""},
		"it was erased": {printer{err: fault.Refuse(fault.NotFound, "document", "gone")}, port.Refused, fault.NotFound},
	} {
		p := FromPaper(tc.printer)
		for _, a := range []port.Answer{p.Send(t.Context(), ask), p.Find(t.Context(), ask)} {
			if a.Result != tc.result || a.Code != tc.code {
				t.Errorf("%s: %+v", name, a)
			}
			var said flowv1.Stamped
			if err := proto.Unmarshal([]byte(a.Body), &said); err != nil || tc.result == port.Done &&
				!proto.Equal(&said, &flowv1.Stamped{Document: "act", Side: task.SideCustomer, SignedSha256: "f", At: "2", Sha256: "s"}) {
				t.Errorf("%s: %v %v", name, &said, err)
			}
		}
	}
	if a := FromPaper(printer{}).Send(t.Context(), port.Ask{Verb: "burn"}); a.Result == port.Done {
		t.Errorf("%+v", a)
	}
}
