package private

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// What was sealed opens for its place alone, under its key alone, and shows nothing.
func TestSealing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bytesOf := func(name string) []byte { return rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, name) }
		key := rapid.SliceOfN(rapid.Byte(), KeyBytes, KeyBytes).Draw(t, "key")
		other := rapid.SliceOfN(rapid.Byte(), KeyBytes, KeyBytes).Filter(func(b []byte) bool { return !bytes.Equal(b, key) }).Draw(t, "other")
		text, here := bytesOf("text"), bytesOf("place")
		there := rapid.SliceOf(rapid.Byte()).Filter(func(b []byte) bool { return !bytes.Equal(b, here) }).Draw(t, "another place")
		s := newSealer(key)
		sealed := s.seal(here, text)
		if got, err := s.open(here, sealed); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%q %v", got, err)
		}
		if !bytes.Equal(sealed, s.seal(here, text)) {
			t.Fatal("the same version is other bytes")
		}
		if len(text) > 3 && bytes.Contains(sealed, text) {
			t.Fatal("the text stands in what was sealed")
		}
		if _, err := newSealer(other).open(here, sealed); !errors.Is(err, errBroken) {
			t.Fatalf("another key opens it: %v", err)
		}
		if _, err := s.open(there, sealed); !errors.Is(err, errBroken) {
			t.Fatalf("it opens at another place: %v", err)
		}
		i := rapid.IntRange(0, len(sealed)-1).Draw(t, "byte")
		changed := bytes.Clone(sealed)
		changed[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := s.open(here, changed); !errors.Is(err, errBroken) {
			t.Fatalf("a changed byte passed: %v", err)
		}
		if _, err := s.open(here, sealed[:i]); !errors.Is(err, errBroken) {
			t.Fatalf("a part of it passed: %v", err)
		}
	})
}

// No two places are the same bytes.
func TestPlacesDiffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.String(), 0, 4)
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		if bytes.Equal(at(a...), at(b...)) != (strings.Join(a, "\x00") == strings.Join(b, "\x00") && len(a) == len(b)) {
			t.Fatalf("%q %q", a, b)
		}
	})
}

