package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

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
