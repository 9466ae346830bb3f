// Package postback tells companies' own servers what happens to their tasks, and to their
// people at the tax service.
//
//	subscription row ─ hold ─▶ journal after its position ─▶ next event of the company ─▶ body ─▶ signed request
//	       ▲                                                                                        │
//	       └── position and lease, only while it is ours ◀── 2xx: delivered; else later, by postback.md ┘
//
// It reads the journal behind the commits and never holds them up. A subscription is
// worked on by one process at a time, one delivery after another, in the order of the
// journal: an event that cannot be delivered holds up those behind it, and no other
// subscription. A process that dies lets go after its hold; then the same event goes out
// again under the same webhook-id, so that it can be known.
//
// Laws kept: no event is passed over; the id of a delivery follows from subscription and
// record alone; nothing is sent to an address that the guard refuses, which is asked of
// the very address that is dialled; no redirect is followed; nothing waits for ever.
//
// It refuses to know: what a body says, who may subscribe.
//
// Decided, with the reasons:
//
//   - A subscription reads its company's home journal itself, under a hold on its row; its secret
//     is derived, stored nowhere: one delivery at a time, in order, through kills; nothing to
//     leak.
package postback
