package private

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand" // clock: keys are made of chance, and no decision sees them
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/provodka/provodka/ledger/store"
)

// KeyBytes is the length of an installation key.
const KeyBytes = 32

// house owns what is no one person's: files, texts, stamps, companies' details.
const house = "house"

// sealedBy is the form of sealed data and wrapped keys, their first byte.
const sealedBy = 1

// errBroken says that sealed bytes are not what was sealed under this key, for this place.
var errBroken = errors.New("sealed data does not open: it was changed, moved, or sealed with another key")

// wrapper is an installation key: it wraps the keys of owners. Its id says nothing of it.
type wrapper struct {
	id   string
	aead cipher.AEAD
}

func newWrappers(keys [][]byte) ([]wrapper, error) {
	if len(keys) == 0 {
		return nil, errors.New("private: Config.Keys is empty")
	}
	var out []wrapper
	for i, key := range keys {
		if len(key) != KeyBytes {
			return nil, fmt.Errorf("private: Config.Keys[%d] has %d bytes, %d are needed", i, len(key), KeyBytes)
		}
		out = append(out, wrapper{hex.EncodeToString(derive(key, "wrapper id")[:8]), gcm(derive(key, "wrap"))})
	}
	return out, nil
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("private: " + err.Error()) // the length is a constant
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("private: " + err.Error())
	}
	return aead
}

// sealer is an owner's key in use.
type sealer struct {
	aead   cipher.AEAD
	nonces []byte
}

func newSealer(key []byte) *sealer {
	return &sealer{gcm(derive(key, "document")), derive(key, "nonce")}
}

// seal encrypts. The nonce is a keyed hash of place and text: the same version written
// again is the same bytes, and nothing else is ever sealed under the same nonce.
func (s *sealer) seal(place, text []byte) []byte {
	h := hmac.New(sha256.New, s.nonces)
	fmt.Fprintf(h, "%d:", len(place))
	h.Write(place)
	h.Write(text)
	nonce := h.Sum(nil)[:s.aead.NonceSize()]
	out := append([]byte{sealedBy}, nonce...)
	return s.aead.Seal(out, nonce, text, place)
}

// open decrypts what was sealed for the same place.
func (s *sealer) open(place, sealed []byte) ([]byte, error) { return unseal(s.aead, place, sealed) }

func unseal(aead cipher.AEAD, place, sealed []byte) ([]byte, error) {
	n := 1 + aead.NonceSize()
	if len(sealed) < n || sealed[0] != sealedBy {
		return nil, errBroken
	}
	text, err := aead.Open(nil, sealed[1:n], sealed[n:], place)
	if err != nil {
		return nil, errBroken
	}
	return text, nil
}

// at is where sealed bytes belong; anywhere else they do not open.
func at(parts ...string) []byte {
	var out []byte
	for _, p := range parts {
		out = append(strconv.AppendInt(out, int64(len(p)), 10), ':')
		out = append(out, p...)
	}
	return out
}

func placeOf(r store.PrivateRow, owner string) []byte {
	return at("document", r.Book, r.Kind, r.ID, strconv.FormatInt(r.Version, 10), owner)
}

// freshKey makes an owner's key, wrapped by the newest installation key.
func (v *Vault) freshKey(book, owner string) (store.PrivateKey, *sealer) {
	key := make([]byte, KeyBytes)
	if _, err := rand.Read(key); err != nil {
		panic("private: no randomness: " + err.Error())
	}
	return v.wrap(book, owner, key), newSealer(key)
}

func (v *Vault) wrap(book, owner string, key []byte) store.PrivateKey {
	w := v.wrappers[0]
	nonce := make([]byte, w.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		panic("private: no randomness: " + err.Error())
	}
	out := append([]byte{sealedBy}, nonce...)
	return store.PrivateKey{
		Book: book, Owner: owner, Wrapper: w.id, Wrapped: w.aead.Seal(out, nonce, key, at("key", book, owner, w.id)),
	}
}

func (v *Vault) unwrap(k store.PrivateKey) ([]byte, error) {
	for _, w := range v.wrappers {
		if w.id == k.Wrapper {
			key, err := unseal(w.aead, at("key", k.Book, k.Owner, k.Wrapper), k.Wrapped)
			if err != nil {
				return nil, fmt.Errorf("key of %s: %w", k.Owner, err)
			}
			return key, nil
		}
	}
	return nil, fmt.Errorf("key of %s: installation key %s is not configured", k.Owner, k.Wrapper)
}

