package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// WordPlace is a version of private data that has a word, in the order in which they are
// listed: the newest first.
type WordPlace struct {
	At      time.Time // when the version was written
	ID      string
	Version int64
}

// WordPage asks for a page of the private data that has a word, under any of its keyed
// hashes.
type WordPage struct {
	Book, Kind string
	HMACs      [][]byte
	Before     *WordPlace
	Limit      int
}

// PrivateWords reads a page.
func (db *DB) PrivateWords(ctx context.Context, page WordPage) ([]WordPlace, error) {
	before := WordPlace{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	if page.Before != nil {
		before = *page.Before
	}
	var rows []WordPlace
	err := db.snapshot(ctx, "private words", func(b *pgx.Batch) {
		rows = nil
		for _, hmac := range page.HMACs {
			queueOnto(b, &rows, func(r pgx.Rows) (w WordPlace, err error) {
				err = r.Scan(&w.At, &w.ID, &w.Version)
				return w, err
			}, sqlPrivateWordPage, page.Book, page.Kind, hmac, before.At, before.ID, before.Version, page.Limit)
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b WordPlace) int {
		return -cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	rows = slices.CompactFunc(rows, func(a, b WordPlace) bool { return a.ID == b.ID && a.Version == b.Version })
	return rows[:min(len(rows), page.Limit)], nil
}

// putPrivateWords writes the words of rows: of the transaction's moment, or, of those that
// stood before, of theirs. They go in in the order of their index, as the same words of many
// rows stand side by side in it.
func putPrivateWords(ctx context.Context, tx pgx.Tx, rows []PrivateRow, stood bool) error {
	type word struct {
		hmac []byte
		of   *PrivateRow
	}
	var words []word
	for i := range rows {
		for _, hmac := range rows[i].Words {
			words = append(words, word{hmac, &rows[i]})
		}
	}
	n := len(words)
	if n == 0 {
		return nil
	}
	slices.SortFunc(words, func(a, b word) int {
		return cmp.Or(strings.Compare(a.of.Kind, b.of.Kind), bytes.Compare(a.hmac, b.hmac), strings.Compare(a.of.ID, b.of.ID))
	})
	books, kinds, ids := make(texts, n), make(texts, n), make(texts, n)
	hmacs, ats, versions := make([][]byte, n), make([]*time.Time, n), make([]int64, n)
	for i, w := range words {
		books[i], kinds[i], hmacs[i], ids[i], versions[i] = w.of.Book, w.of.Kind, w.hmac, w.of.ID, w.of.Version
		if stood {
			ats[i] = &w.of.Created
		}
	}
	_, err := tx.Exec(ctx, sqlPrivateWordInsert, books, kinds, hmacs, ats, ids, versions)
	return err
}

// PutPrivateWords writes the words of rows that stand (Created is theirs). Writing them
// again is nothing.
func (db *DB) PutPrivateWords(ctx context.Context, rows []PrivateRow) error {
	err := db.Write(ctx, func(tx pgx.Tx) error { return putPrivateWords(ctx, tx, rows, true) })
	if err != nil {
		return fmt.Errorf("write private words: %w", err)
	}
	return nil
}

// WalkPrivate reads the private data of some kinds in the order of keys, after the given
// one.
func (db *DB) WalkPrivate(ctx context.Context, after PrivateRow, kinds []string, limit int) ([]PrivateRow, error) {
	return collect(ctx, db, "private data", scanPrivate, sqlPrivateWalk, after.Book, after.Kind, after.ID, after.Version, kinds, limit)
}

// Upkept says whether something was done once to everything that stood.
func (db *DB) Upkept(ctx context.Context, name string) (bool, error) {
	found, err := collect(ctx, db, "upkept", func(rows pgx.Rows) (name string, err error) {
		err = rows.Scan(&name)
		return name, err
	}, sqlUpkeptFind, name)
	return len(found) > 0, err
}

// NoteUpkept notes that it was.
func (db *DB) NoteUpkept(ctx context.Context, name string) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sqlUpkeptPut, name)
		return err
	})
	if err != nil {
		return fmt.Errorf("note %s: %w", name, err)
	}
	return nil
}
