package store

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
)

// PrivateRow is one version of personal data or of a document, outside the log.
type PrivateRow struct {
	Book, Kind, ID string
	Version        int64
	Data           []byte
	Created        time.Time // of the database; ignored when writing
}

// PrivateIndexRow lets private data be found by a keyed hash of one of its fields.
type PrivateIndexRow struct {
	Book, Kind, Name string
	HMAC             []byte
	ID               string
}

// PrivateID names private data; version 0 is the newest.
type PrivateID struct {
	ID      string
	Version int64
}

// PutPrivate writes versions and index rows in one transaction. Writing the same again
// is nothing; a version that exists with other content is ErrVersionTaken.
func (db *DB) PutPrivate(ctx context.Context, rows []PrivateRow, index []PrivateIndexRow) error {
	if len(rows) == 0 && len(index) == 0 {
		return nil
	}
	err := db.Write(ctx, func(tx pgx.Tx) error {
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
func (db *DB) GetPrivate(ctx context.Context, book, kind string, ids []PrivateID) ([]PrivateRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var out []PrivateRow
	err := db.snapshot(ctx, "private data", func(b *pgx.Batch) {
		out = nil
		for _, id := range ids {
			upTo := id.Version
			if upTo == 0 {
				upTo = math.MaxInt64
			}
			rowsOf(b, func(rows pgx.Rows) error {
				r, err := scanPrivate(rows)
				if err == nil && (id.Version == 0 || id.Version == r.Version) {
					out = append(out, r) // of a version that does not exist the one before is found
				}
				return err
			}, sqlPrivateGet, book, kind, id.ID, upTo)
		}
	})
	return out, err
}

func scanPrivate(rows pgx.Rows) (r PrivateRow, err error) {
	err = rows.Scan(&r.Book, &r.Kind, &r.ID, &r.Version, &r.Data, &r.Created)
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

// APIKey is a caller's key: what it may do, and the hash by which it is found.
type APIKey struct {
	ID      string
	Hash    []byte
	Book    string
	Roles   []string // none: the key is revoked
	Owner   string   // the company whose key it is; "" = a key of the house
	Created time.Time
}

// PutAPIKey makes a key or changes what it may do.
func (db *DB) PutAPIKey(ctx context.Context, key APIKey) error {
	roles := key.Roles
	if roles == nil {
		roles = []string{}
	}
	if err := db.writeOne(ctx, sqlAPIKeyPut, key.ID, key.Hash, key.Book, roles, key.Owner); err != nil {
		return fmt.Errorf("write api key %s: %w", key.ID, err)
	}
	return nil
}

func scanAPIKey(rows pgx.Rows) (k APIKey, err error) {
	err = rows.Scan(&k.ID, &k.Hash, &k.Book, &k.Roles, &k.Owner, &k.Created)
	return k, err
}

// FindAPIKey finds a key by its hash.
func (db *DB) FindAPIKey(ctx context.Context, hash []byte) (APIKey, bool, error) {
	keys, err := collect(ctx, db, "api key", scanAPIKey, sqlAPIKeyFind, hash)
	if err != nil || len(keys) == 0 {
		return APIKey{}, false, err
	}
	return keys[0], true, nil
}

// ListAPIKeys lists at most limit keys by id, behind one id.
func (db *DB) ListAPIKeys(ctx context.Context, after string, limit int) ([]APIKey, error) {
	return collect(ctx, db, "api keys", scanAPIKey, sqlAPIKeyList, after, limit)
}

// RevokeAPIKey takes everything that a key may do; false when there is no such key.
func (db *DB) RevokeAPIKey(ctx context.Context, id string) (bool, error) {
	there, err := db.writeThere(ctx, sqlAPIKeyRevoke, id)
	if err != nil {
		return false, fmt.Errorf("revoke api key %s: %w", id, err)
	}
	return there, nil
}

// APIKeysThere names those keys that exist.
func (db *DB) APIKeysThere(ctx context.Context, ids []string) ([]string, error) {
	return collect(ctx, db, "api keys", func(rows pgx.Rows) (id string, err error) {
		err = rows.Scan(&id)
		return id, err
	}, sqlAPIKeyThere, ids)
}

func putPrivateRows(ctx context.Context, tx pgx.Tx, rows []PrivateRow) error {
	n := len(rows)
	if n == 0 {
		return nil
	}
	books, kinds, ids, versions, data := make([]string, n), make([]string, n), make([]string, n), make([]int64, n), make([][]byte, n)
	for i, r := range rows {
		books[i], kinds[i], ids[i], versions[i], data[i] = r.Book, r.Kind, r.ID, r.Version, r.Data
		if r.Data == nil {
			data[i] = []byte{}
		}
	}
	written, err := tx.Exec(ctx, sqlPrivateInsert, books, kinds, ids, versions, data)
	if err != nil || int(written.RowsAffected()) == n {
		return err
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
	}
	return nil
}

func putPrivateIndex(ctx context.Context, tx pgx.Tx, rows []PrivateIndexRow) error {
	n := len(rows)
	if n == 0 {
		return nil
	}
	books, kinds, names, hmacs, ids := make([]string, n), make([]string, n), make([]string, n), make([][]byte, n), make([]string, n)
	for i, r := range rows {
		books[i], kinds[i], names[i], hmacs[i], ids[i] = r.Book, r.Kind, r.Name, r.HMAC, r.ID
	}
	_, err := tx.Exec(ctx, sqlPrivateIndexInsert, books, kinds, names, hmacs, ids)
	return err
}
