package gate

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

// Invented keys are forgotten before those that somebody has, and memory stays bounded.
func TestInventedKeysMakeRoom(t *testing.T) {
	t.Parallel()
	hash := func(n int) (h [sha256.Size]byte) {
		binary.BigEndian.PutUint64(h[:], uint64(n))
		return h
	}
	k := &keyCache{rows: map[[sha256.Size]byte]cachedKey{}}
	const real = 50
	for n := range real {
		k.remember(hash(n), cachedKey{known: true})
	}
	for n := real; n < 3*maxCachedKeys; n++ {
		k.remember(hash(n), cachedKey{})
		if len(k.rows) > maxCachedKeys {
			t.Fatalf("%d keys are kept", len(k.rows))
		}
	}
	for n := range real {
		if !k.rows[hash(n)].known {
			t.Fatalf("key %d was driven out", n)
		}
	}
	for n := range 2 * maxCachedKeys {
		k.remember(hash(n), cachedKey{known: true})
	}
	if len(k.rows) > maxCachedKeys {
		t.Errorf("%d keys are kept", len(k.rows))
	}
}

// Whoever has a session, everybody and the program itself have no key that could be missing.
func TestPeopleCallByNoKey(t *testing.T) {
	t.Parallel()
	for actor, want := range map[string]bool{
		"dev": true, "executor-desk": true, "user-1": true, "": false, "public": false, InsideStatement: false,
		"user-0123456789abcdef0123": false, "executor-0123456789abcdef0123": false,
	} {
		if ByKey(actor) != want {
			t.Errorf("%q: %t", actor, !want)
		}
	}
}
