package play

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/provodka/provodka/engine/port/stage"
)

// booked are all lines of a sandbox's own books, oldest first.
func booked(ctx context.Context, url string) ([]stage.Payment, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/sandbox/books", nil)
	if err != nil {
		return nil, err
	}
	raw, err := call(req)
	if err != nil {
		return nil, err
	}
	var r stage.Report
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", req.URL, err)
	}
	return r.Payments, nil
}

// books are the lines about a task; one that is paid has one at least. What a task is called
// stands in its payments' purpose and in its receipts.
func books(ctx context.Context, url, title string) ([]stage.Payment, error) {
	all, err := booked(ctx, url)
	about := slices.DeleteFunc(all, func(p stage.Payment) bool { return !strings.Contains(p.Purpose, title) })
	if err == nil && len(about) == 0 {
		err = fmt.Errorf("%s: о «%s» там ничего нет", url, title)
	}
	return about, err
}

// order tells a sandbox what the world does.
func order(ctx context.Context, url string, what any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	_, err = call(req)
	return err
}

func call(req *http.Request) ([]byte, error) {
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s %s", req.URL, answer.Status, raw)
	}
	return raw, err
}
