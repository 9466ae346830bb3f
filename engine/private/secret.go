package private

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// SecretBytes is the least length of a secret.
const SecretBytes = 32

// secrets are the keys of the keyed hashes, newest first. New rows are written under
// the newest; lookups try all, so a secret can be replaced without rewriting rows.
type secrets struct {
	index  [][]byte
	digest []byte
	ids    []byte
	lines  []byte
	hooks  []byte
	codes  []byte
	base   []byte
}

func newSecrets(list [][]byte) (secrets, error) {
	var s secrets
	if len(list) == 0 {
		return s, fmt.Errorf("private: Config.Secrets is empty")
	}
	for i, secret := range list {
		if len(secret) < SecretBytes {
			return s, fmt.Errorf("private: Config.Secrets[%d] has %d bytes, at least %d are needed", i, len(secret), SecretBytes)
		}
		s.index = append(s.index, derive(secret, "index"))
	}
	// Digests and ids must stay what they are: they come from the oldest secret.
	oldest := list[len(list)-1]
	s.digest, s.ids, s.lines, s.base = derive(oldest, "digest"), derive(oldest, "id"), derive(oldest, "line"), list[0]
	s.hooks = derive(oldest, "subscription") // whoever checks our signatures has it
	s.codes = derive(list[0], "code")        // what is out dies when a secret is replaced: the next one is asked for
	return s, nil
}

// derive makes the key of one use, so that no hash of one use says anything of another.
func derive(secret []byte, use string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "provodka private "+use, sha256.Size)
	if err != nil {
		panic("private: derive a key: " + err.Error()) // the lengths are constants
	}
	return key
}

// Key derives a key of 32 bytes for another use of the installation's secret.
func (v *Vault) Key(use string) []byte { return derive(v.secrets.base, "use "+use) }

// hashes are the keyed hashes of a value of a field, newest secret first.
func (s secrets) hashes(book string, f Field, value string) [][]byte {
	out := make([][]byte, len(s.index))
	for i, key := range s.index {
		out[i] = keyed(key, book, f.kind, f.name, value)
	}
	return out
}

func keyed(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// idHexDigits is how much of a keyed hash an id carries: 80 bits.
const idHexDigits = 20

// CompanyID is the id of the company of an INN in a book. One INN is one id, so the
// log itself refuses a second company of the INN.
func (v *Vault) CompanyID(book, inn string) string { return v.id("company", book, inn) }

// ExecutorID is the id of the executor of an INN in a book.
func (v *Vault) ExecutorID(book, inn string) string { return v.id("executor", book, inn) }

// RegisterID is the id of a register of a company by what is its own: the SHA-256 of the
// file in hexadecimal digits, or the name that the caller gave it.
func (v *Vault) RegisterID(book, company, own string) string {
	return v.id("register", book, company+"/"+own)
}

// StatementID is the id of a bank statement: the same file has the same.
func (v *Vault) StatementID(book string, file []byte) string {
	return v.id("statement", book, string(file))
}

// LineKey is the key from which ids of statement lines derive (incoming.LineID).
func (v *Vault) LineKey() []byte { return v.secrets.lines }

// markerDigits is how much of a company's id its marker carries: 40 bits.
const markerDigits = 10

// Marker is the word that a company writes into the purpose of its transfers.
func Marker(companyID string) string {
	_, digits, _ := strings.Cut(companyID, "-")
	return strings.ToUpper(digits[:min(len(digits), markerDigits)])
}

// SubscriptionID is the id of the subscription that a company makes under a key.
func (v *Vault) SubscriptionID(book, company, key string) string {
	return v.id("subscription", book, company+"/"+key)
}

// SubscriptionSecret signs what is sent to a subscription; it is stored nowhere.
func (v *Vault) SubscriptionSecret(id string) []byte { return keyed(v.secrets.hooks, id) }

// Code is the code that a person is sent: CodeDigits digits of the number-th issue of a
// purpose of an aggregate. It is stored nowhere: who sends it and who compares it derive it.
// An id that is not unique over all books must be led by its book.
func (v *Vault) Code(purpose, id string, number uint32) string {
	h := keyed(v.secrets.codes, "code", purpose, id, fmt.Sprint(number))
	return fmt.Sprintf("%0*d", CodeDigits, binary.BigEndian.Uint64(h)%codeLimit) // uneven by less than 10^-13
}

// Link is the secret part of a link that a person is sent: 32 bytes in base64url, derived
// as codes are, and never one of them.
func (v *Vault) Link(purpose, id string, number uint32) string {
	return base64.RawURLEncoding.EncodeToString(keyed(v.secrets.codes, "link", purpose, id, fmt.Sprint(number)))
}

// CodeDigits is the length of a code.
const CodeDigits = 6

const codeLimit = 1_000_000 // 10^CodeDigits

// Same compares what a person sent with a derived secret in constant time.
func Same(given, derived string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(derived)) == 1
}

// TemplateID is the id of a company's template: the same text under the same name is one.
func (v *Vault) TemplateID(book, company, kind, name, sha256 string) string {
	return v.id("template", book, company+"/"+kind+"/"+sha256+"/"+name)
}

// TaskID is the id of the task that a request makes: of its key and its digest, so that
// a draft that was refused and corrected has texts of its own.
func (v *Vault) TaskID(book string, r Request) string {
	return v.id("task", book, r.Digest+r.Key)
}

func (v *Vault) id(what, book, value string) string {
	return what + "-" + hex.EncodeToString(keyed(v.secrets.ids, what, book, value))[:idHexDigits]
}
