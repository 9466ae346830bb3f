package gate

import (
	"context"
	"encoding/base64"
	"log/slog"
	"testing"

	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// place is where a page begins.
type place struct{ Skip int }

// FuzzPageToken: a token that we did not seal for this caller and this request is refused
// with the field's name, whatever its bytes; one that we did comes back as it went.
func FuzzPageToken(f *testing.F) {
	vault, err := private.New(private.Config{DB: new(store.DB), Secrets: [][]byte{make([]byte, 32)}, Keys: [][]byte{make([]byte, 32)}})
	if err != nil {
		f.Fatal(err)
	}
	sealer, err := newPages(vault.Key("page tokens"))
	if err != nil {
		f.Fatal(err)
	}
	s := &Gate{Vault: vault, Logger: slog.New(slog.DiscardHandler), pages: sealer}
	who := func(id string) context.Context {
		return withCall(context.Background(), &Call{Who: Principal{ID: id, Book: "main"}})
	}
	good, err := s.Token(who("one"), &ledgerv1.ListEntriesRequest{Book: "main"}, place{Skip: 7})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "main", "one")
	f.Add(good, "other", "one")
	f.Add(good, "main", "two")
	f.Add(good[:len(good)-1], "main", "one")
	f.Add("e30", "main", "one")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"Skip":1}`)), "main", "one")
	f.Fuzz(func(t *testing.T, token, book, key string) {
		req := &ledgerv1.ListEntriesRequest{Book: book, PageToken: token, PageSize: 5}
		var from place
		more, refusal := s.Cursor(who(key), req, &from)
		switch {
		case token == "":
			if more || refusal != nil {
				t.Fatalf("no token: %t, %v", more, refusal)
			}
		case book == "main" && key == "one" && (token == good || len(token) == len(good) && from.Skip == 7): // or of another process of the fuzzer
			if !more || refusal != nil || from.Skip != 7 {
				t.Fatalf("our own token: %t, %v, %+v", more, refusal, from)
			}
		case more || refusal == nil || refusal.Code != fault.Malformed || refusal.Field != "page_token" || from != (place{}):
			t.Fatalf("token %q of book %q for key %q: %t, %v, %+v", token, book, key, more, refusal, from)
		}
	})
}
