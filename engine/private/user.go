package private

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// MailAddress is the form in which a mail address is kept and compared: lower case, in the
// normal form of its characters; false when it is none.
func MailAddress(text string) (string, bool) {
	text = strings.ToLower(norm.NFC.String(strings.TrimSpace(text)))
	parsed, err := mail.ParseAddress(text)
	_, host, _ := strings.Cut(text, "@")
	if err != nil || parsed.Address != text || len(text) > 254 || !utf8.ValidString(text) || !strings.Contains(strings.Trim(host, "."), ".") {
		return "", false
	}
	return text, true
}

// UserID is the id of the user with a mail address (MailAddress) in a book. It is found by
// no look-up, so that looking for somebody costs the same whether he is there.
func (v *Vault) UserID(book, address string) string { return v.id("user", book, address) }

// Users reads who users of companies are.
func (v *Vault) Users(ctx context.Context, book string, refs ...Ref) (map[string]User, error) {
	return read(ctx, v, book, kindUser, refs, func() *privatev1.UserProfile { return new(privatev1.UserProfile) })
}

// Credentials reads what is kept of users' passwords.
func (v *Vault) Credentials(ctx context.Context, book string, refs ...Ref) (map[string]Credential, error) {
	return read(ctx, v, book, kindCredential, refs, func() *privatev1.Credential { return new(privatev1.Credential) })
}

// ForgetCredentials deletes the versions of a user's credential that are older than one.
func (v *Vault) ForgetCredentials(ctx context.Context, book, user string, before uint32) error {
	return v.db.DeletePrivateBefore(ctx, book, kindCredential, user, int64(before))
}

// User adds a version of who a user is, sealed with a key of the person's own.
func (d *Draft) User(id string, version uint32, p *privatev1.UserProfile) {
	d.add(id, kindUser, id, version, p)
}

// Credential adds a version of what is kept of a user's password.
func (d *Draft) Credential(user string, version uint32, c *privatev1.Credential) {
	d.add(user, kindCredential, user, version, c)
}

// SealNote seals where a session of a user began, for the session's own row. The user has a
// key: the profile was written under it.
func (v *Vault) SealNote(ctx context.Context, book, user, session string, n *privatev1.SessionNote) ([]byte, error) {
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("session %s: %w", session, err)
	}
	return v.sealBeside(ctx, noteRow(book, user, session, text))
}

// sealBeside seals what a table of its own keeps of a person who has a key.
func (v *Vault) sealBeside(ctx context.Context, row store.PrivateRow) ([]byte, error) {
	w, err := v.sealed(ctx, row.Book, []store.PrivateRow{row})
	if err != nil {
		return nil, err
	}
	if len(w.Fresh) > 0 {
		return nil, fmt.Errorf("%s %s: its person %s has no key", row.Kind, row.ID, row.Owner)
	}
	return w.Rows[0].Data, nil
}

// OpenNotes opens where a user's sessions began, by session. What does not open any more
// is left out.
func (v *Vault) OpenNotes(ctx context.Context, book, user string, sealed map[string][]byte) (map[string]*privatev1.SessionNote, error) {
	keys, err := v.db.PrivateKeys(ctx, book, []string{user})
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	out := map[string]*privatev1.SessionNote{}
	for session, data := range sealed {
		row := noteRow(book, user, session, data)
		row.Key = keys[0]
		text, ok, err := v.text(row)
		n := &privatev1.SessionNote{}
		if ok && err == nil && proto.Unmarshal(text, n) == nil {
			out[session] = n
		}
	}
	return out, nil
}

func noteRow(book, user, session string, data []byte) store.PrivateRow {
	return store.PrivateRow{Book: book, Kind: "session", ID: session, Version: 1, Owner: user, Data: data}
}
