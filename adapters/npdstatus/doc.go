// Package npdstatus asks the tax service's public list who is on NPD. It needs no token
// and no binding, and tells nothing else.
//
//	Listed(inn, day) ─▶ kept answer of (inn, day)? ─▶ turn: two a minute ─▶ POST /api/v1/tracker/taxpayer_status ─▶ status.go
//
// Facts and their marks ([H] several clients, [M] one client, ? unknown):
//
//   - POST {inn, requestDate: YYYY-MM-DD} answers {status: bool, message} [H]; 422 comes with
//     a code: validation.failed, taxpayer.status.service.limited.error (too many calls from
//     this address), taxpayer.status.service.unavailable.error [H].
//   - Two calls a minute from one address; clients keep 31 to 60 s between and wait a minute [M].
//
// Laws kept (adapter_test.go): no more calls than the pace allows, whatever is asked at
// once; only {status: false} is "no", every error is Unknown; an answer about a day is
// asked for once.
//
// It refuses to know: flows, what follows from being on NPD.
package npdstatus
