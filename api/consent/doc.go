// Package consent keeps the texts that people accept: every version that was ever shown,
// as it was shown.
//
//	consent.md: name, version, file ──▶ Current(name) ──▶ shown, accepted by version
//	                                └─▶ Find(name, version) ──▶ what was accepted then
//
// A version is never changed: its file's SHA-256 stands in the evidence of whoever accepted
// it. A new version is a new file and a new row; the last row of a name is today's.
//
// Laws kept (consent_test.go): every row has its file and every file its row; hashes of
// versions that were released stay.
//
// It refuses to know: who accepted what.
package consent