func openKeys(t *testing.T, dsn string, keys ...[]byte) *Vault {
	t.Helper()
	v, err := New(Config{DB: open(t, dsn, secret("a")).db, Secrets: [][]byte{secret("a")}, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func sql(t *testing.T, dsn, statement string, args ...any) [][]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]string, error) {
		values, err := row.Values()
		var texts []string
		for _, v := range values {
			switch v := v.(type) {
			case []byte:
				texts = append(texts, string(v))
			case string:
				texts = append(texts, v)
			}
		}
		return texts, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// dump is everything that the private tables hold, as they hold it.
func dump(t *testing.T, dsn string) string {
	t.Helper()
	var all strings.Builder
	for _, statement := range []string{
		"SELECT book, kind, id, owner, data FROM private_data", "SELECT book, kind, name, hmac, id FROM private_index",
		"SELECT book, owner, wrapper, wrapped FROM private_key",
	} {
		for _, row := range sql(t, dsn, statement) {
			all.WriteString(strings.Join(row, "\n"))
		}
	}
	return all.String()
}

var (
	anna = &privatev1.ExecutorProfile{
		Inn: "770100000123", Phone: "+79991234567", LastName: "Тестова", FirstName: "Анна", SecondName: "Петровна", Email: "anna@example.ru",
	}
	annasBank = &privatev1.Requisites{Name: "Тестова Анна", Inn: anna.GetInn(), Bic: "044525225", AccountNumber: "40817810500000070000"}
	boris     = &privatev1.ExecutorProfile{Inn: "770100000124", Phone: "+79997654321", LastName: "Образцов", FirstName: "Борис"}
)

// words are what would give Anna away.
func words() []string {
	return []string{
		anna.GetInn(), anna.GetPhone()[1:], anna.GetLastName(), anna.GetFirstName(), anna.GetSecondName(), "anna@", annasBank.GetAccountNumber(), annasBank.GetBic(),
	}
}

func writePeople(t *testing.T, v *Vault) {
	t.Helper()
	d := v.Draft("main")
	d.Executor("executor-a", 1, anna)
	d.Requisites("executor-a", 1, annasBank)
	d.Executor("executor-b", 1, boris)
	d.Payout("executor-a", "a0b1c2d3e4f5a0b1", &privatev1.Payout{Amount: "94.00", Account: annasBank.GetAccountNumber()})
	d.Task("company-1", "task-1", 1, &privatev1.TaskText{Title: "Макет для Анна Тестова"})
	if err := d.Put(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func checkAnna(t *testing.T, v *Vault, there bool) {
	t.Helper()
	ctx := t.Context()
	profile, ok, err := Only(v.Executors(ctx, "main", Ref{ID: "executor-a"}))
	if err != nil || ok != there || there && !proto.Equal(profile.Content, anna) {
		t.Errorf("profile %v %t %v", profile, ok, err)
	}
	where, ok, err := Only(v.Requisites(ctx, "main", Ref{"executor-a", 1}))
	if err != nil || ok != there || there && !proto.Equal(where.Content, annasBank) {
		t.Errorf("requisites %v %t %v", where, ok, err)
	}
	paid, ok, err := Only(v.Payouts(ctx, "main", Ref{ID: "a0b1c2d3e4f5a0b1"}))
	if err != nil || ok != there || there && paid.Content.GetAmount() != "94.00" {
		t.Errorf("payout %v %t %v", paid, ok, err)
	}
	want := 0
	if there {
		want = 1
	}
	for f, value := range map[Field]string{
		ExecutorINN: anna.GetInn(), ExecutorPhone: anna.GetPhone(), ExecutorAccount: annasBank.GetAccountNumber(), PayoutAccount: annasBank.GetAccountNumber(),
	} {
		if found, err := v.Find(ctx, "main", f, value); err != nil || len(found[value]) != want {
			t.Errorf("%v: %v %v", f, found, err)
		}
	}
	other, ok, err := Only(v.Executors(ctx, "main", Ref{ID: "executor-b"}))
	if err != nil || !ok || !proto.Equal(other.Content, boris) {
		t.Errorf("another person: %v %t %v", other, ok, err)
	}
	if found, err := v.Find(ctx, "main", ExecutorPhone, boris.GetPhone()); err != nil || len(found[boris.GetPhone()]) != 1 {
		t.Errorf("another person is not found: %v", err)
	}
}

func TestNothingOfAPersonStandsInTheTables(t *testing.T) {
	t.Parallel()
	dsn := embedtest.DSN(t, store.Migrate)
	v := openKeys(t, dsn, secret("k"))
	writePeople(t, v)
	writePeople(t, v) // the same again is nothing
	checkAnna(t, v, true)
	all := dump(t, dsn)
	if len(all) < 1000 {
		t.Fatalf("the dump has %d bytes", len(all))
	}
	for _, word := range words() {
		if strings.Contains(all, word) || strings.Contains(strings.ToLower(all), hex.EncodeToString([]byte(word))) {
			t.Errorf("%q stands in the tables", word)
		}
	}
	changed := proto.CloneOf(anna)
	changed.Phone = "+79990000000"
	d := v.Draft("main")
	d.Executor("executor-a", 1, changed)
	if err := d.Put(t.Context()); !errors.Is(err, ErrTaken) {
		t.Errorf("a version was changed: %v", err)
	}
}

func TestCiphertextsOfPeopleAreNotExchanged(t *testing.T) {
	t.Parallel()
	dsn := embedtest.DSN(t, store.Migrate)
	v := openKeys(t, dsn, secret("k"))
	writePeople(t, v)
	// Somebody with access to the database shows Boris's data as Anna's, first alone, then with his key.
	sql(t, dsn, `UPDATE private_data SET data = (SELECT data FROM private_data WHERE kind = 'executor' AND id = 'executor-b') WHERE kind = 'executor' AND id = 'executor-a'`)
	if _, err := v.Executors(t.Context(), "main", Ref{ID: "executor-a"}); !errors.Is(err, errBroken) {
		t.Errorf("another person's data is shown: %v", err)
	}
	sql(t, dsn, `UPDATE private_data SET owner = 'executor-b' WHERE kind = 'executor' AND id = 'executor-a'`)
	if _, err := v.Executors(t.Context(), "main", Ref{ID: "executor-a"}); !errors.Is(err, errBroken) {
		t.Errorf("another person's data is shown with his key: %v", err)
	}
	sql(t, dsn, `UPDATE private_key SET wrapped = (SELECT wrapped FROM private_key WHERE owner = 'executor-b') WHERE owner = 'executor-a'`)
	if _, err := v.Requisites(t.Context(), "main", Ref{ID: "executor-a"}); !errors.Is(err, errBroken) {
		t.Errorf("another person's key is taken: %v", err)
	}
	if _, err := openKeys(t, dsn, secret("z")).Tasks(t.Context(), "main", Ref{ID: "task-1"}); err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Errorf("another installation's key: %v", err)
	}
}

func TestAnErasedPersonIsGone(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), embedtest.DSN(t, store.Migrate)
	v := openKeys(t, dsn, secret("k"))
	writePeople(t, v)
	backup := sql(t, dsn, "SELECT data FROM private_data WHERE id = 'executor-a' AND kind = 'executor'")[0][0]
	for range 2 {
		if err := v.Erase(ctx, "main", "executor-a"); err != nil {
			t.Fatal(err)
		}
		checkAnna(t, v, false)
	}
	if rows := sql(t, dsn, "SELECT owner FROM private_key WHERE owner = 'executor-a' UNION ALL SELECT owner FROM private_data WHERE owner = 'executor-a' UNION ALL SELECT id FROM private_index WHERE id = 'executor-a'"); len(rows) != 0 {
		t.Errorf("left: %v", rows)
	}
	// A row that a backup brings back says nothing without its key.
	sql(t, dsn, "INSERT INTO private_data (book, kind, id, version, owner, data, created) VALUES ('main', 'executor', 'executor-a', 1, 'executor-a', $1, now())", []byte(backup))
	checkAnna(t, v, false)
	// Whoever comes back gets a key of its own; the old row stays noise.
	d := v.Draft("main")
	d.Executor("executor-a", 2, anna)
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := Only(v.Executors(ctx, "main", Ref{"executor-a", 2})); err != nil || !ok || !proto.Equal(got.Content, anna) {
		t.Errorf("%v %t %v", got, ok, err)
	}
	if _, err := v.Executors(ctx, "main", Ref{"executor-a", 1}); !errors.Is(err, errBroken) {
		t.Errorf("the new key opens the old row: %v", err)
	}
}

func TestTheInstallationKeyIsReplaced(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), embedtest.DSN(t, store.Migrate)
	writePeople(t, openKeys(t, dsn, secret("k")))
	both := openKeys(t, dsn, secret("n"), secret("k"))
	checkAnna(t, both, true)
	running := openKeys(t, dsn, secret("n"), secret("k")) // another process, that has written before
	write := func(id string) error {
		d := running.Draft("main")
		d.Task("company-1", id, 1, &privatev1.TaskText{Title: "Макет"})
		return d.Put(ctx)
	}
	if err := errors.Join(write("task-1a"), write("task-1b")); err != nil {
		t.Fatal(err)
	}
	before := sql(t, dsn, "SELECT data FROM private_data ORDER BY kind, id")
	for _, want := range []int{3, 0} { // Anna, Boris, the house
		if done, err := both.Upkeep(ctx); err != nil || done.Wrapped != want {
			t.Fatalf("%+v %v, want %d", done, err, want)
		}
	}
	if after := sql(t, dsn, "SELECT data FROM private_data ORDER BY kind, id"); len(after) != len(before) || after[0][0] != before[0][0] {
		t.Error("data was sealed again: only keys are wrapped anew")
	}
	checkAnna(t, openKeys(t, dsn, secret("n")), true)
	if err := write("task-1c"); err != nil {
		t.Errorf("the process that runs does not write any more: %v", err)
	}
	if docs, err := openKeys(t, dsn, secret("n")).Tasks(ctx, "main", Ref{ID: "task-1c"}); err != nil || len(docs) != 1 {
		t.Errorf("%v %v", docs, err)
	}
	if _, err := openKeys(t, dsn, secret("k")).Executors(ctx, "main", Ref{ID: "executor-a"}); err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Errorf("the old key still opens: %v", err)
	}
}

