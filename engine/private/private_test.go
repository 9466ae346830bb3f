package private

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

func secret(letter string) []byte { return bytes.Repeat([]byte(letter), SecretBytes) }

func open(t *testing.T, dsn string, secrets ...[]byte) *Vault {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	v, err := New(Config{DB: db, Secrets: secrets, Keys: [][]byte{secret("k")}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVersionsAreWrittenOnceAndFound(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v := open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	write := func(version uint32, p *privatev1.ExecutorProfile) error {
		d := v.Draft("main")
		d.Executor("executor-1", version, p)
		return d.Put(ctx)
	}
	first := &privatev1.ExecutorProfile{Inn: "770100000123", Phone: "+79991234567", LastName: "Иванов"}
	second := proto.CloneOf(first)
	second.Phone = "+79990000000"
	for _, err := range []error{write(1, first), write(1, first), write(2, second)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := write(1, second); !errors.Is(err, ErrTaken) {
		t.Errorf("a version was changed: %v", err)
	}
	newest, ok, err := Only(v.Executors(ctx, "main", Ref{ID: "executor-1"}))
	if err != nil || !ok || newest.Version != 2 || !proto.Equal(newest.Content, second) {
		t.Errorf("%v %t %v", newest, ok, err)
	}
	old, ok, err := Only(v.Executors(ctx, "main", Ref{"executor-1", 1}))
	if err != nil || !ok || !proto.Equal(old.Content, first) {
		t.Errorf("%v %t %v", old, ok, err)
	}
	if _, ok, err := Only(v.Executors(ctx, "other", Ref{ID: "executor-1"})); ok || err != nil {
		t.Errorf("another book sees it: %v", err)
	}
	for value, want := range map[string]int{"+79991234567": 1, "+79990000000": 1, "+79995555555": 0, "": 0} {
		found, err := v.Find(ctx, "main", ExecutorPhone, value)
		if err != nil || len(found[value]) != want {
			t.Errorf("%s: %v %v", value, found, err)
		}
	}
	if found, err := v.Find(ctx, "main", ExecutorINN, "+79991234567"); err != nil || len(found) != 0 {
		t.Errorf("a phone is found among INN: %v %v", found, err)
	}
}

func TestSecretsAreReplaced(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := embedtest.DSN(t, store.Migrate)
	before, after := open(t, dsn, secret("a")), open(t, dsn, secret("b"), secret("a"))
	d := before.Draft("main")
	d.Company("company-1", 1, &privatev1.CompanyProfile{Inn: "7701000019", Contract: "РВ-17"})
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	for field, value := range map[Field]string{CompanyINN: "7701000019", CompanyContract: Words("рв 17")} {
		found, err := after.Find(ctx, "main", field, value)
		if err != nil || len(found[value]) != 1 {
			t.Errorf("%v: %v %v", field, found, err)
		}
	}
	request := Request{"k", "digest"}
	if before.CompanyID("main", "7701000019") != after.CompanyID("main", "7701000019") || before.TaskID("main", request) == before.TaskID("other", request) {
		t.Error("ids changed with the secret, or do not depend on the book")
	}
	if bytes.Equal(before.Key("x"), after.Key("x")) || bytes.Equal(before.Key("x"), before.Key("y")) {
		t.Error("keys of other uses are the same")
	}
	if _, err := New(Config{DB: &store.DB{}, Secrets: [][]byte{[]byte("short")}, Keys: [][]byte{secret("k")}}); err == nil {
		t.Error("a short secret passed")
	}
}

func TestStamps(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v := open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	stamp := func(digest string) error {
		d := v.Draft("main")
		d.Stamp("key", &privatev1.Stamp{Digest: []byte(digest), Body: []byte("body"), Owner: "o"})
		return d.Put(ctx)
	}
	if err := errors.Join(stamp("a"), stamp("a")); err != nil {
		t.Fatal(err)
	}
	if err := stamp("b"); err != nil {
		t.Errorf("a corrected request leaves no stamp: %v", err)
	}
	found, err := v.Stamps(ctx, "main", Request{"key", "b"}, Request{"other", "b"})
	if err != nil || len(found) != 1 || found[Request{"key", "b"}].Content.GetOwner() != "o" {
		t.Errorf("%v %v", found, err)
	}
}

func TestManyDocuments(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v := open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	const n = 2*most + 7
	d := v.Draft("main")
	ids := make([]string, n)
	for i := range n {
		ids[i] = fmt.Sprint("task-", i)
		d.Task("company-1", ids[i], 1, &privatev1.TaskText{Title: ids[i]})
	}
	if err := d.Put(ctx); err != nil || d.Len() != n {
		t.Fatal(err)
	}
	docs, err := v.Tasks(ctx, "main", Refs(ids...)...)
	if err != nil || len(docs) != n || docs["task-3000"].Content.GetTitle() != "task-3000" {
		t.Errorf("%d %v", len(docs), err)
	}
}

func TestADocShowsNothing(t *testing.T) {
	t.Parallel()
	d := Executor{ID: "executor-1", Version: 3, Content: &privatev1.ExecutorProfile{Inn: "770100000123", LastName: "Иванов"}}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "executor", d)
	for _, text := range []string{fmt.Sprint(d), fmt.Sprintf("%v", d), fmt.Sprintf("%+v", d), fmt.Sprintf("%#v", d), fmt.Sprint([]Executor{d}), log.String()} {
		if strings.Contains(text, "Иванов") || strings.Contains(text, "7701") || !strings.Contains(text, "executor-1") {
			t.Error(text)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	s, err := newSecrets([][]byte{secret("a")})
	if err != nil {
		t.Fatal(err)
	}
	v := &Vault{secrets: s}
	base := &privatev1.TaskText{Title: "a", Metadata: map[string]string{"x": "1", "y": "2", "z": "3"}, RegisterLine: 7}
	want := v.Digest("m", base)
	for range 20 { // maps are walked in any order
		if !bytes.Equal(v.Digest("m", proto.CloneOf(base)), want) {
			t.Fatal("the same request has two digests")
		}
	}
	for name, change := range map[string]func(*privatev1.TaskText){
		"another text": func(m *privatev1.TaskText) { m.Title = "b" }, "another field": func(m *privatev1.TaskText) { m.Title, m.Category = "", "a" },
		"another entry": func(m *privatev1.TaskText) { m.Metadata["y"] = "3" }, "a number": func(m *privatev1.TaskText) { m.RegisterLine = 8 },
		"less": func(m *privatev1.TaskText) { m.RegisterLine = 0 },
	} {
		m := proto.CloneOf(base)
		change(m)
		if bytes.Equal(v.Digest("m", m), want) {
			t.Errorf("%s: the same digest", name)
		}
	}
	if bytes.Equal(v.Digest("n", base), want) {
		t.Error("another method has the same digest")
	}
}

func TestMasks(t *testing.T) {
	t.Parallel()
	p := &privatev1.ExecutorProfile{LastName: "Иванов", FirstName: "Пётр", SecondName: ""}
	for got, want := range map[string]string{
		MaskINN("770100000123"): "****0123", MaskINN("7701000019"): "7701000019", MaskINN(""): "", MaskPhone("+79991234567"): "+7 *** ***-45-67",
		MaskPhone("123"): "****", MaskAccount("40817810500000070000"): "****0000", MaskID("11223344595"): "****95", MaskEmail("ivan@example.ru"): "i***@example.ru", MaskEmail("нет"): "****",
		MaskName(p): "Иванов П.", FullName(p): "Иванов Пётр", Initial("Ёж"): "Ё.",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPhrases(t *testing.T) {
	t.Parallel()
	if got := Words(" Оплата по дог. №РВ-17/2, всё "); got != "ОПЛАТА ПО ДОГ РВ 17 2 ВСЕ" {
		t.Error(got)
	}
	all := strings.Join(Phrases("Пополнение счёта, код AB12CD34EF"), "|")
	for _, want := range []string{"|AB12CD34EF", "ПОПОЛНЕНИЕ|", "|КОД AB12CD34EF"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, all)
		}
	}
	if strings.Contains("|"+all+"|", "|КОД|") {
		t.Error("a word of three letters stands in every purpose")
	}
	if Marker("company-0123456789abcdef0123") != "0123456789" || PurposeMarker("0a0b0c0d0e0f1234") != "0A0B0C0D0E0F" {
		t.Error(Marker("company-0123456789abcdef0123"), PurposeMarker("0a0b0c0d0e0f1234"))
	}
}
