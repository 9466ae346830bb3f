// Package proof makes a shard's journal provable to people who do not trust us: a
// Merkle tree over its records, signed heads of that tree, and proofs that need
// neither our database nor our broker. It is pure.
//
//	record bytes ──▶ leaf = SHA-256(0 ‖ bytes) ──▶ tree (RFC 6962) ──▶ root
//	root, size, chain head ──▶ checkpoint (C2SP tlog-checkpoint, Ed25519) ──▶ whoever wants one
//	record + path + checkpoint ──▶ proof file ──▶ verified offline
//
// Leaf i is the record with number i+1, so the size of a tree is the number of its
// last record. The tree is kept in tiles of 256 hashes. It is a function of the
// journal and of nothing else: it can be dropped and made again.
//
// Laws kept: a record proves against every checkpoint of a size not below its number
// and against no other; any one changed byte of a proof file is refused, because its
// text has one form only; two trees are called consistent only when the older is a
// beginning of the newer; the text of a checkpoint follows from the journal alone, so
// no size can have two.
//
// It refuses to know: databases, brokers, files, clocks, and whether what a record says
// is right by the rules of the books (package audit replays those).
//
// Decided, with the reasons:
//
//   - A checkpoint follows from the journal alone: no moment of signing; the last one is read from
//     the topic before the next is signed: no size can have two, whoever signs; an earlier copy of
//     the database would not know it.
package proof
