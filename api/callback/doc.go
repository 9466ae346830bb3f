// Package callback hears what providers call back.
//
//	POST /callbacks/{provider} ─▶ limits ─▶ who is it? ─▶ which attempts? ─▶ engine.Hear ─▶ row of hint ─▶ 200
//	                               429         401            400                503             │
//	                                                                    the shard's owner asks ◀─┘ the provider
//
// A callback is a hint and nothing more: what it says of a payment is not believed, it makes us
// ask the provider about that very payment. So one that is forged, late, twice or out of order
// costs a question and changes nothing, and one that never comes costs time: everything that
// is open, and every final answer, is asked about anyway.
//
// Laws kept (callback_test.go, cmd/provodka/callback_test.go, engine/hint_test.go): whoever cannot show the
// provider's secret is told nothing; a payment that nobody knows is answered as one of ours is;
// 200 means that the hint outlives this process; neither log nor answer has anything of the
// body.
//
// It refuses to know: what providers write (their adapters do), payments, flows.
package callback
