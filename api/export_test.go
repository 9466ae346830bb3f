package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

const (
	hledger = ledgerv1.ExportFormat_EXPORT_FORMAT_HLEDGER
	asCSV   = ledgerv1.ExportFormat_EXPORT_FORMAT_CSV
)

// heads are the lines that tell how far a file sees: the other parts of the test go on.
var heads = regexp.MustCompile(`(?m)^; shard \d+: .*\n`)

func withoutHeads(text string) string { return heads.ReplaceAllString(text, "") }

// export waits until there is room: other parts of the test export too.
func (c *caller) export(ctx context.Context, req *ledgerv1.ExportRequest, w io.Writer, progress func(int)) (string, error) {
	for {
		position, err := c.once().Export(ctx, req, w, progress)
		var r *client.Refusal
		if !errors.As(err, &r) || r.Code != string(fault.Unavailable) || ctx.Err() != nil {
			return position, err
		}
		c.pause()
	}
}

// testExport streams the file that the program writes, and refuses as every other method.
func testExport(t *testing.T, h *house) {
	c := h.caller(t)
	ctx := t.Context()
	c.open("100.00", "customer:a", "customer:b")
	c.must(entryOp("", "transfer", "customer:a", "customer:b", "1.00"))
	at, err := c.Ledger.GetPosition(ctx, &ledgerv1.GetPositionRequest{Book: c.book})
	if err != nil {
		t.Fatal(err)
	}
	for format, name := range map[ledgerv1.ExportFormat]string{
		hledger: export.FormatHledger, ledgerv1.ExportFormat_EXPORT_FORMAT_LEDGER: export.FormatLedger, asCSV: export.FormatCSV,
	} {
		var want, got bytes.Buffer
		if _, err := export.Write(ctx, h.db, export.Options{Book: c.book, Format: name, Account: "customer:b"}, &want); err != nil {
			t.Fatal(err)
		}
		last := -1
		position, err := c.export(ctx, &ledgerv1.ExportRequest{Book: c.book, Format: format, Account: "customer:b", MinPosition: at.GetPosition()}, &got,
			func(percent int) {
				if percent <= last {
					t.Errorf("%d %% after %d %%", percent, last)
				}
				last = percent
			})
		if err != nil || withoutHeads(got.String()) != withoutHeads(want.String()) || last != 100 || !strings.Contains(got.String(), "customer") || position == "" {
			t.Errorf("%s: %v, %d %%, position %q\n%s\nwant\n%s", name, err, last, position, got.String(), want.String())
		}
	}
	for name, tc := range map[string]struct {
		req   *ledgerv1.ExportRequest
		code  fault.Code
		field string
	}{
		"another's book": {&ledgerv1.ExportRequest{Book: "foreign", Format: hledger}, fault.PermissionDenied, "book"},
		"no form":        {&ledgerv1.ExportRequest{Book: c.book}, fault.Malformed, "format"},
		"no day":         {&ledgerv1.ExportRequest{Book: c.book, Format: hledger, From: "2026-02-30"}, fault.Malformed, "from"},
		"backwards":      {&ledgerv1.ExportRequest{Book: c.book, Format: hledger, From: "2026-02-02", To: "2026-02-01"}, fault.Malformed, "to"},
		"no account":     {&ledgerv1.ExportRequest{Book: c.book, Format: hledger, Account: "Счёт"}, fault.AccountInvalid, "account"},
		"too early":      {&ledgerv1.ExportRequest{Book: c.book, Format: hledger, MinPosition: "0.9000000000"}, fault.PositionTimeout, "min_position"},
		"NUL":            {&ledgerv1.ExportRequest{Book: c.book, Format: hledger, Account: "a\x00"}, fault.Malformed, "account"},
	} {
		var got bytes.Buffer
		_, err := c.export(ctx, tc.req, &got, nil)
		if r := refused(t, err, tc.code, tc.field); got.Len() > 0 {
			t.Errorf("%s: %v came with %q", name, r, got.String())
		}
	}
	poster := h.caller(t, gate.RoleLedger)
	_, err = poster.Export(ctx, &ledgerv1.ExportRequest{Book: poster.book, Format: hledger}, &bytes.Buffer{}, nil)
	refused(t, err, fault.PermissionDenied, "")
	empty := h.caller(t)
	_, err = empty.export(ctx, &ledgerv1.ExportRequest{Book: empty.book, Format: hledger}, &bytes.Buffer{}, nil)
	refused(t, err, fault.NotFound, "book")
	if log := h.log.String(); !strings.Contains(log, `"method":"provodka.ledger.v1.ExportService/Export"`) {
		t.Error("no line in the log")
	}
}

