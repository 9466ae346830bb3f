package private

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// TestWhatMatchesIsLookedUp: a text that fits a query is among those that the query looks
// up, whatever the letters.
func TestWhatMatchesIsLookedUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.StringMatching(`[А-Яа-яЁёA-Za-z0-9İǅß]{1,12}`)
		texts := rapid.SliceOfN(word, 1, 8).Draw(rt, "text")
		text := strings.Join(texts, rapid.SampledFrom([]string{" ", "-", ", «", "\n"}).Draw(rt, "between"))
		var query []string
		for range rapid.IntRange(1, 3).Draw(rt, "words") {
			w := []rune(rapid.SampledFrom(append(texts, word.Draw(rt, "other"))).Draw(rt, "of"))
			query = append(query, string(w[:rapid.IntRange(1, len(w)).Draw(rt, "letters")]))
		}
		words := SearchWords(strings.Join(query, " "))
		if words == nil || !Matches(words, text) {
			return
		}
		if at := lookup(words); !slices.Contains(beginnings(text), at) {
			rt.Fatalf("%q fits %q and is looked up by %q, of %q", words, text, at, beginnings(text))
		}
	})
	if n := len(beginnings(strings.Repeat("абвгд ", 40) + "ж")); n != 2 {
		t.Errorf("a word that comes often stands %d times", n)
	}
}

// TestWordsOfWhatStood: upkeep lets be found what was written before there were words, once,
// and an erased person is found by no word.
func TestWordsOfWhatStood(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v := open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	candidates := func(f WordField, query string) (ids []string) {
		t.Helper()
		places, err := v.Candidates(ctx, "main", f, SearchWords(query), nil, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range places {
			ids = append(ids, p.ID)
		}
		return ids
	}
	d := v.Draft("main")
	d.Executor("executor-1", 1, &privatev1.ExecutorProfile{LastName: "Ёлкина", FirstName: "Анна", Inn: "500100732259"})
	d.Executor("executor-1", 2, &privatev1.ExecutorProfile{LastName: "Берёзкина", FirstName: "Анна", Inn: "500100732259"})
	d.Task("company-1", "task-1", 1, &privatev1.TaskText{Title: "Вёрстка"})
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		for query, n := range map[string]int{"елк": 1, "березкина": 1, "анна": 2} {
			if got := candidates(ExecutorNames, query); len(got) != n || got[0] != "executor-1" {
				t.Errorf("%s: %q finds %v, want %d versions", when, query, got, n)
			}
		}
	}
	check("written")
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	check("written again")
	if got := candidates(TaskTitles("company-1"), "верстка"); !slices.Equal(got, []string{"task-1"}) {
		t.Errorf("the company finds %v", got)
	}
	if got := candidates(TaskTitles("company-2"), "верстка"); got != nil {
		t.Errorf("another company finds %v", got)
	}
	if done, err := v.Upkeep(ctx); err != nil || done.Worded != 3 {
		t.Fatalf("%+v %v", done, err)
	}
	check("after an upkeep that had nothing to do")
	err := v.db.Write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM private_word WHERE kind = 'executor'")
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM upkept")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := v.Upkeep(ctx); err != nil {
			t.Fatal(err)
		}
		check("after the upkeep")
	}
	if err := v.Erase(ctx, "main", "executor-1"); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"елк", "березкина", "анна"} {
		if got := candidates(ExecutorNames, query); got != nil {
			t.Errorf("erased, and %q finds %v", query, got)
		}
	}
}
