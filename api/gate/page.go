package gate

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
)

// defaultPage is how much a page holds when the caller did not say.
const defaultPage = 100

// PageSize is how much a page holds.
func PageSize(asked int32) int {
	if asked == 0 {
		return defaultPage
	}
	return int(asked)
}

// pages seals page tokens: a caller can neither read nor invent one, nor take one to
// another filter.
type pages struct{ seal cipher.AEAD }

func newPages(key []byte) (pages, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return pages{}, fmt.Errorf("api: page tokens: %w", err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return pages{}, fmt.Errorf("api: page tokens: %w", err)
	}
	return pages{seal}, nil
}

// paged is a request of a page.
type paged interface {
	proto.Message
	GetPageToken() string
}

// Token writes where the next page of this request begins.
func (g *Gate) Token(ctx context.Context, req paged, cursor any) (string, error) {
	raw, err := json.Marshal(cursor)
	if err != nil {
		return "", fmt.Errorf("page token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(g.pages.seal.Seal(nil, nil, raw, filterOf(g.Vault, CallOf(ctx).Who, req))), nil
}

// Cursor reads where the page of this request begins; false is at the beginning.
func (g *Gate) Cursor(ctx context.Context, req paged, into any) (bool, *fault.Refusal) {
	if req.GetPageToken() == "" {
		return false, nil
	}
	refusal := fault.Refuse(fault.Malformed, "page_token", "the token is not of this listing and this key, or the filter has changed")
	sealed, err := base64.RawURLEncoding.DecodeString(req.GetPageToken())
	if err != nil || base64.RawURLEncoding.EncodeToString(sealed) != req.GetPageToken() { // line breaks, stray bits
		return false, refusal
	}
	raw, err := g.pages.seal.Open(nil, nil, sealed, filterOf(g.Vault, CallOf(ctx).Who, req))
	if err != nil || json.Unmarshal(raw, into) != nil {
		return false, refusal
	}
	return true, nil
}

// filterOf is what a token is bound to: the caller's key and the request without its
// page.
func filterOf(v *private.Vault, who Principal, req paged) []byte {
	m := proto.Clone(req).ProtoReflect()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		switch f := fields.Get(i); f.Name() {
		case "page_token", "page_size", "min_position":
			m.Clear(f)
		}
	}
	return append(v.Digest(string(m.Descriptor().FullName()), m.Interface()), who.ID...)
}
