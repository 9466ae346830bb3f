// Package world serves what the flows ask: it turns the typed ports of the adapters
// into the one shape that the engine knows, and reaches other aggregates.
//
//	Ask{verb, ids and versions} ──▶ decode ──▶ Reader: requisites, INN, texts ──▶ adapter
//	                                                    │ none
//	                                                    └──▶ Refused, nothing was sent
//	Ask{verb, company deposit}  ──▶ a command of the other aggregate, keyed by the attempt
//
// Laws kept (world_test.go): what is missing is refused before anything is sent; a
// failure to read is Unknown, never Refused; the same attempt sent twice is one
// payment, one receipt, one command; Find never acts, but where the provider answers a
// repetition with the first result.
//
// It refuses to know: wire formats, tables of flows, where private data is kept.
//
// Decided, with the reasons:
//
//   - What ports ask of private data within 3 ms is one read, and payments are noted in sets; a
//     set that fails is done one by one: nine round trips a payment were half of the database's
//     time; nobody answers for another's broken row.
package world
