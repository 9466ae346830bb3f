package password

import (
	"context"
	"crypto/rand" // clock: a salt's chance is nobody's decision
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/provodka/provodka/ledger/fault"
)

// Params are what argon2id is told.
type Params struct {
	MemoryKiB, Passes uint32
	Lanes             uint8
}

// Recommended are OWASP's first choice: 19 MiB, two passes, one lane.
var Recommended = Params{MemoryKiB: 19456, Passes: 2, Lanes: 1}

// Lengths of salt and hash.
const (
	saltBytes = 16
	hashBytes = 32
)

// Bounds of what a kept text may ask for: one that asks for more was not made here.
const (
	mostKiB    = 1 << 18
	mostPasses = 16
)

// Hasher makes hashes and compares with them, few at once. It is safe for concurrent use.
type Hasher struct {
	params Params
	run    chan struct{} // who hashes
	wait   chan struct{} // who hashes or waits
	dummy  string
}

// New makes a hasher: atOnce hash, and line stand behind them.
func New(p Params, atOnce, line int) *Hasher {
	h := &Hasher{params: p, run: make(chan struct{}, atOnce), wait: make(chan struct{}, atOnce+line)}
	h.dummy = p.encode(make([]byte, saltBytes), make([]byte, hashBytes))
	return h
}

// Make is what is kept of a password.
func (h *Hasher) Make(ctx context.Context, text string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		panic("password: no randomness: " + err.Error())
	}
	hash, err := h.hash(ctx, h.params, text, salt)
	if err != nil {
		return "", err
	}
	return h.params.encode(salt, hash), nil
}

// Matches says whether a password is the one that something was kept of; "" is kept of
// nobody's, costs the same, and matches none.
func (h *Hasher) Matches(ctx context.Context, text, kept string) (bool, error) {
	nobody := kept == ""
	if nobody {
		kept = h.dummy
	}
	p, salt, want, err := decode(kept)
	if err != nil {
		return false, err
	}
	got, err := h.hash(ctx, p, text, salt)
	if err != nil {
		return false, err
	}
	same := subtle.ConstantTimeCompare(got, want) == 1
	return same && !nobody, nil
}

// Stale says whether what was kept was made with other parameters than today's.
func (h *Hasher) Stale(kept string) bool {
	p, _, _, err := decode(kept)
	return err == nil && p != h.params
}

// hash waits for its turn. More than a line can hold are sent away.
func (h *Hasher) hash(ctx context.Context, p Params, text string, salt []byte) ([]byte, error) {
	select {
	case h.wait <- struct{}{}:
		defer func() { <-h.wait }()
	default:
		return nil, fault.Refuse(fault.QueueFull, "", "too many passwords wait to be looked at")
	}
	select {
	case h.run <- struct{}{}:
		defer func() { <-h.run }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(normal(text)), salt, p.Passes, p.MemoryKiB, p.Lanes, hashBytes), nil
}

var b64 = base64.RawStdEncoding

// encode writes the form that other programs read too.
func (p Params) encode(salt, hash []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.MemoryKiB, p.Passes, p.Lanes, b64.EncodeToString(salt), b64.EncodeToString(hash))
}

// errForm does not repeat what was kept.
var errForm = errors.New("password: what was kept is not of our form")

func decode(kept string) (p Params, salt, hash []byte, err error) {
	parts := strings.Split(kept, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, errForm
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Passes, &p.Lanes); err != nil || n != 3 {
		return p, nil, nil, errForm
	}
	if p.Passes == 0 || p.Passes > mostPasses || p.Lanes == 0 || p.MemoryKiB < 8*uint32(p.Lanes) || p.MemoryKiB > mostKiB {
		return p, nil, nil, errForm
	}
	var wrong error
	salt, err = b64.DecodeString(parts[4])
	hash, wrong = b64.DecodeString(parts[5])
	if errors.Join(err, wrong) != nil || len(salt) < 8 || len(hash) != hashBytes {
		return p, nil, nil, errForm
	}
	return p, salt, hash, nil
}
