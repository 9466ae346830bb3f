package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// requestHashBytes is the length of a request's hash.
const requestHashBytes = 16

// keySet holds the idempotency keys that were taken, by half a SHA-256, and the record
// that took each: 48 bits of number below 16 of shard.
type keySet map[[16]byte]uint64

// key checks that a key is taken once, whatever the shard. An external does not take
// its key; an operation that waits for money has none yet.
func (c *check) key() error {
	r := c.r
	if r.GetKey() == "" || r.GetExternal() != nil {
		return nil
	}
	if n := len(r.GetRequestHash()); n != requestHashBytes {
		return c.differ("the hash of the request", fmt.Sprintf("%d bytes", requestHashBytes), fmt.Sprintf("%d bytes", n))
	}
	id := hash16(r.GetBook(), r.GetKey())
	if by, taken := c.a.keys[id]; taken {
		return c.differ("the idempotency key "+r.GetKey(), "a key that nobody has taken",
			"taken by "+recordName(int(by>>48), by&(1<<48-1)))
	}
	c.a.keys[id] = uint64(c.s.number)<<48 | r.GetSeq()&(1<<48-1)
	return nil
}

// hash16 names a list of texts in 16 bytes; each is led by its length.
func hash16(texts ...string) [16]byte {
	var buf [256]byte
	b := buf[:0]
	for _, t := range texts {
		b = append(binary.AppendUvarint(b, uint64(len(t))), t...)
	}
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}
