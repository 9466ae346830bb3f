// Package embed starts the database and the broker of `provodka dev` and of the
// tests: PostgreSQL from the machine's own binaries (or fetched once), and an
// in-process broker that speaks the Kafka protocol, both on loopback only.
//
//	DIR/postgres/data      PostgreSQL's data directory, of the run user, mode 0700
//	DIR/postgres/log       what the server said
//	DIR/postgres.json      port and password, mode 0600
//	DIR/broker/            the broker's log segments
//	DIR/broker.json        the broker's port
//	DIR/*.lock             held while a process uses that part of DIR
//
// PostgreSQL refuses to run as root. A process of root's therefore runs it as the
// owner of the data directory, or, when there is none yet, as the user postgres or
// nobody. If that user cannot reach DIR (a clone under /root), DIR/postgres is a
// symbolic link to a directory which it can reach.
//
// Laws kept (postgres_test.go, broker_test.go): books written before a kill -9 are
// there after the next start; a server left behind is adopted only when it is
// provably the one of this data directory; no process is ever signalled that is not
// this data directory's postmaster; a data directory of another major version is
// refused and not touched; two processes never share one directory.
//
// It refuses to know: what is in the database, and how topics are named. It is not
// for production: there, database and broker are given by address.
//
// Decided, with the reasons:
//
//   - The development broker writes through to disk (0.9 ms a command): a power cut could lose
//     commands whose results the database has.
//   - PostgreSQL runs as postgres or nobody, never as root; unreachable files move to
//     /var/lib/provodka: a capability to read everything would open every file to SQL.
package embed
