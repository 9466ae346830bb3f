package proof

import (
	"bufio"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Key verifies checkpoints of one installation. Its text is a verifier key of a signed
// note, NAME+HASH+KEY; each shard's signatures carry the shard's origin as their name,
// and the key for that name is derived from this one.
type Key struct {
	Installation string
	FromUS       int64 // checkpoints whose last record is older are not believed; 0 any
	UntilUS      int64 // nor those from this moment on; 0 any
	text         string
	public       ed25519.PublicKey
}

// Keys are the keys of an installation over time. A file of them has one a line:
//
//	example.org/ledger+0a1b2c3d+AfK…
//	example.org/ledger+4e5f6071+AW4… from 2026-01-01T00:00:00Z until 2027-01-01T00:00:00Z
//
// Empty lines and lines that begin with # are skipped.
type Keys []Key

// ParseKeys reads keys.
func ParseKeys(text string) (Keys, error) {
	var keys Keys
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		k, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		keys = append(keys, k)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no verifier key in it")
	}
	return keys, nil
}

func parseKey(line string) (Key, error) {
	words := strings.Fields(line)
	k := Key{text: words[0]}
	if _, err := note.NewVerifier(k.text); err != nil {
		return k, fmt.Errorf("%.40q is no verifier key of a signed note (NAME+HASH+KEY)", k.text)
	}
	parts := strings.SplitN(k.text, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return k, err
	}
	k.Installation, k.public = parts[0], ed25519.PublicKey(raw[1:])
	for rest := words[1:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) == 1 {
			return k, fmt.Errorf("%q: a moment (RFC 3339) must follow", rest[0])
		}
		moment, err := time.Parse(time.RFC3339, rest[1])
		switch {
		case err != nil:
			return k, fmt.Errorf("%q is no moment as RFC 3339 writes it", rest[1])
		case rest[0] == "from":
			k.FromUS = moment.UnixMicro()
		case rest[0] == "until":
			k.UntilUS = moment.UnixMicro()
		default:
			return k, fmt.Errorf("%q: from or until is meant", rest[0])
		}
	}
	return k, nil
}

// String writes the key as its file has it.
func (k Key) String() string {
	text := k.text
	for _, bound := range [...]struct {
		word string
		us   int64
	}{{"from", k.FromUS}, {"until", k.UntilUS}} {
		if bound.us != 0 {
			text += " " + bound.word + " " + time.UnixMicro(bound.us).UTC().Format(time.RFC3339)
		}
	}
	return text
}

// Same says whether both are one key, whatever the times they hold at.
func (k Key) Same(o Key) bool { return k.text == o.text }

func (k Key) holds(clockUS int64) bool {
	return clockUS >= k.FromUS && (k.UntilUS == 0 || clockUS < k.UntilUS)
}

// verifier is the key under a shard's name.
func (k Key) verifier(origin string) (note.Verifier, error) {
	text, err := note.NewEd25519VerifierKey(origin, k.public)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(text)
}

// Open reads a signed checkpoint and says whose it is. It believes a signature of one of
// the keys, of the time of the checkpoint.
func (keys Keys) Open(signed []byte) (Checkpoint, error) {
	name, _, _ := strings.Cut(string(signed), "\n")
	var list []note.Verifier
	byHash := map[uint32]Key{}
	for _, k := range keys {
		if !strings.HasPrefix(name, k.Installation+shardWord) {
			continue
		}
		v, err := k.verifier(name)
		if err != nil {
			return Checkpoint{}, differ("the checkpoint's origin", "a name", strconv.Quote(name))
		}
		if _, twice := byHash[v.KeyHash()]; !twice {
			byHash[v.KeyHash()] = k
			list = append(list, v)
		}
	}
	opened, err := note.Open(signed, note.VerifierList(list...))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return Checkpoint{}, differ("the signature of the checkpoint of "+strconv.Quote(name), "one of the given keys", "none of them signed it")
	case err != nil:
		return Checkpoint{}, differ("the signature of the checkpoint", "a signed note", err.Error())
	}
	c, err := parseText(opened.Text)
	if err != nil {
		return c, err
	}
	for _, s := range append(opened.Sigs, opened.UnverifiedSigs...) {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil { // its last bits would mean nothing
			return c, differ("the signature of the checkpoint", "base64 in its one form", "another form")
		}
	}
	for _, s := range opened.Sigs {
		if byHash[s.Hash].holds(c.ClockUS) {
			return c, nil
		}
	}
	return c, differ("the validity of the key", "a key that holds at "+time.UnixMicro(c.ClockUS).UTC().Format(time.RFC3339), byHash[opened.Sigs[0].Hash].String())
}

// Signer signs the checkpoints of an installation.
type Signer struct {
	key  Key
	seed []byte
}

// ErrName says that an installation cannot be called so.
var ErrName = errors.New("an installation's name is like example.org/ledger: letters, digits and signs without '+', spaces and /shards/")

const secretWord = "PRIVATE+KEY+"

// NewSigner makes a key and gives its secret text, for a file that nobody else reads.
func NewSigner(random io.Reader, installation string) (s *Signer, secret string, err error) {
	if installation == "" || strings.Contains(installation, shardWord) || strings.ContainsFunc(installation, func(r rune) bool { return r == '+' || r <= ' ' || r > '~' }) {
		return nil, "", fmt.Errorf("%w: %q", ErrName, installation)
	}
	secret, _, err = note.GenerateKey(random, installation)
	if err != nil {
		return nil, "", fmt.Errorf("make a key named %q: %w", installation, err)
	}
	s, err = ParseSigner(secret)
	return s, secret, err
}

// ParseSigner reads the secret text of a key. Its errors do not repeat it.
func ParseSigner(secret string) (*Signer, error) {
	secret = strings.TrimSpace(secret)
	parts := strings.SplitN(strings.TrimPrefix(secret, secretWord), "+", 3)
	if _, err := note.NewSigner(secret); err != nil || len(parts) != 3 {
		return nil, errors.New("this is no secret key of a signed note (PRIVATE+KEY+NAME+HASH+KEY)")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, errors.New("the secret key is no Ed25519 key")
	}
	s := &Signer{seed: raw[1:]}
	public := ed25519.NewKeyFromSeed(s.seed).Public().(ed25519.PublicKey)
	text, err := note.NewEd25519VerifierKey(parts[0], public)
	if err != nil {
		return nil, err
	}
	s.key, err = parseKey(text)
	return s, err
}

// Key is the public half.
func (s *Signer) Key() Key { return s.key }

// Installation is the name that the checkpoints carry.
func (s *Signer) Installation() string { return s.key.Installation }

// Sign signs a checkpoint of the signer's installation. Ed25519 has one signature for a
// text, so signing again gives the same bytes.
func (s *Signer) Sign(c Checkpoint) ([]byte, error) {
	if c.Installation != s.key.Installation {
		return nil, fmt.Errorf("a checkpoint of %q, the key is of %q", c.Installation, s.key.Installation)
	}
	v, err := s.key.verifier(c.origin())
	if err != nil {
		return nil, err
	}
	under := fmt.Sprintf("%s%s+%08x+%s", secretWord, c.origin(), v.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{1}, s.seed...)))
	signer, err := note.NewSigner(under)
	if err != nil {
		return nil, errors.New("the key does not sign under the shard's name")
	}
	return note.Sign(&note.Note{Text: c.Text()}, signer)
}
