package tbank

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/provodka/provodka/engine/port"
)

// CallbackOptions say who may call back.
type CallbackOptions struct {
	// Secrets are what the bank was told to show us, newest first: "Bearer SECRET", or "Basic"
	// with the secret in base64. At least one.
	Secrets []string
	// From is where the bank calls from; empty is anywhere.
	From []netip.Prefix
}

// minSecret is how short a secret may be.
const minSecret = 16

// Callbacks reads the webhook payment-status of the bank.
type Callbacks struct {
	accepted [][sha256.Size]byte // hashes of the header Authorization
	from     []netip.Prefix
}

var _ port.Callbacks = (*Callbacks)(nil)

// NewCallbacks checks the options.
func NewCallbacks(o CallbackOptions) (*Callbacks, error) {
	c := &Callbacks{from: o.From}
	for _, s := range o.Secrets {
		if len(s) < minSecret {
			return nil, errors.New("tbank: a secret of callbacks has less than 16 characters")
		}
		for _, shown := range []string{"Bearer " + s, "Basic " + base64.StdEncoding.EncodeToString([]byte(s)), "Basic " + s} {
			c.accepted = append(c.accepted, sha256.Sum256([]byte(shown)))
		}
	}
	if len(c.accepted) == 0 {
		return nil, errors.New("tbank: callbacks have no secret")
	}
	return c, nil
}

// Admits implements port.Callbacks: every accepted header is compared, whatever comes.
func (c *Callbacks) Admits(from netip.Addr, header http.Header) bool {
	shown, found := sha256.Sum256([]byte(header.Get("Authorization"))), 0
	for _, a := range c.accepted {
		found |= subtle.ConstantTimeCompare(shown[:], a[:])
	}
	known := len(c.from) == 0 || slices.ContainsFunc(c.from, func(p netip.Prefix) bool { return p.Contains(from) })
	return found == 1 && known
}

// attemptShape is how our ids of payments look.
var attemptShape = regexp.MustCompile(`^[0-9a-f]{32}$`)

// mostHints is how many payments one callback may be about.
const mostHints = 64

// Hints implements port.Callbacks. How the body is laid out is not documented ?, so every
// text in it that looks like an id of ours counts as one, and a status beside it as what
// became of that payment.
func (c *Callbacks) Hints(body []byte) ([]port.Hint, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return nil, errors.New("the body is not JSON")
	}
	found := gather(v, "", nil)
	if len(found) > mostHints {
		return nil, errors.New("the body names too many payments")
	}
	return found, nil
}

// gather finds the ids in a JSON value; says is what the object around it says.
func gather(v any, says port.Result, found []port.Hint) []port.Hint {
	switch v := v.(type) {
	case string:
		if attemptShape.MatchString(v) && !slices.ContainsFunc(found, func(h port.Hint) bool { return h.Attempt == v && h.Says == says }) {
			found = append(found, port.Hint{Attempt: v, Says: says})
		}
	case []any:
		for _, e := range v {
			found = gather(e, says, found)
		}
	case map[string]any:
		if word, ok := v["status"].(string); ok {
			says = meaning(word)
		}
		for _, e := range v {
			found = gather(e, says, found)
		}
	}
	return found
}

// meaning is what a status of a payment says, "" when nothing final.
func meaning(word string) port.Result {
	if a := answer(status, http.StatusOK, strings.TrimSpace(word), "", ""); a.Result == port.Done || a.Result == port.Refused {
		return a.Result
	}
	return ""
}
