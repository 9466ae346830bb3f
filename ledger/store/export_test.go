package store

import "github.com/provodka/provodka/migrations"

// AsCockroach answers the database seen by code that takes it for CockroachDB, so that
// what is sent there is tested on PostgreSQL too.
func (db *DB) AsCockroach() *DB {
	other := *db
	other.dialect = migrations.CockroachDB
	return &other
}
