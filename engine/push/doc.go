// Package push tells people's devices what happens to their tasks.
//
//	journal after the shard's position ─▶ push.md: is anybody told? ─▶ devices of the person ─▶ port.Notifier
//	             ▲                                                            │ the service knows the token no more
//	             └── position, held by one process                           └─▶ the device is forgotten
//
// It reads the journal behind the commits and never holds them up: a message to a device is
// a courtesy, and what it tells stands in the application. So nothing of it is in the log,
// it is tried twice and then let go, and what is older than an hour is not told any more.
//
// Laws kept (push_test.go): a message goes to devices of the person whose task it is, and to
// nobody else's; it has no words of the task, for anybody can read a locked screen; one
// person hears the same words once in ten minutes, however many tasks are paid at once; a
// token that the service calls dead is forgotten, one that it says nothing of is not; a shard
// whose messages were never sent begins at its head.
//
// It refuses to know: what a device is, what the service is, how people log in.
//
// Decided, with the reasons:
//
//   - Who heard what in the last ten minutes is in memory alone: a restart, or another process, may
//     tell one person the same words once more. A table of it would be written for each
//     message, to spare a courtesy that harms nobody twice.
//   - Messages to devices follow the journal (engine/push), and are no effects: they are a
//     courtesy: in the log they would cost a payroll a record and an answer each.
package push
