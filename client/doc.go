// Package client is the Go SDK: typed clients of all services behind one key.
//
//	c, err := client.New("https://books.example", "pk_…", client.WithBook("main"))
//	r, err := c.Ledger.Post(ctx, &ledgerv1.PostRequest{Operations: ops})
//
//	request ─▶ book and keys filled in ─▶ attempt ─▶ refused "same"? wait as told, again
//	                                         └─────▶ answer, or *Refusal
//
// Every change has an idempotency key. Who leaves it empty gets a UUIDv7, made before
// the first attempt, written into the request and kept over all attempts: a request
// that was not answered may be sent again, also by the caller after a restart that
// kept the request, and is done once.
//
//	var refusal *client.Refusal
//	if errors.As(err, &refusal) && refusal.Code == "insufficient_funds" { … }
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
// It refuses to know: rules of the books. It links connect and protobuf, nothing else.
package client
