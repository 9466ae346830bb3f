package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"

	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
)

// uploadChunk is how much of a file a message carries.
const uploadChunk = 64 << 10

// UploadRegister sends a register as a stream and tells how far it is. The file is read
// twice: its hash, which names its lines, goes before it. The answer is the last message. A
// stream that broke off is sent again from the beginning: nothing is made twice. The client
// must speak HTTP/2: WithHTTPClient(HTTP2()).
func (c *Client) UploadRegister(ctx context.Context, start *registerv1.RegisterStart, file io.ReadSeeker, tell func(*registerv1.UploadRegisterResponse) error) (*registerv1.UploadRegisterResponse, error) {
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("read the register: %w", err)
	}
	start.SizeBytes, start.Sha256 = uint64(size), sum.Sum(nil)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.Registers.UploadRegister(ctx)
	if err != nil {
		return nil, err
	}
	sent := make(chan error, 1)
	go func() {
		err := sendRegister(stream.Send, start, file)
		if err == nil {
			err = stream.CloseRequest()
		}
		if err != nil {
			cancel() // a server that answers nothing more is not waited for
		}
		sent <- err
	}()
	var last *registerv1.UploadRegisterResponse
	for err == nil {
		var m *registerv1.UploadRegisterResponse
		if m, err = stream.Receive(); err == nil {
			last = m
			err = tell(m)
		}
	}
	cancel()
	_ = stream.CloseResponse() // it has said all
	if e := <-sent; errors.Is(err, io.EOF) && e != nil {
		err = e
	}
	if errors.Is(err, io.EOF) && last.GetPercent() == 100 {
		return last, nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return last, err
}

// sendRegister sends what comes and then the file. That the server takes no more is no
// error here: its answer says why.
func sendRegister(send func(*registerv1.UploadRegisterRequest) error, start *registerv1.RegisterStart, file io.Reader) error {
	if err := send(&registerv1.UploadRegisterRequest{What: &registerv1.UploadRegisterRequest_Start{Start: start}}); err != nil {
		return nil
	}
	for {
		chunk := make([]byte, uploadChunk)
		n, err := io.ReadFull(file, chunk)
		if n > 0 && send(&registerv1.UploadRegisterRequest{What: &registerv1.UploadRegisterRequest_Chunk{Chunk: chunk[:n]}}) != nil {
			return nil
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the register: %w", err)
		}
	}
}

// HTTP2 is an HTTP client that speaks HTTP/2 alone, with TLS and without.
func HTTP2() *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Protocols = protocols
	return &http.Client{Transport: transport}
}