// summing keeps nothing of what is written but its sum.
type summing struct {
	hash.Hash
	bytes, largest int
	stop           context.CancelFunc // called at the first byte
}

func (s *summing) Write(p []byte) (int, error) {
	if len(p) > 0 && s.stop != nil {
		s.stop()
	}
	s.bytes, s.largest = s.bytes+len(p), max(s.largest, len(p))
	return s.Hash.Write(p)
}

// testExportLarge streams 100,000 legs in small pieces, and lets callers go away.
func testExportLarge(t *testing.T, h *house) {
	c := h.caller(t)
	ctx := t.Context()
	c.open("100000.00", "customer:a", "customer:b")
	ops := make([]*ledgerv1.Operation, 5_000)
	for range 10 {
		for i := range ops {
			ops[i] = entryOp("", "transfer", "customer:a", "customer:b", "0.01")
		}
		c.must(ops...)
	}
	for i := range 3 * 2 { // more than run at once: each gives its room back
		going, stop := context.WithCancel(ctx)
		_, err := c.export(going, &ledgerv1.ExportRequest{Book: c.book, Format: hledger}, &summing{Hash: sha256.New(), stop: stop}, nil)
		if stop(); err == nil || !errors.Is(going.Err(), context.Canceled) {
			t.Fatalf("caller %d went away, and got %v", i, err)
		}
	}
	want, got := &summing{Hash: sha256.New()}, &summing{Hash: sha256.New()}
	report, err := export.Write(ctx, h.db, export.Options{Book: c.book, Format: export.FormatCSV}, want)
	if err != nil {
		t.Fatal(err)
	}
	for { // the server may still be noticing that the last one went away
		var r *client.Refusal
		_, err = c.export(ctx, &ledgerv1.ExportRequest{Book: c.book, Format: asCSV}, got, nil)
		if !errors.As(err, &r) || r.Code != string(fault.Unavailable) {
			break
		}
		c.pause()
	}
	if err != nil || report.Legs < 100_000 || fmt.Sprintf("%x", got.Sum(nil)) != fmt.Sprintf("%x", want.Sum(nil)) || got.largest > 64<<10 {
		t.Errorf("%v: %d legs, %d bytes of %d, the largest piece %d", err, report.Legs, got.bytes, want.bytes, got.largest)
	}

	// The statement of the account that paid them, page by page: it comes to what the account has.
	lines := &lineCount{}
	if _, err := c.export(ctx, &ledgerv1.ExportRequest{Book: c.book, What: ledgerv1.ExportWhat_EXPORT_WHAT_CARD, Account: "customer:a", Format: asCSV}, lines, nil); err != nil {
		t.Fatal(err)
	}
	has := strings.Fields(c.balances("", "customer:a")[0])[0]
	if lines.n != 50_000+4 || !strings.Contains(lines.last, ","+has+",") || !strings.HasPrefix(lines.last, "closing,") {
		t.Errorf("%d lines, the last is %q, the account has %s", lines.n, lines.last, has)
	}
}

// lineCount counts lines and keeps the last one.
type lineCount struct {
	n    int
	last string
}

func (l *lineCount) Write(p []byte) (int, error) {
	l.n += bytes.Count(p, []byte("\n"))
	l.last += string(p)
	if at := strings.LastIndexByte(strings.TrimSuffix(l.last, "\r\n"), '\n'); at >= 0 {
		l.last = l.last[at+1:]
	}
	return len(p), nil
}
