package private

import (
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// TestDevices: tokens are sealed with their person's key, a device changes hands, and goes
// with the person.
func TestDevices(t *testing.T) {
	t.Parallel()
	ctx, v := t.Context(), open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	draft := v.Draft("main")
	draft.Executor("anna", 1, &privatev1.ExecutorProfile{Inn: "770100000123"})
	draft.Executor("boris", 1, &privatev1.ExecutorProfile{Inn: "770100000456"})
	if err := draft.Put(ctx); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	note := func(member, token string) store.Device {
		d, err := v.Device(ctx, "main", member, "s1", token, now)
		if err == nil {
			err = v.db.PutDevice(ctx, d)
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	tokens := func(members ...string) map[string]string {
		list, err := v.db.Devices(ctx, "main", members...)
		if err != nil {
			t.Fatal(err)
		}
		out, err := v.DeviceTokens(ctx, "main", list)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := note("anna", "token-1")
	note("anna", "token-2")
	if strings.Contains(string(first.Token)+first.ID, "token") {
		t.Error("a token stands in the open")
	}
	if got := tokens("anna", "boris"); len(got) != 2 || got[first.ID] != "token-1" {
		t.Errorf("%v", got)
	}
	note("boris", "token-1")
	if got := tokens("anna"); len(got) != 1 {
		t.Errorf("a device has two people: %v", got)
	}
	if got := tokens("boris"); got[first.ID] != "token-1" {
		t.Errorf("%v", got)
	}
	if _, err := v.Device(ctx, "main", "nobody", "s1", "token-3", now); err == nil {
		t.Error("a person without a key has a device")
	}
	session := store.Session{Hash: []byte("h"), ID: "s1", Book: "main", Member: "boris", Begun: now, Used: now, Ends: now.Add(time.Hour), Until: now.Add(time.Hour)}
	if err := v.db.PutSession(ctx, session); err != nil {
		t.Fatal(err)
	}
	if err := v.Erase(ctx, "main", "boris"); err != nil {
		t.Fatal(err)
	}
	if list, err := v.db.Devices(ctx, "main", "boris"); err != nil || len(list) != 0 {
		t.Errorf("of an erased person stand %v, %v", list, err)
	}
	if _, ok, err := v.db.FindSession(ctx, []byte("h")); ok || err != nil {
		t.Error("an erased person has a session", err)
	}
	if got := tokens("anna"); len(got) != 1 {
		t.Errorf("%v", got)
	}
}
