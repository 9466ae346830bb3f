package postback

import (
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/provodka/provodka/ledger/machine"
)

// Secret is how a subscriber is told the key of the signatures.
func Secret(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }

// sign is the signature of a body, as Standard Webhooks have it.
func sign(key []byte, id string, at time.Time, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%d.", id, at.Unix())
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

//go:embed postback.md
var document string

// giveUp is how long an event may fail before its subscription is paused.
const giveUp = 5 * 24 * time.Hour

// parseDelays reads what is waited after each failure.
func parseDelays(text string) ([]time.Duration, error) {
	tables, err := machine.ParseTables("api/postback/postback.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Delays")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Failures", "Delay"); err != nil {
		return nil, err
	}
	var delays []time.Duration
	for i, r := range t.Rows {
		d, err := time.ParseDuration(r.Cell("Delay"))
		if err != nil || d <= 0 || r.Cell("Failures") != strconv.Itoa(i+1) {
			return nil, r.Errorf("rows count failures from 1, each with a delay")
		}
		delays = append(delays, d)
	}
	if len(delays) == 0 {
		return nil, fmt.Errorf("api/postback/postback.md: no delays")
	}
	return delays, nil
}

// delay is what is waited after so many failures: the row's and up to a fifth more,
// by chance that the delivery's id decides, so that subscribers do not come at once.
func delay(delays []time.Duration, id string, failures int) time.Duration {
	d := delays[min(failures, len(delays))-1]
	sum := sha256.Sum256([]byte(id + strconv.Itoa(failures)))
	return d + time.Duration(binary.BigEndian.Uint16(sum[:]))*(d/5)/(1<<16)
}
