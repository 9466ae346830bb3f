package register

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"connectrpc.com/connect"

	"github.com/provodka/provodka/ledger/fault"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
)

// uploadsAtOnce bounds the registers that come at one time: each has some sets of lines in memory.
const uploadsAtOnce = 4

// uploadStream is the stream of UploadRegister.
type uploadStream = connect.BidiStream[registerv1.UploadRegisterRequest, registerv1.UploadRegisterResponse]

// UploadRegister implements RegisterService.
func (s *Service) UploadRegister(ctx context.Context, stream *uploadStream) error {
	first, err := stream.Receive()
	if err != nil {
		return brokenOff(err)
	}
	start := first.GetStart()
	if start == nil {
		return fault.Refuse(fault.Malformed, "start", "the first message says what comes")
	}
	if err := s.Readable(ctx, start); err != nil { // book and company of the key
		return err
	}
	select {
	case s.room <- struct{}{}:
		defer func() { <-s.room }()
	default:
		return fault.Refuse(fault.Unavailable, "", "%d registers are being uploaded", uploadsAtOnce)
	}
	file := &upload{stream: stream, size: start.GetSizeBytes(), want: start.GetSha256(), sum: sha256.New()}
	im := &importing{book: start.GetBook(), company: start.GetCompanyId(), dryRun: start.GetDryRun()}
	own := start.GetName()
	if own == "" {
		own = hex.EncodeToString(start.GetSha256())
	}
	begun := false
	im.tell = func(r *registerResult) error {
		m := &registerv1.UploadRegisterResponse{
			Totals: im.total.message(), ReadBytes: file.read, Position: im.position.String(), Errors: r.part.GetErrors(),
			Percent: uint32(min(99, file.read*100/file.size)),
		}
		for _, l := range r.lines {
			if len(l.GetRefusals()) > 0 {
				m.Refused = append(m.Refused, l)
			}
		}
		if len(m.Errors) > 0 && !begun {
			m.Errors, begun = append(im.file.ErrorHead(), m.Errors...), true
		}
		return stream.Send(m)
	}
	known, err := s.begin(ctx, im, own, start.GetSha256(), start.GetFileName(), file)
	if err != nil {
		return err
	}
	if err := im.run(ctx); err != nil {
		return fileError(err)
	}
	register := &registerv1.Register{RegisterId: im.id}
	if !im.dryRun {
		register = registerMessage(im.id, known, im.total)
	}
	return stream.Send(&registerv1.UploadRegisterResponse{
		Totals: im.total.message(), ReadBytes: file.read, Percent: 100, Register: register, Position: im.position.String(),
		AlreadyImported: im.total.created == 0 && im.total.replayed > 0,
	})
}

// upload is the file of a stream. Nothing of it is kept; a caller who is faster than the
// books waits.
type upload struct {
	stream     *uploadStream
	size, read uint64
	want       []byte
	sum        hash.Hash
	chunk      []byte
}

// Read implements io.Reader. It ends well only when all of the file came, and it is the
// file that was announced: a row that is cut off is no row.
func (u *upload) Read(p []byte) (int, error) {
	if len(u.chunk) == 0 {
		if u.read == u.size {
			if !bytes.Equal(u.sum.Sum(nil), u.want) {
				return 0, fault.Refuse(fault.FileFormat, "sha256", "the file is not the one that was announced: it changed on its way")
			}
			return 0, io.EOF
		}
		m, err := u.stream.Receive()
		if err != nil {
			return 0, brokenOff(err)
		}
		chunk := m.GetChunk()
		if m.GetStart() != nil {
			return 0, fault.Refuse(fault.Malformed, "start", "only the first message says what comes")
		}
		if uint64(len(chunk)) > u.size-u.read {
			return 0, fault.Refuse(fault.FileFormat, "size_bytes", "more than the %d bytes that were announced came", u.size)
		}
		u.read += uint64(len(chunk))
		u.sum.Write(chunk)
		u.chunk = chunk
	}
	n := copy(p, u.chunk)
	u.chunk = u.chunk[n:]
	return n, nil
}

// brokenOff says of a stream that ended too early what can be done.
func brokenOff(err error) error {
	var refusal *fault.Refusal
	if errors.As(err, &refusal) {
		return err
	}
	if errors.Is(err, io.EOF) || connect.CodeOf(err) == connect.CodeCanceled || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.Refuse(fault.Unavailable, "chunk", "the stream broke off before the end of the file; send it again from the beginning: nothing is made twice")
	}
	return fmt.Errorf("receive: %w", err)
}
