package world

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// drawing is a drawer that answers one thing.
type drawing struct {
	doc *flowv1.ClosingDocument
	err error
}

func (d drawing) Next(context.Context, *flowv1.ClosingAsk) (*flowv1.ClosingDocument, error) {
	return d.doc, d.err
}

func TestClosingDocumentsAreDrawn(t *testing.T) {
	t.Parallel()
	doc := &flowv1.ClosingDocument{Month: "2026-11", Number: 1, PdfSha256: "p"}
	ask := port.Ask{Attempt: "a", Verb: verbDraw, Body: flow.Bytes(&flowv1.ClosingAsk{CompanyId: "company-1"})}
	for name, tc := range map[string]struct {
		drawing
		result port.Result
		code   fault.Code
		body   string
	}{
		"a document":        {drawing{doc: doc}, port.Done, "", string(flow.Bytes(doc))},
		"nothing is new":    {drawing{}, port.Done, "", ""},
		"no database":       {drawing{err: errors.New("gone")}, port.Unknown, "", ""},
		"too many at once":  {drawing{err: fault.Refuse(fault.Unavailable, "", "busy")}, port.Unknown, "", ""},
		"it does not close": {drawing{err: fault.Refuse(fault.SheetDiffers, "month", "by a kopeck")}, port.Refused, fault.SheetDiffers, ""},
	} {
		p := FromClosing(nil, tc.drawing)
		for _, a := range []port.Answer{p.Send(t.Context(), ask), p.Find(t.Context(), ask)} {
			if a.Result != tc.result || a.Code != tc.code || a.Body != tc.body {
				t.Errorf("%s: %+v", name, a)
			}
		}
	}
}

func TestClosingBeginsByACommand(t *testing.T) {
	t.Parallel()
	var asked []string
	p := FromClosing(func(_ context.Context, r engine.Request) []engine.Outcome {
		op := r.Operations[0].Operation
		f := op.GetFlow()
		var b flowv1.ClosingOpen
		if err := proto.Unmarshal(f.GetBody(), &b); err != nil {
			t.Error(err)
		}
		asked = append(asked, r.Book+" "+op.GetKey()+" "+f.GetFlow()+" "+f.GetId()+" "+f.GetOwner()+" "+f.GetEvent()+" "+b.GetFromMonth())
		return []engine.Outcome{{}}
	}, drawing{})
	ask := port.Ask{Attempt: "a1", Verb: verbOpen, Body: flow.Bytes(&flowv1.ClosingOpenAsk{Book: "main", CompanyId: "company-1", FromMonth: "2026-11"})}
	if a := p.Send(t.Context(), ask); a.Result != port.Done || len(asked) != 1 || asked[0] != "main effect:a1 "+closing.Name+" company-1 company-1 open 2026-11" {
		t.Errorf("%+v %v", a, asked)
	}
	if a := p.Send(t.Context(), port.Ask{Verb: "sing"}); a.Result != port.Refused {
		t.Errorf("%+v", a)
	}
}
