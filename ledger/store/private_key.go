package store

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// PrivateKey is the key of one owner's private data, wrapped by an installation key.
type PrivateKey struct {
	Book, Owner string
	Wrapper     string // id of the installation key
	Wrapped     []byte
}

func scanPrivateKey(rows pgx.Rows) (k PrivateKey, err error) {
	err = rows.Scan(&k.Book, &k.Owner, &k.Wrapper, &k.Wrapped)
	return k, err
}

// PrivateKeys reads those keys that exist, in the order of owners.
func (db *DB) PrivateKeys(ctx context.Context, book string, owners []string) ([]PrivateKey, error) {
	if len(owners) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "private keys", scanPrivateKey, sqlPrivateKeyGet, book, owners)
}

// PrivateKeysWrapped lists at most limit keys that an installation key has wrapped.
func (db *DB) PrivateKeysWrapped(ctx context.Context, wrapper string, limit int) ([]PrivateKey, error) {
	return collect(ctx, db, "private keys", scanPrivateKey, sqlPrivateKeyWrapped, wrapper, limit)
}

// RewrapPrivate puts keys wrapped anew in the place of was, the same keys as they were
// read. One that was changed or deleted meanwhile stays as it is.
func (db *DB) RewrapPrivate(ctx context.Context, keys, was []PrivateKey) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			for i, k := range keys {
				b.Queue(sqlPrivateKeyRewrap, k.Book, k.Owner, k.Wrapper, k.Wrapped, was[i].Wrapped)
			}
		})
	})
	if err != nil {
		return fmt.Errorf("wrap keys anew: %w", err)
	}
	return nil
}

// PrivatePlain lists at most limit rows that are not sealed.
func (db *DB) PrivatePlain(ctx context.Context, limit int) ([]PrivateRow, error) {
	return collect(ctx, db, "private data", scanPrivate, sqlPrivatePlain, limit)
}

// SealPrivate puts sealed rows in the place of the same rows that were not. Sealing the
// same twice, under one key, is the same bytes.
func (db *DB) SealPrivate(ctx context.Context, w PrivateWrite) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		if err := putPrivateKeys(ctx, tx, w); err != nil {
			return err
		}
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			for _, r := range w.Rows {
				b.Queue(sqlPrivateSeal, r.Book, r.Kind, r.ID, r.Version, r.Owner, r.Data)
			}
		})
	})
	if err != nil {
		return fmt.Errorf("seal private data: %w", err)
	}
	return nil
}

// PrivateVersions reads all versions of private data, in the order of ids and versions.
func (db *DB) PrivateVersions(ctx context.Context, book, kind string, ids []string) ([]PrivateRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "private data", scanPrivate, sqlPrivateVersions, book, kind, ids)
}

// PrivateErasure is everything that is deleted with an owner.
type PrivateErasure struct {
	Book, Owner string
	Data        map[string][]string // ids of documents by kind
	Index       []PrivateIndexRow
	Words       []PrivateRow // of which the words are deleted
}

// ErasePrivate deletes an owner's key, documents and index rows in one transaction.
// What is not there is no error.
func (db *DB) ErasePrivate(ctx context.Context, e PrivateErasure) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlPrivateKeyDelete, e.Book, e.Owner)
			for kind, ids := range e.Data {
				b.Queue(sqlPrivateDelete, e.Book, kind, ids)
			}
			for _, r := range e.Words {
				b.Queue(sqlPrivateWordDelete, r.Book, r.Kind, r.Words, r.Created, r.ID)
			}
			for _, r := range e.Index {
				b.Queue(sqlPrivateIndexDelete, r.Book, r.Kind, r.Name, [][]byte{r.HMAC}, []string{r.ID})
			}
		})
	})
	if err != nil {
		return fmt.Errorf("erase private data: %w", err)
	}
	return nil
}

// putPrivateKeys writes new keys, and makes sure that all stand as they were used.
func putPrivateKeys(ctx context.Context, tx pgx.Tx, w PrivateWrite) error {
	byBook := map[string][]string{}
	wanted := map[[2]string][]byte{}
	var books, owners, wrappers []string
	var wrapped [][]byte
	for _, k := range w.Fresh {
		books, owners, wrappers, wrapped = append(books, k.Book), append(owners, k.Owner), append(wrappers, k.Wrapper), append(wrapped, k.Wrapped)
	}
	for _, list := range [][]PrivateKey{w.Fresh, w.Used} {
		for _, k := range list {
			byBook[k.Book] = append(byBook[k.Book], k.Owner)
			wanted[[2]string{k.Book, k.Owner}] = k.Wrapped
		}
	}
	stand := 0
	err := pipeline(ctx, tx, func(b *pgx.Batch) {
		if len(books) > 0 {
			b.Queue(sqlPrivateKeyInsert, books, owners, wrappers, wrapped)
		}
		for book, owners := range byBook {
			rowsOf(b, func(rows pgx.Rows) error {
				k, err := scanPrivateKey(rows)
				if err == nil && bytes.Equal(wanted[[2]string{k.Book, k.Owner}], k.Wrapped) {
					stand++
				}
				return err
			}, sqlPrivateKeyGet, book, owners)
		}
	})
	if err == nil && stand != len(wanted) {
		err = ErrKeyChanged
	}
	return err
}
