// Package limit says how much may be paid to persons at once, in a day and in a month, and
// is the flow that counts what a company pays.
//
//	limit.md (law, providers) ─┐
//	configuration (house) ─────┼─▶ InForce: the limits of a payment ─┬─▶ Short: does it fit?
//	a company's terms ─────────┘                                    │
//	           the person's periods (flow taxpayer) ◀── Count ──────┤
//	           the company's periods (this flow)    ◀── Count ──────┘
//
// Counts are sums by day, month, way and company, of the days and months that can still
// matter: a change puts in and takes out, so changes commute and no list of payments is kept.
//
// Laws kept (limit_test.go, against a naive second counter): no question passes a limit,
// whatever was given back before; what is taken out again leaves nothing; a refusal changes
// nothing; a row dated ahead works from its day on.
//
// It refuses to know: who is paid, tasks, what became of a payment, the clock.
//
// Decided, with the reasons:
//
//   - What no limit asks about is not counted: a payroll without limits writes and asks nothing more.
//   - A payment that is larger than a whole day's or month's limit is refused as one that no payment
//     may be (payout_limit): waiting would not help.
package limit
