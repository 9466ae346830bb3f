// Package embedtest gives tests a fresh database and a fresh broker each.
//
//	dsn := embedtest.DSN(t)                  // an empty database
//	dsn := embedtest.DSN(t, store.Migrate)   // a copy of one that was migrated once
//	addr := embedtest.Broker(t)              // a broker of its own
//
// The first DSN of a test binary starts PostgreSQL (initdb and start take about a
// second), without fsync; all its tests share that server, each in a database of its
// own. The server watches the test binary: when it ends, by whatever way, the server
// stops and its files are removed. Test binaries that run at once do not meet.
//
// PROVODKA_TEST_PG_DSN, the address of a server where databases may be made, is used
// instead when set.
//
// Laws kept (embedtest_test.go): no test sees another's rows; nothing is left behind.
// It refuses to know: schemas; the migrations are handed in.
package embedtest
