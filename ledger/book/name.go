package book

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/provodka/provodka/ledger/fault"
)

// MaxNameBytes bounds an account's name; that of its transit part is longer.
const MaxNameBytes = 128

// Name is an account's name in its parts: type:owner[:part].
type Name struct {
	Type  string // of the chart: "wallet"
	Owner string // whom the home shard is chosen by: "company-42"
	Part  string // optional: "fees"
}

// ParseName reads type:owner[:part] and refuses, with the field, an unknown type
// and every character but lower-case letters, digits, '-', '_' and '.'.
func ParseName(field, text string) (Name, *fault.Refusal) {
	if len(text) > MaxNameBytes && !(IsTransit(text) && len(text) <= MaxNameBytes+len(":"+transitPart)) {
		return Name{}, fault.Refuse(fault.AccountInvalid, field, "the name has %d bytes, at most %d", len(text), MaxNameBytes)
	}
	// Every leg of every command passes here several times: no slice is made of it.
	kind, rest, two := strings.Cut(text, ":")
	owner, part, three := strings.Cut(rest, ":")
	if !two || strings.IndexByte(part, ':') >= 0 {
		return Name{}, fault.Refuse(fault.AccountInvalid, field, "%q is not type:owner[:part]", text)
	}
	if !word(kind) || !word(owner) || three && !word(part) {
		return Name{}, fault.Refuse(fault.AccountInvalid, field, "%q: a part must be 1 or more of a-z, 0-9, '-', '_', '.'", text)
	}
	if _, ok := chart.types[kind]; !ok {
		return Name{}, fault.Refuse(fault.AccountInvalid, field, "%q: the chart has no type %q", text, kind)
	}
	return Name{Type: kind, Owner: owner, Part: part}, nil
}

// inWord says which bytes a part may have.
var inWord = func() (in [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789-_.") {
		in[c] = true
	}
	return in
}()

func word(s string) bool {
	for i := range len(s) {
		if !inWord[s[i]] {
			return false
		}
	}
	return s != ""
}

// String prints the name.
func (n Name) String() string {
	if n.Part == "" {
		return n.Type + ":" + n.Owner
	}
	return n.Type + ":" + n.Owner + ":" + n.Part
}

// transitPart marks the part of an account that holds money on its way between
// the account's stripes.
const transitPart = "transit"

// Transit is the part of the account that holds money on its way between its
// stripes. Its stripes may be below zero one by one; their sum is never.
func (n Name) Transit() Name {
	if n.Part == "" {
		n.Part = transitPart
	} else {
		n.Part += "." + transitPart
	}
	return n
}

// IsTransit says whether the account is the transit part of another one. Nobody
// but the gathering between stripes may book to it.
func (n Name) IsTransit() bool {
	return n.Part == transitPart || strings.HasSuffix(n.Part, "."+transitPart)
}

// IsTransit says whether a name that was parsed once is of an account's transit part.
func IsTransit(account string) bool {
	return (strings.HasSuffix(account, ":"+transitPart) || strings.HasSuffix(account, "."+transitPart)) && strings.Count(account, ":") == 2
}

// AccountID identifies an account in the database; it derives from book and name.
type AccountID [16]byte

// ID derives the account's id: the first 16 bytes of SHA-256(book, 0, name).
func ID(book, name string) AccountID {
	var buf [128]byte // most names fit: then nothing is allocated
	text := append(append(append(buf[:0], book...), 0), name...)
	sum := sha256.Sum256(text)
	return AccountID(sum[:16])
}

// String prints the id in hex.
func (id AccountID) String() string { return fmt.Sprintf("%x", [16]byte(id)) }

// Home is the home shard of an owner: a hash of book and owner, the same for ever
// because the number of shards of an installation is.
func Home(book, owner string, shards int) int {
	sum := sha256.Sum256([]byte(book + "\x00" + owner))
	return int(binary.BigEndian.Uint64(sum[:8]) % uint64(shards))
}