// Rows of a version before there were keys are read as they are, are sealed by an
// upkeep, and may be written again at any time.
func TestPlainRowsAreSealed(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), embedtest.DSN(t, store.Migrate)
	v := openKeys(t, dsn, secret("k"))
	d := v.Draft("main")
	d.Executor("executor-a", 1, anna)
	d.Requisites("executor-a", 1, annasBank)
	d.Payout("executor-a", "a0b1c2d3e4f5a0b1", &privatev1.Payout{Amount: "94.00", Account: annasBank.GetAccountNumber()})
	other := v.Draft("other")
	other.Task("company-1", "task-1", 1, &privatev1.TaskText{Title: "Макет"})
	for _, draft := range []*Draft{d, other} {
		for i := range draft.rows {
			draft.rows[i].Owner = "" // as they stood
		}
		if err := v.db.PutPrivate(ctx, store.PrivateWrite{Rows: draft.rows, Index: draft.index}); err != nil {
			t.Fatal(err)
		}
	}
	writePeople(t, v)
	checkAnna(t, v, true)
	if !strings.Contains(dump(t, dsn), anna.GetLastName()) {
		t.Fatal("the rows do not stand plain: the test shows nothing")
	}
	for _, want := range []int{4, 0} {
		if done, err := v.Upkeep(ctx); err != nil || done.Sealed != want {
			t.Fatalf("%+v %v, want %d", done, err, want)
		}
	}
	for _, word := range words() {
		if strings.Contains(dump(t, dsn), word) {
			t.Errorf("%q stands in the tables", word)
		}
	}
	writePeople(t, v)
	checkAnna(t, v, true)
	if err := v.Erase(ctx, "main", "executor-a"); err != nil {
		t.Fatal(err)
	}
	checkAnna(t, v, false)
}

