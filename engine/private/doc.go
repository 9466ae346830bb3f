// Package private keeps what must never be in a log: personal data, texts,
// requisites, registers, statement lines. It writes them before the command that
// carries their id and version, and reads them for the API and for the ports.
//
//	request ──▶ Draft{profile v2, index, stamp} ──Put──▶ private tables
//	               │                                        ▲
//	               └── id, version ──▶ command log          │
//	list, port ◀── Doc{ID, Version, Content} ───────Read────┘
//	lookup     ◀── ids ◀── Find(field, value): keyed hash, never the value
//
// Every row is sealed (AES-256-GCM) with a key of its owner, bound to its place: a
// person's data, requisites and payments with a key of the person's own, everything else
// with the house's. Keys stand beside the data, wrapped by a key of the installation that
// is in no database and no backup:
//
//	installation key ──wraps──▶ key of a person ──seals──▶ data v1, v2 …, requisites, payments
//	   (replaced: Upkeep            │
//	    wraps all keys anew)        └── Erase deletes it: whatever a backup still has is noise,
//	                                    as long as that backup has not the key as well
//
// A version is written once and never changed. Index rows are never taken back, and
// a command may be refused after its data was written: what Find answers are
// candidates, and who asks compares them with the version that the aggregate names.
//
// Stamps make a request with private data idempotent for ever: under its key and its
// keyed digest it leaves the command that was made of it, and a retry sends the same
// command. Whether the key is taken the books know, not the stamps.
//
// Laws kept (seal_test.go): what was sealed opens at its place and with its key alone;
// no word of a person stands in the tables; after Erase nothing of the person is read or
// found, and a write that was under way does not bring it back.
//
// Many ports that ask at the same moment are answered by one read, and their payments
// noted by one write (together.go); a set that fails is done one by one. Opened keys are
// remembered by what is wrapped, a bounded number of them, none after an erasure.
//
// Laws kept (private_test.go): no value of a field is in an index or a log; the
// same request has the same digest, any other another; a Doc prints and logs as id
// and version alone; masks show too little to try the rest.
//
// It refuses to know: flows, commands, who may read what (the API asks that).
//
// Decided, with the reasons:
//
//   - Private rows are sealed with a key of their person, bound to their place, by a nonce that is
//     a keyed hash of place and text; keys stand in the database, wrapped by an installation key
//     that is not there: deleting one row makes a person unreadable, also in ciphertexts that a
//     backup has (not in one that has the key too); a version written twice is the same bytes;
//     another installation key costs no data rewritten.
//   - A row whose key is gone does not exist; a key that cannot be unwrapped is an error: erased
//     and broken must never look the same.
//   - Erasing a person is an effect of its flow, ordered when no term of keeping runs; the years
//     come with the command, of a blocked person alone; whoever is erased is not registered again
//     under the INN: a kill between order and deletion loses neither; the id stays a name in the
//     books, a keyed hash of the INN.
//   - A code or a link is derived from its number (Vault.Code, Vault.Link), and stored nowhere; a
//     message whose fate is unknown is sent again with the same one, as long as it is of use:
//     nothing to leak, no row to lose; twice the same words harm nobody, a code that never comes
//     does.
//   - Sealed texts are found by keyed hashes of beginnings of words, within one company; what is
//     found is read and compared: two or three rows a word; a table of hashes says little, and
//     never decides.
package private
