// Package stripe is the rules of gathering money between the stripes of one
// account: what a shard does when a debit is short in its own stripe.
//
// An account has a stripe on every shard that touches it. A debit takes from the
// stripe of its own shard; only when that is short does the shard ask the home
// of the account, which collects from the others:
//
//	asker                       home                        every other stripe
//	  │ park; NEED(need, all free) ─▶ queue
//	  │                           │ look up the stripes
//	  │                           │ GIVE(round) ─────────────────▶ │
//	  │                           │ ◀── GAVE 1 (all free, left, changed)
//	  │                           │ ◀── GAVE 2 (when what was left is decided)
//	  │ ◀── ALLOT(whole) or NO ── │
//	  │ next account, or all legs at once; or refuse, naming the account
//
// A Shard is told events, one method each: Submit, Changed, Receive, Found and
// Expire. What it decides it gives at once to Books.Do, in order; what it
// remembers are rows, taken by Changes after the event and given back by Open.
// In the common case (enough money, nobody waiting) Submit is one Apply: no
// message, no row. A wallet of one stripe is refused after one look-up, with no
// message.
//
// Rules that look optional and are not; model_test.go shows for each what breaks
// without it:
//
//   - Messages of an ordered pair of shards are applied in order and once, or
//     money is refused while it travels.
//   - A command starts only when no earlier undecided command of its shard shares
//     one of its debit accounts; so a shard never holds money of an account for
//     which it asks, and the home need not ask the asker.
//   - Accounts are secured in order, each wholly or not at all, or commands wait
//     for each other for ever.
//   - The stripe of the asker is opened before NEED, or the look-up of the next
//     round misses money that was allotted and has not arrived.
//   - A round ends before the next begins: the next head may have been asked in it.
//   - The second GAVE is sent when the command that holds the money is decided,
//     and before anything else on the shard can take that money.
//   - Rounds are strict: nothing is refused after a round in which the account
//     moved, up to RoundLimit rounds. What two unchanged answers in a row agree on
//     was true at one moment between them. A shard that never answered before
//     counts as moved, so refusing an account of several stripes takes two rounds.
//
// Laws kept: money is conserved, with what travels; no stripe is spent below its
// floor and no reservation is spent twice; a command applies all legs or none,
// once; whatever is delivered is decided; nothing runs for ever; and every
// decision is that of one account book at some moment between a command's
// arrival and its answer (but for an account that kept moving for RoundLimit
// rounds). The laws are searched over all orders of events in model_test.go and
// sampled in larger worlds in random_test.go. go test runs a choice of settings in
// seconds; PROVODKA_MODEL=full go test -timeout 60m -run Model runs them all, in
// about ten minutes.
//
// It refuses to know: databases, topics, clocks, what a command's legs are, how
// a balance is kept, which reason besides money may refuse a command.
//
// Decided, with the reasons:
//
//   - Gathering as in ledger/stripe, with what its model check found: the asker opens its stripe
//     before it asks; a shard that never answered counts as changed; the second answer waits for
//     the command that holds the money: money on its way to a shard without a stripe was invisible
//     to the next round.
package stripe
