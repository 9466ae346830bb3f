// Package task serves TaskService: from a draft to the payment.
//
//	CreateTask(s) ─▶ drafts ─▶ whom they mean, tariff, templates ─▶ texts beside the log ─▶ commands
//	offer ─ accept ─ sign ─ done ─ act ─ pay ─ retry ─▶ one command, stamped with person and tariff as they stand
//	DoneAll, PayAll, RunAll ─▶ choose ─▶ the same command for each, under a key that follows from the request's
//	ListTasks, SearchTasks, CountSections ◀── rows, and sealed words
//
// Make and Messages are what other services use: a register's lines become tasks by the one,
// and a postback shows a task by the other.
//
// Laws kept: a task's id follows from its key; texts are written before the command that names
// their version; a bulk call moves each task once, whatever it meets; what is searched for is
// found in one company alone.
//
// It refuses to know: which move is legal (engine/flow/task), how taxes are computed
// (engine/flow/tax).
package task
