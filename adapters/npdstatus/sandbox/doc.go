// Package sandbox is the public list of people on NPD that misbehaves on request: the
// same path, fields and error codes, and the same haste limit.
//
//	adapter ─▶ POST /api/v1/tracker/taxpayer_status
//	tests   ─▶ GET /sandbox/books   POST /sandbox/script
//
// Faults played: slow, silent, error (500), refuse (422 with code and message),
// unknown_status (200 without a status). More calls than Options.PerMinute are answered
// 422 taxpayer.status.service.limited.error. Operation in scripts: "check".
//
// Laws kept (../adapter_test.go): no more calls a minute are answered than the limit; a
// fault never says yes or no.
//
// It refuses to know: bindings, permissions, incomes.
package sandbox