// keptSealers bounds the keys that a vault keeps open: two generations of so many, about a
// kilobyte each.
const keptSealers = 2048

// sealers are keys of owners in use, by what they were unwrapped from. Of a key that is
// not in the database, or not the same, nobody asks: what is erased does not open.
type sealers struct {
	mu         sync.Mutex
	young, old map[string]*sealer
}

// find answers an open key; of those that nobody asked for during a generation none is left.
func (s *sealers) find(id []byte) *sealer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.young[string(id)]; found != nil {
		return found
	}
	found := s.old[string(id)]
	if found != nil {
		s.put(string(id), found)
	}
	return found
}

func (s *sealers) keep(id []byte, k *sealer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(string(id), k)
}

// put makes a key one of the young; mu is held.
func (s *sealers) put(id string, k *sealer) {
	if len(s.young) >= keptSealers || s.young == nil {
		s.old, s.young = s.young, map[string]*sealer{}
	}
	s.young[id] = k
}

// clear forgets them all: somebody was erased.
func (s *sealers) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young, s.old = nil, nil
}

// sealer opens an owner's key.
func (v *Vault) sealer(k store.PrivateKey) (*sealer, error) {
	id := at(k.Book, k.Owner, k.Wrapper, string(k.Wrapped))
	if found := v.open.find(id); found != nil {
		return found, nil
	}
	key, err := v.unwrap(k)
	if err != nil {
		return nil, err
	}
	made := newSealer(key)
	v.open.keep(id, made)
	return made, nil
}

// text is the content of a row; false when it cannot be read any more, because its key
// was deleted.
func (v *Vault) text(r store.PrivateRow) ([]byte, bool, error) {
	if r.Owner == "" {
		return r.Data, true, nil
	}
	if len(r.Key.Wrapped) == 0 {
		return nil, false, nil
	}
	key, err := v.sealer(r.Key)
	if err != nil {
		return nil, false, err
	}
	text, err := key.open(placeOf(r, r.Owner), r.Data)
	return text, err == nil, err
}

// sealed gives rows in the form in which they are written: each under its owner's key,
// which is made when there is none yet.
func (v *Vault) sealed(ctx context.Context, book string, rows []store.PrivateRow) (store.PrivateWrite, error) {
	w := store.PrivateWrite{Rows: make([]store.PrivateRow, len(rows))}
	keys := map[string]*sealer{}
	var owners []string
	for _, r := range rows {
		if _, twice := keys[r.Owner]; !twice {
			keys[r.Owner] = nil
			owners = append(owners, r.Owner)
		}
	}
	if err := v.known(ctx, book, owners, keys, &w); err != nil {
		return w, err
	}
	for _, owner := range owners {
		if keys[owner] == nil {
			var fresh store.PrivateKey
			fresh, keys[owner] = v.freshKey(book, owner)
			w.Fresh = append(w.Fresh, fresh)
		}
	}
	for i, r := range rows {
		r.Data = keys[r.Owner].seal(placeOf(r, r.Owner), r.Data)
		w.Rows[i] = r
	}
	return w, nil
}

// known opens the keys that stand. The house's is remembered: whether it still is the
// same the write asks, as for every key.
func (v *Vault) known(ctx context.Context, book string, owners []string, keys map[string]*sealer, w *store.PrivateWrite) (err error) {
	if kept, ok := v.houses.Load(book); ok && len(owners) == 1 && owners[0] == house {
		h := kept.(houseKey)
		keys[house], w.Used = h.open, []store.PrivateKey{h.key}
		return nil
	}
	if w.Used, err = v.db.PrivateKeys(ctx, book, owners); err != nil {
		return err
	}
	for _, k := range w.Used {
		if keys[k.Owner], err = v.sealer(k); err != nil {
			return err
		}
		if k.Owner == house {
			v.houses.Store(book, houseKey{k, keys[house]})
		}
	}
	return nil
}

// houseKey is the house's key of a book.
type houseKey struct {
	key  store.PrivateKey
	open *sealer
}
