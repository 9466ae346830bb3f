// Package npd is the flow of a person at the tax service: bound to us or not, on NPD or
// not, and since when we know it.
//
//	bind ─▶ requesting ─▶ waiting ── «Мой налог» ──▶ bound ── every night ──▶ check
//	            │            │ declined, two weeks      │ unbound
//	            ▼            ▼                          ▼
//	         unbound ◀──────────────────────────────────┘    look ─▶ the public list
//
// Whether income may be registered is the status, a word of npd.md; each change has its
// moment and its source. What other places learn (the check before a payment, the service's
// list of those who left) comes as the command observed.
//
// Laws kept (npd_test.go): silence and errors never change the status; a night has one
// check of a person, and all persons' checks are spread over it by their ids; an answer to
// an older question changes nothing; the last change of the history is the status.
//
// It refuses to know: names, INN, phones, companies, tasks, the service's wire format.
//
// Decided, with the reasons:
//
//   - How a person stands at the tax service is an aggregate of its own on the person's shard;
//     what is heard elsewhere of somebody bound is only a reason to ask: executor states times
//     binding states would be a table nobody reads; what was heard may be older than the binding.
//   - Under another INN the person is asked for what was allowed, and not only looked at: whoever is
//     bound under it is told to be by the same call, whoever is not has the request at once.
//   - The service tells a bound person's phone. Whether it is the one that we have is a word in the
//     log, with the version of the data that was compared, and neither phone: it is the one thing
//     about a phone that no company can arrange.
//   - Nightly work is a timer of each aggregate, at a second of the night that its id gives:
//     spread over the hours without a scheduler beside the log.
package npd
