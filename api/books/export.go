package books

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// exportsAtOnce bounds the exports under way: one of entries keeps a line of each in memory, and all read
// much.
const exportsAtOnce = 2

// chunkBytes is the largest piece of an export.
const chunkBytes = 64 << 10

// Exports is ExportService.
type Exports struct {
	*gate.Gate
	room chan struct{}
}

// NewExports makes the service.
func NewExports(g *gate.Gate) *Exports {
	return &Exports{g, make(chan struct{}, exportsAtOnce)}
}

// Export implements ExportService.
func (s *Exports) Export(ctx context.Context, req *ledgerv1.ExportRequest, to *connect.ServerStream[ledgerv1.ExportResponse]) error {
	o, refusal := exportOptions(req)
	if refusal != nil {
		return refusal
	}
	wait := s.WaitFor
	if o.What == export.GeneralLedger {
		wait = s.WaitForSearch
	}
	if err := wait(ctx, req.GetMinPosition(), o.KnownUS); err != nil {
		return err
	}
	select {
	case s.room <- struct{}{}:
		defer func() { <-s.room }()
	default:
		return fault.Refuse(fault.Unavailable, "", "%d exports are under way", exportsAtOnce)
	}
	out := &chunks{ctx: ctx, to: to}
	o.Progress, o.Sees, o.Title = out.progress, out.sees, s.Content
	_, err := export.Write(ctx, s.DB, o, out)
	switch {
	case errors.Is(err, export.ErrBook): // other books are there: their names are not for this caller
		return fault.Refuse(fault.NotFound, "book", "nothing was ever booked in it")
	case err != nil:
		return fmt.Errorf("export: %w", err)
	}
	return out.end()
}

func exportOptions(req *ledgerv1.ExportRequest) (export.Options, *fault.Refusal) {
	o := export.Options{
		What: exported[req.GetWhat()], Book: req.GetBook(), Account: req.GetAccount(), Asset: req.GetAsset(), From: req.GetFrom(), To: req.GetTo(),
		Type: req.GetType(), Code1C: req.GetCode_1C(),
	}
	o.Format = map[ledgerv1.ExportFormat]string{
		ledgerv1.ExportFormat_EXPORT_FORMAT_HLEDGER: export.FormatHledger,
		ledgerv1.ExportFormat_EXPORT_FORMAT_LEDGER:  export.FormatLedger,
		ledgerv1.ExportFormat_EXPORT_FORMAT_CSV:     export.FormatCSV,
	}[req.GetFormat()]
	if req.GetBy() != ledgerv1.TurnoverBy_TURNOVER_BY_UNSPECIFIED {
		o.By = sheetBy(req.GetBy())
	}
	var refusal *fault.Refusal
	if o.KnownUS, refusal = knownAt("known_at", req.GetKnownAt()); refusal != nil {
		return o, refusal
	}
	return o, o.Check()
}

// exported are what an export can be of.
var exported = map[ledgerv1.ExportWhat]export.What{
	ledgerv1.ExportWhat_EXPORT_WHAT_UNSPECIFIED:    export.Entries,
	ledgerv1.ExportWhat_EXPORT_WHAT_ENTRIES:        export.Entries,
	ledgerv1.ExportWhat_EXPORT_WHAT_STATEMENT:      export.Statement,
	ledgerv1.ExportWhat_EXPORT_WHAT_CARD:           export.Card,
	ledgerv1.ExportWhat_EXPORT_WHAT_GENERAL_LEDGER: export.GeneralLedger,
	ledgerv1.ExportWhat_EXPORT_WHAT_TRIAL_BALANCE:  export.TrialBalance,
	ledgerv1.ExportWhat_EXPORT_WHAT_TURNOVERS:      export.Turnovers,
}

// chunks sends a file as it is written. A caller who reads slowly holds the export up,
// so nothing piles up here; one who goes away ends it.
type chunks struct {
	ctx      context.Context
	to       *connect.ServerStream[ledgerv1.ExportResponse]
	percent  uint32
	position string
	err      error
}

// Write implements io.Writer.
func (c *chunks) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		piece := p[done:min(done+chunkBytes, len(p))]
		if c.send(piece); c.err != nil {
			return done, c.err
		}
		done += len(piece)
	}
	return len(p), nil
}

func (c *chunks) send(piece []byte) {
	if c.err == nil {
		c.err = c.ctx.Err()
	}
	if c.err == nil {
		c.err = c.to.Send(&ledgerv1.ExportResponse{Chunk: piece, Percent: c.percent, Position: c.position})
	}
}

// progress tells how far it is; the end is told by end.
func (c *chunks) progress(percent int) {
	c.percent = uint32(min(percent, 99))
	c.send(nil)
}

func (c *chunks) sees(seen []store.Seen) { c.position = gate.SeenPosition(seen) }

func (c *chunks) end() error {
	c.percent = 100
	c.send(nil)
	return c.err
}
