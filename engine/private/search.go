package private

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// prefixes are the lengths, in letters, of the beginnings of words that are indexed: a
// word is looked up by the longest of them that it has, and compared in clear text.
var prefixes = []int{3, 5, 8}

// LeastLetters is the length of the shortest word that is found.
const LeastLetters = 3

// maxIndexed bounds the beginnings of words that one text is found by.
const maxIndexed = 96 // all of a title of 255 letters

// SearchWords are the words of a query, in the form in which texts are compared; those
// that are too short to be found are left out when a longer one is there.
func SearchWords(query string) []string {
	words := strings.Fields(Words(query))
	slices.Sort(words)
	words = slices.Compact(words)
	long := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return utf8.RuneCountInString(w) < LeastLetters })
	if len(long) == 0 {
		return nil
	}
	return words
}

// Matches says whether each word of a query begins a word of the text.
func Matches(words []string, text string) bool {
	in := strings.Fields(Words(text))
	for _, w := range words {
		if !slices.ContainsFunc(in, func(has string) bool { return strings.HasPrefix(has, w) }) {
			return false
		}
	}
	return true
}

// beginnings are the indexed beginnings of a text's words, the first ones of a long text.
func beginnings(text string) []string {
	var all []string
	for _, w := range strings.Fields(Words(text)) {
		letters := []rune(w)
		for _, n := range prefixes {
			if len(letters) >= n && len(all) < maxIndexed && !slices.Contains(all, string(letters[:n])) {
				all = append(all, string(letters[:n]))
			}
		}
	}
	return all
}

// lookup is the beginning that a query's words are looked up by: of the longest word, the
// longest that is indexed.
func lookup(words []string) string {
	longest := []rune(slices.MaxFunc(words, func(a, b string) int { return utf8.RuneCountInString(a) - utf8.RuneCountInString(b) }))
	at := ""
	for _, n := range prefixes {
		if len(longest) >= n {
			at = string(longest[:n])
		}
	}
	return at
}

// WordField is a text whose words are found, within a scope: a task's title within its
// company, an executor's name within the book.
type WordField struct{ kind, scope string }

// ExecutorNames are the words of executors' names.
var ExecutorNames = WordField{kind: kindExecutor}

// TaskTitles are the words of a company's tasks' titles.
func TaskTitles(company string) WordField { return WordField{kindTask, company} }

// wordBytes is how much of a keyed hash a word's row carries.
const wordBytes = 16

// wordHashes are the keyed hashes of a beginning of a word, newest secret first.
func (s secrets) wordHashes(book string, f WordField, beginning string) [][]byte {
	out := make([][]byte, len(s.index))
	for i, key := range s.index {
		out[i] = keyed(key, "word", book, f.kind, f.scope, beginning)[:wordBytes]
	}
	return out
}

// words are the keyed hashes by which a text is found, under the newest secret, or under
// all of them.
func (v *Vault) words(book string, f WordField, text string, all bool) (out [][]byte) {
	for _, b := range beginnings(text) {
		hashes := v.secrets.wordHashes(book, f, b)
		if !all {
			hashes = hashes[:1]
		}
		out = append(out, hashes...)
	}
	return out
}

// Candidates lists the versions of texts that may have the words of a query, the newest
// first: whoever asks reads them and compares (Matches), and leaves out versions that do
// not count any more.
func (v *Vault) Candidates(ctx context.Context, book string, f WordField, words []string, before *store.WordPlace, limit int) ([]store.WordPlace, error) {
	at := lookup(words)
	if at == "" {
		return nil, nil
	}
	return v.db.PrivateWords(ctx, store.WordPage{Book: book, Kind: f.kind, HMACs: v.secrets.wordHashes(book, f, at), Before: before, Limit: limit})
}

// upkeptWords names the upkeep that gives words to what was written before there were any.
const upkeptWords = "words-1"

// indexWords gives words to everything that stands, once.
func (v *Vault) indexWords(ctx context.Context) (n int, err error) {
	if done, err := v.db.Upkept(ctx, upkeptWords); done || err != nil {
		return 0, err
	}
	after := store.PrivateRow{}
	for {
		rows, err := v.db.WalkPrivate(ctx, after, []string{kindTask, kindExecutor}, upkeepRows)
		if err != nil {
			return n, err
		}
		if len(rows) == 0 {
			return n, v.db.NoteUpkept(ctx, upkeptWords)
		}
		after = rows[len(rows)-1]
		if err := v.rewords(ctx, rows); err != nil {
			return n, err
		}
		n += len(rows)
	}
}

// rewords writes the words of rows that stand. A task's company is its aggregate's owner;
// one that no command has made is found by nobody.
func (v *Vault) rewords(ctx context.Context, rows []store.PrivateRow) error {
	owners := map[[2]string]string{}
	var keys []store.AggregateKey
	for _, r := range rows {
		if k := [2]string{r.Book, r.ID}; r.Kind == kindTask && owners[k] == "" {
			owners[k] = "?"
			keys = append(keys, store.AggregateKey{Book: r.Book, Flow: "task", ID: r.ID})
		}
	}
	found, _, err := v.db.FindAggregates(ctx, keys)
	if err != nil {
		return fmt.Errorf("read the tasks of texts: %w", err)
	}
	for _, a := range found {
		owners[[2]string{a.Key.Book, a.Key.ID}] = a.Owner
	}
	for i := range rows {
		r := &rows[i]
		text, ok, err := v.text(*r)
		if err != nil {
			return fmt.Errorf("%s %s v%d: %w", r.Kind, r.ID, r.Version, err)
		}
		if !ok {
			continue // erased
		}
		switch r.Kind {
		case kindTask:
			t := new(privatev1.TaskText)
			err = proto.Unmarshal(text, t)
			r.Words = v.words(r.Book, TaskTitles(owners[[2]string{r.Book, r.ID}]), t.GetTitle(), false)
		case kindExecutor:
			p := new(privatev1.ExecutorProfile)
			err = proto.Unmarshal(text, p)
			r.Words = v.words(r.Book, ExecutorNames, FullName(p), false)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("%s %s v%d cannot be decoded", r.Kind, r.ID, r.Version), err)
		}
	}
	return v.db.PutPrivateWords(ctx, rows)
}
