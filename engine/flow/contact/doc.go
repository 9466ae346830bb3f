// Package contact is the flow of a company that knows an executor: on the company's
// shard, so that the company is told what becomes of the person.
//
//	registered, invited ─▶ meet ─┐
//	                             ├─▶ known ── told ──▶ contact.selfemployed_status ──▶ subscriptions
//	npd: status changed ─▶ tell ─┘
//
// Laws kept (contact_test.go): a company is told each status once, and none that is older
// than what it was told.
//
// It refuses to know: names, INN, phones, subscriptions, who else knows the person.
//
// Decided, with the reasons:
//
//   - Companies hear of a person by a record on their own shard (flow contact), which the person's
//     aggregate tells as an effect: a subscription reads one journal in order; who knows whom is
//     read where it is told, not kept twice.
package contact
