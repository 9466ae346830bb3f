package private

import (
	"context"
	"net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

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
