package client

import (
	"context"
	"errors"
	"io"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// ErrCutShort says that a stream ended before the file was whole.
var ErrCutShort = errors.New("client: the export ended before it was whole")

// Export writes an export to w and answers the position up to which it says everything: entries, an
// account's statement or card, the general ledger, the trial balance or the turnover balance sheet, as
// req.What says; the columns of each CSV are in the comments of ledgerv1.ExportWhat.
// After an error w holds a part of the file, or nothing. progress is told how many
// percent are done; it may be nil. Ending the context ends the work on the server too.
func (c *Client) Export(ctx context.Context, req *ledgerv1.ExportRequest, w io.Writer, progress func(percent int)) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pieces, err := c.Exports.Export(ctx, req)
	if err != nil {
		return "", understood(err)
	}
	defer pieces.Close()
	var last *ledgerv1.ExportResponse
	for pieces.Receive() {
		piece := pieces.Msg()
		if _, err := w.Write(piece.GetChunk()); err != nil {
			return "", err
		}
		if progress != nil && (last == nil || piece.GetPercent() != last.GetPercent()) {
			progress(int(piece.GetPercent()))
		}
		last = piece
	}
	if err := pieces.Err(); err != nil {
		return "", understood(err)
	}
	if last.GetPercent() != 100 {
		return "", ErrCutShort
	}
	return last.GetPosition(), nil
}

// understood is an error of a stream as a refusal, where it is one.
func understood(err error) error {
	_, _, err = understand(err)
	return err
}
