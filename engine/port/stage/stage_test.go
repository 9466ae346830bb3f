package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var all = []Fault{Slow, Silent, SilentApplied, Error, ErrorApplied, InProgress, UnknownStatus, Refuse, Fail, TakenBack, Lost, LostApplied}

func clock() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func open(t interface {
	Helper()
	Fatal(...any)
}, dir string, script Script) *Books {
	t.Helper()
	b, err := Open(dir, Options{Script: script, Supported: all, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func subject(id string) Subject {
	return Subject{ID: id, Amount: "100.00", Account: "40817810000000000001", Purpose: "Оплата по договору " + id}
}

func post(t interface {
	Helper()
	Fatal(...any)
}, b *Books, s Subject) Payment {
	t.Helper()
	p, err := b.Post(s, s.Amount)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRulesChooseByTextCountAndSeed(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir(), Script{Seed: 7, Rules: []Rule{
		{Field: "purpose", Contains: "договору a", Fault: Refuse},
		{Field: "amount", Regexp: `^100\.`, Nth: 2, Fault: Slow},
		{PerMille: 500, Fault: Silent},
	}})
	t.Cleanup(func() { _ = b.Close() })
	if f := post(t, b, subject("a")).Fault(); f != Refuse {
		t.Errorf("by text: %q", f)
	}
	if f := post(t, b, subject("second")).Fault(); f != Slow {
		t.Errorf("the second that fits: %q", f)
	}
	if f := post(t, b, subject("second")).Fault(); f != None {
		t.Errorf("a transient fault struck twice: %q", f)
	}
	if f := post(t, b, subject("a")).Fault(); f != Refuse {
		t.Errorf("a refusal was forgotten: %q", f)
	}
	silent := 0
	for i := range 1000 {
		if post(t, b, subject(fmt.Sprint("s", i))).Fault() == Silent {
			silent++
		}
	}
	if silent < 430 || silent > 570 {
		t.Errorf("%d of 1000 are silent, half of them should be", silent)
	}
}

func TestScriptIsChecked(t *testing.T) {
	t.Parallel()
	for _, r := range []Rule{{Fault: "explode"}, {Field: "name", Fault: Slow}, {Regexp: "(", Fault: Slow}, {PerMille: 1001, Fault: Slow}, {Nth: -1, Fault: Slow}} {
		if b, err := Open(t.TempDir(), Options{Script: Script{Rules: []Rule{r}}, Supported: all, Now: clock}); err == nil {
			t.Errorf("%+v passed", r)
			_ = b.Close()
		}
	}
}

func TestExecutedOnceUnderManySends(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir(), Script{})
	t.Cleanup(func() { _ = b.Close() })
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := b.Post(subject("p"), "x"); err != nil {
				t.Error(err)
			}
			if p, _, err := b.Execute("p"); err != nil || p.ExecutedCount != 1 {
				t.Error(p, err)
			}
			if err := b.Settle(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if p := b.Payments()[0]; p.ExecutedCount != 1 || p.Posts != 20 || p.Mismatches != 0 {
		t.Errorf("%+v", p)
	}
}

func TestBusinessShowsTwoIdsForOnePayment(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir(), Script{})
	t.Cleanup(func() { _ = b.Close() })
	for _, id := range []string{"one", "two"} {
		s := subject("x")
		s.ID = id
		post(t, b, s)
		if _, _, err := b.Execute(id); err != nil {
			t.Fatal(err)
		}
	}
	if r := b.Report(); len(r.Business) != 1 || r.Business[0].ExecutedCount != 2 || len(r.Business[0].IDs) != 2 {
		t.Errorf("%+v", r.Business)
	}
}

// moment is the books when their file had a size.
type moment struct {
	size int64
	list []Payment
}

// live leads random books in home and remembers them after every step.
func live(rt *rapid.T, home string) []moment {
	b := open(rt, home, Script{Rules: []Rule{{Contains: "3", Fault: InProgress, Polls: 1}, {Nth: 2, Fault: Refuse}}})
	moments := []moment{{}}
	step := func(err error) {
		info, statErr := os.Stat(filepath.Join(home, "books.jsonl"))
		if err != nil || statErr != nil {
			rt.Fatal(err, statErr)
		}
		moments = append(moments, moment{info.Size(), b.Payments()})
	}
	for range rapid.IntRange(1, 12).Draw(rt, "steps") {
		s := subject(rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, "id"))
		p, err := b.Post(s, "same")
		step(err)
		if p.Rule.Fault == None {
			_, _, err = b.Execute(s.ID)
		} else {
			_, err = b.Become(s.ID, map[Fault]State{InProgress: Pending, Refuse: Refused}[p.Rule.Fault])
		}
		step(err)
		if rapid.Bool().Draw(rt, "another script") {
			step(b.SetScript(Script{Rules: []Rule{{Nth: 1, Fault: Refuse}}}))
		}
	}
	if err := b.Close(); err != nil {
		rt.Fatal(err)
	}
	return moments
}

// The books after a restart at any byte are those of the last whole line before it,
// and they go on from there.
func TestRestartAtAnyByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		home := filepath.Join(dir, fmt.Sprint(run))
		path := filepath.Join(home, "books.jsonl")
		moments := live(rt, home)
		data, err := os.ReadFile(path) //nolint:gosec // our own file
		if err != nil {
			rt.Fatal(err)
		}
		cut := rapid.IntRange(0, len(data)).Draw(rt, "cut")
		if err := os.WriteFile(path, data[:cut], 0o600); err != nil {
			rt.Fatal(err)
		}
		whole := int64(strings.LastIndexByte(string(data[:cut]), '\n') + 1)
		again := open(rt, home, Script{})
		defer again.Close() //nolint:errcheck // a test
		found := false
		for _, m := range moments {
			if m.size != whole {
				continue
			}
			found = true
			if diff := cmp.Diff(m.list, again.Payments(), cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Payment{})); diff != "" {
				rt.Fatalf("cut at %d: %s", cut, diff)
			}
		}
		if !found {
			rt.Fatalf("no moment has the size %d", whole)
		}
		if p := post(rt, again, subject("after")); p.Posts != 1 {
			rt.Fatal(p)
		}
		if err := again.Settle(); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestBrokenLineStopsTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "books.jsonl"), []byte("{\"event\":\"post\"\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := Open(dir, Options{Now: clock}); err == nil {
		t.Error("books with a broken line were opened")
		_ = b.Close()
	}
}

func TestThePartnerChangesItsWordOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir, Script{})
	for _, id := range []string{"paid", "failed", "open"} {
		post(t, b, subject(id))
	}
	if _, _, err := b.Execute("paid"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Become("failed", Failed); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := errors.Join(b.Change("paid", Returned), b.Change("failed", Executed)); err != nil {
			t.Error(err)
		}
	}
	for id, to := range map[string]State{"open": Returned, "paid": Executed, "nobody": Executed} {
		if b.Change(id, to) == nil {
			t.Errorf("%s becomes %s", id, to)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, Script{})
	t.Cleanup(func() { _ = again.Close() })
	for i, want := range []State{Returned, Executed, Unseen} {
		if p := again.Payments()[i]; p.Status != want || p.ExecutedCount != min(1, 2-i) {
			t.Errorf("%+v, want %s", p, want)
		}
	}
}
