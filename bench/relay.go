package main

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// pause is the wait between two looks.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(10 * time.Millisecond):
		return nil
	}
}

// unpublished counts the records that the relay has still to publish, by the server's
// own metrics.
func (h *house) unpublished(ctx context.Context) (int64, error) {
	var head int64
	if err := h.sql.QueryRow(ctx, "SELECT sum(seq)::INT8 FROM shard").Scan(&head); err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.server.Debug+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	var published int64
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "provodka_published_head{") {
			continue
		}
		_, value, _ := strings.Cut(lines.Text(), "} ")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, err
		}
		published += int64(n)
	}
	return head - published, lines.Err()
}
