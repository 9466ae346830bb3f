package store_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/provodka/provodka/ledger/store"
)

func TestSessions(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		put := func(member string, n int, ends time.Time) store.Session {
			sum := sha256.Sum256([]byte(fmt.Sprint(member, n)))
			s := store.Session{
				Hash: sum[:], ID: fmt.Sprint("s", n), Book: "main", Owner: "company-1", Member: member,
				Begun: start.Add(time.Duration(n) * time.Minute), Used: start, Ends: ends, Until: start.Add(24 * time.Hour),
				Note: []byte(member),
			}
			must(t, db.PutSession(t.Context(), s))
			return s
		}
		ids := func(member string, at time.Time) (out []string) {
			list, err := db.ListSessions(t.Context(), "main", member, at, 10)
			must(t, err)
			for _, s := range list {
				out = append(out, s.ID)
			}
			return out
		}
		hour := start.Add(time.Hour)
		first := put("anna", 1, hour)
		put("anna", 2, hour)
		put("anna", 3, hour)
		put("boris", 1, hour)
		found, ok, err := db.FindSession(t.Context(), first.Hash)
		must(t, err)
		if !ok || found.Member != "anna" || found.Owner != "company-1" || string(found.Note) != "anna" || !found.Begun.Equal(first.Begun) || !found.Until.Equal(first.Until) {
			t.Fatalf("%+v", found)
		}
		if _, ok, err := db.FindSession(t.Context(), []byte("another")); ok || err != nil {
			t.Fatal(ok, err)
		}
		there, err := db.TouchSession(t.Context(), first.Hash, hour, hour.Add(time.Hour))
		must(t, err)
		gone, err := db.TouchSession(t.Context(), []byte("another"), hour, hour)
		must(t, err)
		if !there || gone || !slices.Equal(ids("anna", hour), []string{"s1"}) {
			t.Errorf("%t %t %v", there, gone, ids("anna", hour))
		}
		if there, err := db.EndSession(t.Context(), "main", "boris", "s2"); there || err != nil {
			t.Error("another's session ended", err)
		}
		if there, err := db.EndSession(t.Context(), "main", "anna", "s2"); !there || err != nil {
			t.Error(there, err)
		}
		must(t, db.EndSessions(t.Context(), "main", "anna", start.Add(3*time.Minute)))
		if got := ids("anna", start); !slices.Equal(got, []string{"s3"}) {
			t.Errorf("%v are left", got)
		}
		must(t, db.SweepSessions(t.Context(), hour, 1))
		must(t, db.SweepSessions(t.Context(), hour, 1))
		if a, b := ids("anna", start), ids("boris", start); len(a)+len(b) != 0 {
			t.Errorf("%v %v", a, b)
		}
	})
}
