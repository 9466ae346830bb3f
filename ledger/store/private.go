package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/migrations"
)

// PrivateRow is one version of personal data or of a document, outside the log.
type PrivateRow struct {
	Book, Kind, ID string
	Version        int64
	Owner          string // whose key seals the data; "" = it is not sealed
	Data           []byte
	Created        time.Time  // of the database; ignored when writing
	Key            PrivateKey // the owner's; without Wrapped when there is none; ignored when writing
	Words          [][]byte   // keyed hashes of its words; written with it, and not read back
}

// PrivateIndexRow lets private data be found by a keyed hash of one of its fields.
type PrivateIndexRow struct {
	Book, Kind, Name string
	HMAC             []byte
	ID               string
}

// PrivateID names private data; version 0 is the newest.
type PrivateID struct {
	Kind, ID string
	Version  int64
}

// PrivateWrite is private data that is written together, with the keys that seal it.
type PrivateWrite struct {
	Fresh []PrivateKey // keys that were made for it
	Used  []PrivateKey // keys that stood before
	Rows  []PrivateRow
	Index []PrivateIndexRow
}

// PutPrivate writes keys, versions and index rows in one transaction. Writing the same
// again is nothing; a version that exists with other content is ErrVersionTaken; when a
// key is not, or no longer, the one that the data was sealed with, nothing is written
// and it is ErrKeyChanged.
func (db *DB) PutPrivate(ctx context.Context, w PrivateWrite) error {
	rows, index := w.Rows, w.Index
	if len(rows) == 0 && len(index) == 0 {
		return nil
	}
	err := db.Write(ctx, func(tx pgx.Tx) error {
		if err := putPrivateKeys(ctx, tx, w); err != nil {
			return err
		}
		if err := putPrivateRows(ctx, tx, rows); err != nil {
			return err
		}
		return putPrivateIndex(ctx, tx, index)
	})
	if err != nil {
		return fmt.Errorf("write private data: %w", err)
	}
	return nil
}

// GetPrivate reads those that exist, in the order of ids.
func (db *DB) GetPrivate(ctx context.Context, book string, ids []PrivateID) ([]PrivateRow, error) {
	rows, _, err := db.GetPrivateBeside(ctx, book, ids, nil)
	return rows, err
}

// GetPrivateBeside reads private data and aggregates that exist, in one round trip and of
// one snapshot; private data in the order of ids.
func (db *DB) GetPrivateBeside(ctx context.Context, book string, ids []PrivateID, keys []AggregateKey) (rows []PrivateRow, found []AggregateRow, err error) {
	if len(ids) == 0 && len(keys) == 0 {
		return nil, nil, nil
	}
	err = db.snapshot(ctx, "private data", func(b *pgx.Batch) {
		rows, found = nil, nil
		if len(ids) > 0 {
			db.queuePrivate(b, &rows, book, ids)
		}
		if len(keys) > 0 {
			books, flows, names := aggregateColumns(keys)
			queueOnto(b, &found, scanAggregate, db.perKey(sqlAggregateFind, sqlAggregateFindPG), books, flows, names)
		}
	})
	return rows, found, err
}

// queuePrivate queues what reads private data: one statement for the set; on CockroachDB
// one each, which finds of a version that does not exist the one before.
func (db *DB) queuePrivate(b *pgx.Batch, into *[]PrivateRow, book string, ids []PrivateID) {
	kinds, names, versions := make(texts, len(ids)), make(texts, len(ids)), make([]int64, len(ids))
	for i, id := range ids {
		kinds[i], names[i], versions[i] = id.Kind, id.ID, id.Version
		if id.Version == 0 {
			versions[i] = math.MaxInt64
		}
	}
	if db.dialect == migrations.PostgreSQL {
		queueOnto(b, into, scanPrivate, sqlPrivateGetPG, book, kinds, names, versions)
		return
	}
	for i, id := range ids {
		rowsOf(b, func(rows pgx.Rows) error {
			r, err := scanPrivate(rows)
			if err == nil && (id.Version == 0 || id.Version == r.Version) {
				*into = append(*into, r)
			}
			return err
		}, sqlPrivateGet, book, id.Kind, id.ID, versions[i])
	}
}

func scanPrivate(rows pgx.Rows) (r PrivateRow, err error) {
	err = rows.Scan(&r.Book, &r.Kind, &r.ID, &r.Version, &r.Owner, &r.Data, &r.Created, &r.Key.Wrapper, &r.Key.Wrapped)
	r.Key.Book, r.Key.Owner = r.Book, r.Owner
	return r, err
}

// FindPrivate reads the index rows with one of the keyed hashes.
func (db *DB) FindPrivate(ctx context.Context, book, kind, name string, hmacs [][]byte) ([]PrivateIndexRow, error) {
	if len(hmacs) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "private index", func(rows pgx.Rows) (r PrivateIndexRow, err error) {
		err = rows.Scan(&r.Book, &r.Kind, &r.Name, &r.HMAC, &r.ID)
		return r, err
	}, sqlPrivateFind, book, kind, name, hmacs)
}

// putPrivateRows writes versions, in the order of their index.
func putPrivateRows(ctx context.Context, tx pgx.Tx, rows []PrivateRow) error {
	n := len(rows)
	if n == 0 {
		return nil
	}
	rows = slices.SortedFunc(slices.Values(rows), func(a, b PrivateRow) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	c := columnsOf(rows)
	written, err := tx.Exec(ctx, sqlPrivateInsert, c.books, c.kinds, c.ids, c.versions, c.owners, c.data)
	if err != nil {
		return err
	}
	if int(written.RowsAffected()) == n {
		return putPrivateWords(ctx, tx, rows, false)
	}
	var stand []PrivateRow
	err = pipeline(ctx, tx, func(b *pgx.Batch) {
		for _, r := range rows {
			queueOnto(b, &stand, scanPrivate, sqlPrivateGet, r.Book, r.Kind, r.ID, r.Version)
		}
	})
	if err != nil {
		return err
	}
	for i, r := range rows {
		if i >= len(stand) || stand[i].Version != r.Version || !bytes.Equal(stand[i].Data, r.Data) {
			return ErrVersionTaken
		}
		stand[i].Words = r.Words
	}
	return putPrivateWords(ctx, tx, stand, true)
}

// privateColumns are rows as the statements take them.
type privateColumns struct {
	books, kinds, ids, owners texts
	versions                  []int64
	data                      [][]byte
}

func columnsOf(rows []PrivateRow) (c privateColumns) {
	for _, r := range rows {
		c.books, c.kinds, c.ids, c.owners = append(c.books, r.Book), append(c.kinds, r.Kind), append(c.ids, r.ID), append(c.owners, r.Owner)
		data := r.Data
		if data == nil {
			data = []byte{}
		}
		c.versions, c.data = append(c.versions, r.Version), append(c.data, data)
	}
	return c
}

func putPrivateIndex(ctx context.Context, tx pgx.Tx, rows []PrivateIndexRow) error {
	n := len(rows)
	if n == 0 {
		return nil
	}
	books, kinds, names, hmacs, ids := make(texts, n), make(texts, n), make(texts, n), make([][]byte, n), make(texts, n)
	for i, r := range rows {
		books[i], kinds[i], names[i], hmacs[i], ids[i] = r.Book, r.Kind, r.Name, r.HMAC, r.ID
	}
	_, err := tx.Exec(ctx, sqlPrivateIndexInsert, books, kinds, names, hmacs, ids)
	return err
}
