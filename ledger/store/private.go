package store

import (
	"context"
	"time"
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
	return errUnwritten
}

// GetPrivate reads those that exist.
func (db *DB) GetPrivate(ctx context.Context, book, kind string, ids []PrivateID) ([]PrivateRow, error) {
	return nil, errUnwritten
}

// FindPrivate reads the index rows with one of the keyed hashes.
func (db *DB) FindPrivate(ctx context.Context, book, kind, name string, hmacs [][]byte) ([]PrivateIndexRow, error) {
	return nil, errUnwritten
}

// APIKey is a caller's key: what it may do, and the hash by which it is found.
type APIKey struct {
	ID      string
	Hash    []byte
	Book    string
	Roles   []string // none: the key is revoked
	Created time.Time
}

// PutAPIKey makes a key or changes what it may do.
func (db *DB) PutAPIKey(ctx context.Context, key APIKey) error { return errUnwritten }

// FindAPIKey finds a key by its hash.
func (db *DB) FindAPIKey(ctx context.Context, hash []byte) (APIKey, bool, error) {
	return APIKey{}, false, errUnwritten
}
