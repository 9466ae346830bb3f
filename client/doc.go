// Package client is the Go SDK: typed clients of all services behind one key.
//
//	c, err := client.New("https://books.example", "pk_…", client.WithBook("main"))
//	r, err := c.Post(ctx, client.Hold("order-17", "wallet:anna", "RUB", "106.38", time.Hour))
//	r, err = c.Post(ctx, client.Settle("order-17 paid", r.Id, "purchase", "", client.Credit(…)))
//
//	request ─▶ book and keys filled in ─▶ attempt ─▶ refused "same"? wait as told, again
//	                                         └─────▶ answer, or *Refusal
//
// Every change has an idempotency key. Who leaves it empty gets a UUIDv7, made before
// the first attempt, written into the request and kept over all attempts: a request
// that was not answered may be sent again, also by the caller after a restart that
// kept the request, and is done once.
//
//	switch client.CodeOf(err) {
//	case fault.InsufficientFunds: … // errors.As gives the *Refusal with the numbers
//	}
//
// Functions make what Post takes: Entry, Exchange, Hold, Increase, Decrease, Settle and
// its kin, SettleLate, Void, Reverse and its kin, Correct, Cancel. What is seldom said
// (day, metadata, links, condition) is a field of what they give back:
//
//	op := client.Entry("rent-3", "rent", client.Debit(…), client.Credit(…))
//	op.GetEntry().Day = "2026-03-01"
//
// A Batcher makes batches of the operations of many callers by itself:
//
//	b := c.Batcher(client.BatcherOptions{})
//	result, err := b.Post(ctx, client.Entry("topup-17", "topup", client.Debit(…), client.Credit(…)))
//
// Laws kept (client_test.go): a key never changes between attempts; nothing is tried
// again that a repetition cannot help; the server's word how long to wait is kept;
// an answered part of a batch keeps its first answer.
//
// It refuses to know: rules of the books. Of ours it links the messages and package fault.
package client
