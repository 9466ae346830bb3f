package embed

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// What the broker says of every transaction on a slow disk is left out, and nothing else.
func TestTheBrokersWarningsAreHandedOn(t *testing.T) {
	t.Parallel()
	var heard bytes.Buffer
	l := brokerLog{slog.New(slog.NewTextHandler(&heard, nil))}
	l.Logf(kfake.LogLevelWarn, "txn: EndTxn slow pid=%d epoch=%d elapsed=%dms batches=%d groups=%d", 1, 2, 7, 1, 0)
	l.Logf(kfake.LogLevelInfo, "a request")
	if heard.Len() > 0 {
		t.Errorf("handed on: %s", heard.String())
	}
	l.Logf(kfake.LogLevelWarn, "txn timeout abort: txn_id=%s", "shard-0")
	l.Logf(kfake.LogLevelError, "the disk is full")
	if text := heard.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, "level=ERROR") {
		t.Errorf("handed on: %s", text)
	}
}