// A write whose key is deleted meanwhile does not bring the key back.
func TestAWriteMeetsAnErasure(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), embedtest.DSN(t, store.Migrate)
	v := openKeys(t, dsn, secret("k"))
	writePeople(t, v)
	d := v.Draft("main")
	d.Executor("executor-a", 2, anna)
	stale, err := v.sealed(ctx, "main", d.rows)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Erase(ctx, "main", "executor-a"); err != nil {
		t.Fatal(err)
	}
	if err := v.db.PutPrivate(ctx, stale); !errors.Is(err, store.ErrKeyChanged) {
		t.Errorf("it was written under a deleted key: %v", err)
	}
	if rows := sql(t, dsn, "SELECT id FROM private_data WHERE id = 'executor-a'"); len(rows) != 0 {
		t.Errorf("left: %v", rows)
	}
}

// A phone of SBP and a card's token are sealed, read back as they were, and erased with the notes
// of payments that went there.
func TestOtherWaysAreSealedAndErased(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), embedtest.DSN(t, store.Migrate)
	v := openKeys(t, dsn, secret("k"))
	asked := []port.Requisites{
		{SBP: port.SBP{Phone: "+79995550011", BankID: "100000000004"}, Person: port.Person{LastName: "Тестова", FirstName: "Анна"}},
		{Card: port.Card{Token: "pc_8f14e45fceea"}, Person: port.Person{LastName: "Тестова", FirstName: "Анна"}},
	}
	d := v.Draft("main")
	d.Executor("executor-a", 1, anna)
	d.Requisites("executor-a", 1, &privatev1.Requisites{SbpPhone: "+79995550011", SbpBankId: "100000000004", LastName: "Тестова", FirstName: "Анна"})
	d.Requisites("executor-a", 2, &privatev1.Requisites{CardToken: "pc_8f14e45fceea", CardMask: "4312", LastName: "Тестова", FirstName: "Анна"})
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	r := v.Resolver()
	for i, want := range asked {
		to, _, ok, err := r.Payee(ctx, "main", "executor-a", uint32(i+1), "") //nolint:gosec // 1 and 2
		if err != nil || !ok || to != want {
			t.Errorf("%+v %t %v, want %+v", to, ok, err, want)
		}
		p := port.Payment{Attempt: fmt.Sprint("a0b1c2d3e4f5a0b", i), Amount: money.MustParse("94"), To: to}
		if err := r.Sending(ctx, "main", "executor-a", p); err != nil {
			t.Fatal(err)
		}
	}
	for _, word := range []string{"9995550011", "pc_8f14e45fceea"} {
		if strings.Contains(dump(t, dsn), word) {
			t.Errorf("%q stands in the tables", word)
		}
	}
	left := func() int {
		found, err := v.Find(ctx, "main", PayoutAccount, "+79995550011", "pc_8f14e45fceea")
		docs, wrong := v.Payouts(ctx, "main", Ref{ID: "a0b1c2d3e4f5a0b0"}, Ref{ID: "a0b1c2d3e4f5a0b1"})
		if err != nil || wrong != nil {
			t.Fatal(err, wrong)
		}
		return len(found) + len(docs)
	}
	if n := left(); n != 4 {
		t.Fatalf("%d of two payments are known", n)
	}
	if err := v.Erase(ctx, "main", "executor-a"); err != nil {
		t.Fatal(err)
	}
	if n := left(); n != 0 {
		t.Errorf("%d are known of who is erased", n)
	}
}
