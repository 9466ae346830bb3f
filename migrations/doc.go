// Package migrations holds the schema, forward only.
//
//	common/  for every database          pg/, crdb/  what only one of them knows
//
// Laws kept (migrations_test.go): every file is `-- +goose NO TRANSACTION`, because
// CockroachDB's DDL is not atomic; every statement may run twice; a number is used once
// in common, or once in pg and once in crdb, so that each database sees one order.
//
// It refuses to know: how and when they are run; that is the store's.
package migrations
