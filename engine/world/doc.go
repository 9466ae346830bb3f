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
package world
