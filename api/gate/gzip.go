package gate

import (
	"compress/gzip"
	"errors"
	"io"

	"connectrpc.com/connect"

	"github.com/provodka/provodka/ledger/fault"
)

// inflater reads gzip up to a limit. The library would inflate the rest too, to say how
// long it was: a thousand times what was sent. Its errors are of the table.
type inflater struct {
	limit, left int64
	gzip        gzip.Reader
	err         error
	begun       bool
}

// withInflater has handlers read gzip through it.
func withInflater(limit int64) connect.HandlerOption {
	return connect.WithCompression("gzip",
		func() connect.Decompressor { return &inflater{limit: limit} },
		func() connect.Compressor { return gzip.NewWriter(io.Discard) })
}

// Reset implements connect.Decompressor. Read says what is wrong with the beginning.
func (i *inflater) Reset(r io.Reader) error {
	i.left = i.limit
	i.err = i.gzip.Reset(r)
	i.begun = i.err == nil
	return nil
}

// Read implements io.Reader.
func (i *inflater) Read(p []byte) (int, error) {
	n := 0
	if i.err == nil {
		n, i.err = i.gzip.Read(p[:min(int64(len(p)), i.left+1)])
		i.left -= int64(n)
	}
	switch {
	case i.left < 0:
		return n, ToError(fault.Refuse(fault.RequestTooLarge, "", "the request has more than %d bytes", i.limit))
	case i.err == nil || errors.Is(i.err, io.EOF) && i.begun:
		return n, i.err
	}
	return n, ToError(fault.Refuse(fault.Malformed, "", "the body is no gzip: %v", i.err))
}

// Close implements connect.Decompressor.
func (i *inflater) Close() error {
	if !i.begun {
		return nil // the library's would panic
	}
	return i.gzip.Close()
}
