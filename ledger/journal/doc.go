// Package journal holds the rules of the record log: canonical bytes, the hash
// chain and segments. It is pure.
//
//	record bytes ──▶ hash = SHA-256(previous hash ‖ bytes) ──▶ head
//	records ──▶ segment (≤ 32 KiB, length-prefixed) ──▶ database, and one by one ──▶ Kafka
//
// Laws kept: the bytes of a record are its protobuf payload as first written and
// are never marshalled again to be checked; the first record follows 32 zero
// bytes; numbers are dense.
//
// It refuses to know: databases, brokers, what the records mean.
package journal
